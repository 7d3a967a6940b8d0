-- The administration lists what was given up, among many that were not.
CREATE INDEX activities_given_up ON activities (at, id) WHERE done AND error IS NOT NULL;
CREATE INDEX jobs_dead_listed ON jobs_dead (died_at, id);

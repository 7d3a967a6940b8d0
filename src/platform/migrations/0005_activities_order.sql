-- What is claimed first was emitted first, also when much waits.
CREATE INDEX activities_order ON activities (id) WHERE NOT done;

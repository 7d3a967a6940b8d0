-- Settings that were chosen in the administration, in the service's own database: every process that runs the service looks here.
CREATE TABLE kept_settings (
  name       TEXT NOT NULL PRIMARY KEY, -- "blog.posts_per_page"
  value      TEXT NOT NULL,
  person     BIGINT NOT NULL,           -- who chose it
  changed_at BIGINT NOT NULL
);

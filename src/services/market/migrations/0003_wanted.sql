-- What a checkout wants in all, by its newest revision; sold_lines has what it was sold.
CREATE TABLE wanted_lines (
  checkout   TEXT NOT NULL,
  line       BIGINT NOT NULL,
  variant_id BIGINT NOT NULL REFERENCES variants (id),
  quantity   BIGINT NOT NULL,
  PRIMARY KEY (checkout, line)
);
-- The newest revision that was sold.
ALTER TABLE checkouts ADD COLUMN sold_revision BIGINT NOT NULL DEFAULT 0;

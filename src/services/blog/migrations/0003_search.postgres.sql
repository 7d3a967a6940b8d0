-- SPDX-License-Identifier: Apache-2.0
-- What visitors may find: the public text of each listed object. 'simple': a site may be in any language.

CREATE TABLE search_docs (
  object_id   BIGINT NOT NULL PRIMARY KEY REFERENCES objects (id) ON DELETE CASCADE,
  title       TEXT NOT NULL,
  body        TEXT NOT NULL,
  tsv         tsvector GENERATED ALWAYS AS (
                setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', left(body, 200000)), 'D')
              ) STORED
);
CREATE INDEX search_docs_tsv ON search_docs USING gin (tsv);

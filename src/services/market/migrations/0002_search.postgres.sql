-- SPDX-License-Identifier: Apache-2.0
-- What visitors may find: the text of each product that is listed, in words as SQLite has them (db/sqlite_words.c).

CREATE FUNCTION search_words(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT translate(replace(replace(replace(replace(regexp_replace(normalize(
           regexp_replace(lower(t), '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3])', ' \1 ', 'g'), NFKD),
           '[\u0300-\u036f]', '', 'g'), 'ß', 'ss'), 'œ', 'oe'), 'æ', 'ae'), 'þ', 'th'), 'łøđħðıŧ', 'lodhdit')
$$;
CREATE TABLE search_docs (
  product_id  BIGINT NOT NULL PRIMARY KEY REFERENCES products (id) ON DELETE CASCADE,
  title       TEXT NOT NULL,
  body        TEXT NOT NULL,
  tsv         tsvector GENERATED ALWAYS AS (
                setweight(to_tsvector('simple', search_words(title)), 'A') ||
                setweight(to_tsvector('simple', search_words(left(body, 200000))), 'D')) STORED
);
CREATE INDEX search_docs_tsv ON search_docs USING gin (tsv);

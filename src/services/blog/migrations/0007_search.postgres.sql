-- SPDX-License-Identifier: Apache-2.0
-- Words as SQLite has them (db/sqlite_words.c): without diacritics, letters without a decomposition spelt out, and each character of Chinese,
-- Japanese and Korean by itself, so that any part of a run is found.

CREATE FUNCTION search_words(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT translate(replace(replace(replace(replace(regexp_replace(normalize(
           regexp_replace(lower(t), '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3])', ' \1 ', 'g'), NFKD),
           '[\u0300-\u036f]', '', 'g'), 'ß', 'ss'), 'œ', 'oe'), 'æ', 'ae'), 'þ', 'th'), 'łøđħðıŧ', 'lodhdit')
$$;
ALTER TABLE search_docs DROP COLUMN tsv;
ALTER TABLE search_docs ADD COLUMN tsv tsvector GENERATED ALWAYS AS (
  setweight(to_tsvector('simple', search_words(title)), 'A') ||
  setweight(to_tsvector('simple', search_words(left(body, 200000))), 'D')) STORED;
CREATE INDEX search_docs_tsv ON search_docs USING gin (tsv);

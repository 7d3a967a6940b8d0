-- SPDX-License-Identifier: Apache-2.0
-- Words as db/sqlite_words.c cuts them: letters without a decomposition are folded, Chinese, Japanese and Korean is found anywhere in a run.

DROP TABLE search_fts;
CREATE VIRTUAL TABLE search_fts USING fts5 (
  title, body, content = 'search_docs', content_rowid = 'object_id', tokenize = 'words', prefix = '2 3'
);
INSERT INTO search_fts (search_fts) VALUES ('rebuild');

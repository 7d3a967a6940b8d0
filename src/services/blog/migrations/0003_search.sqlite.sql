-- SPDX-License-Identifier: Apache-2.0
-- What visitors may find: the public text of each listed object. The index refers to the table and keeps no copy of it;
-- triggers keep the two in step, so that no writer can forget.

CREATE TABLE search_docs (
  object_id   INTEGER NOT NULL PRIMARY KEY REFERENCES objects (id) ON DELETE CASCADE,
  title       TEXT NOT NULL,
  body        TEXT NOT NULL
);
CREATE VIRTUAL TABLE search_fts USING fts5 (
  title, body, content = 'search_docs', content_rowid = 'object_id',
  tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE TRIGGER search_docs_added AFTER INSERT ON search_docs BEGIN
  INSERT INTO search_fts (rowid, title, body) VALUES (new.object_id, new.title, new.body);
END;
CREATE TRIGGER search_docs_removed AFTER DELETE ON search_docs BEGIN
  INSERT INTO search_fts (search_fts, rowid, title, body) VALUES ('delete', old.object_id, old.title, old.body);
END;
CREATE TRIGGER search_docs_changed AFTER UPDATE ON search_docs BEGIN
  INSERT INTO search_fts (search_fts, rowid, title, body) VALUES ('delete', old.object_id, old.title, old.body);
  INSERT INTO search_fts (rowid, title, body) VALUES (new.object_id, new.title, new.body);
END;

-- SPDX-License-Identifier: Apache-2.0
-- What visitors may find: the text of each product that is listed. Triggers keep the index in step with the table.

CREATE TABLE search_docs (
  product_id  INTEGER NOT NULL PRIMARY KEY REFERENCES products (id) ON DELETE CASCADE,
  title       TEXT NOT NULL,
  body        TEXT NOT NULL
);
CREATE VIRTUAL TABLE search_fts USING fts5 (
  title, body, content = 'search_docs', content_rowid = 'product_id', tokenize = 'words', prefix = '2 3'
);
CREATE TRIGGER search_docs_added AFTER INSERT ON search_docs BEGIN
  INSERT INTO search_fts (rowid, title, body) VALUES (new.product_id, new.title, new.body);
END;
CREATE TRIGGER search_docs_removed AFTER DELETE ON search_docs BEGIN
  INSERT INTO search_fts (search_fts, rowid, title, body) VALUES ('delete', old.product_id, old.title, old.body);
END;
CREATE TRIGGER search_docs_changed AFTER UPDATE ON search_docs BEGIN
  INSERT INTO search_fts (search_fts, rowid, title, body) VALUES ('delete', old.product_id, old.title, old.body);
  INSERT INTO search_fts (rowid, title, body) VALUES (new.product_id, new.title, new.body);
END;

-- SPDX-License-Identifier: Apache-2.0
-- Typed edges between objects. Two covering trees, one per direction: a write touches one leaf of each, however large the
-- graph is; closures are computed when they are read (sql/edges.sql). No foreign keys: they would read `objects` twice per
-- write; whoever removes an object removes its edges (blog_object_delete).

CREATE TABLE edge_types (
  name        TEXT NOT NULL PRIMARY KEY,
  inverse     TEXT NOT NULL,                     -- how the other end reads: 'tagged' ↔ 'tags'
  transitive  BOOLEAN NOT NULL,
  both_ways   BOOLEAN NOT NULL
);
INSERT INTO edge_types (name, inverse, transitive, both_ways) VALUES
  ('tagged',      'tag-of',       FALSE, FALSE),
  ('authored-by', 'author-of',    FALSE, FALSE),
  ('is-a',        'has-instance', FALSE, FALSE),
  ('subtype-of',  'has-subtype',  TRUE,  FALSE),
  ('part-of',     'has-part',     TRUE,  FALSE),
  ('related',     'related',      FALSE, TRUE),
  ('requires',    'required-by',  FALSE, FALSE);

CREATE TABLE edges (
  src   BIGINT NOT NULL,
  type  TEXT NOT NULL,
  dst   BIGINT NOT NULL,
  ord   BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (src, type, dst) INCLUDE (ord)
);
CREATE INDEX edges_back ON edges (dst, type, src) INCLUDE (ord);

-- SPDX-License-Identifier: Apache-2.0
-- Visits, as numbers of a day: of pages, and of where people came from. Nothing of a person is kept, nor which page somebody
-- came to from where.

CREATE TABLE visit_pages (
  day         BIGINT NOT NULL,                   -- since 1970-01-01, as the site counts days
  object_id   BIGINT NOT NULL,                   -- of a post or page; 0: the front page; -1: lists
  views       BIGINT NOT NULL,
  visits      BIGINT NOT NULL,                   -- of those, the first page of a visit
  PRIMARY KEY (day, object_id)
);
CREATE TABLE visit_sources (
  day         BIGINT NOT NULL,
  source      TEXT NOT NULL,                     -- host of another site; '' : none was told; '…': all further ones of a day
  visits      BIGINT NOT NULL,
  PRIMARY KEY (day, source)
);

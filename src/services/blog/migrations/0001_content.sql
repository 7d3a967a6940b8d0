-- SPDX-License-Identifier: Apache-2.0
-- Everything that is written or refers to something written is an object; what changes with each edit is a revision;
-- what connects objects is an edge (0002). Lists read `objects` alone: bodies stay out of their way.

CREATE TABLE objects (
  id            BIGINT NOT NULL PRIMARY KEY,
  type          TEXT NOT NULL,               -- post page tag author tier snippet …
  slug          TEXT NOT NULL,
  title         TEXT NOT NULL,
  status        TEXT NOT NULL DEFAULT 'published'
                CHECK (status IN ('draft', 'scheduled', 'published', 'unlisted')),
  visibility    TEXT NOT NULL DEFAULT 'public'
                CHECK (visibility IN ('public', 'members', 'paid', 'tiers')),
  featured      BOOLEAN NOT NULL DEFAULT FALSE,
  excerpt       TEXT NOT NULL DEFAULT '',    -- text: custom, or made from the body; a tag's description, an author's bio
  reading_min   BIGINT NOT NULL DEFAULT 0,
  lang          TEXT NOT NULL DEFAULT '',    -- '' : the site's
  template      TEXT NOT NULL DEFAULT '',
  image_id      BIGINT,                      -- feature image, or an author's picture
  image_url     TEXT NOT NULL DEFAULT '',    -- where image_id is not known: an image elsewhere
  image_alt     TEXT NOT NULL DEFAULT '',
  revision_id   BIGINT,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  published_at  BIGINT,
  origin        TEXT,                        -- 'ghost:<uuid>': an import finds its own again
  origin_hash   TEXT,                        -- of what was imported: an import sees what has changed
  UNIQUE (type, slug),
  UNIQUE (origin)
);
-- The order of every list; a partial index keeps drafts out of the walk.
CREATE INDEX objects_listed ON objects (type, published_at, id, status) WHERE status IN ('published', 'scheduled');

CREATE INDEX objects_changed ON objects (updated_at);

-- What only the object's own page needs.
CREATE TABLE object_meta (
  object_id           BIGINT NOT NULL PRIMARY KEY REFERENCES objects (id) ON DELETE CASCADE,
  custom_excerpt      TEXT NOT NULL DEFAULT '',
  caption             TEXT NOT NULL DEFAULT '',  -- of the feature image: sanitised HTML
  meta_title          TEXT NOT NULL DEFAULT '',
  meta_description    TEXT NOT NULL DEFAULT '',
  og_title            TEXT NOT NULL DEFAULT '',
  og_description      TEXT NOT NULL DEFAULT '',
  og_image            TEXT NOT NULL DEFAULT '',
  twitter_title       TEXT NOT NULL DEFAULT '',
  twitter_description TEXT NOT NULL DEFAULT '',
  twitter_image       TEXT NOT NULL DEFAULT '',
  canonical_url       TEXT NOT NULL DEFAULT '',
  accent              TEXT NOT NULL DEFAULT '',  -- '#rrggbb'
  code_head           TEXT NOT NULL DEFAULT '',  -- kept for export, never sent to a browser
  code_foot           TEXT NOT NULL DEFAULT ''
);

CREATE TABLE author_profiles (
  object_id   BIGINT NOT NULL PRIMARY KEY REFERENCES objects (id) ON DELETE CASCADE,
  email       TEXT NOT NULL DEFAULT '',          -- never shown; links the author to an account
  role        TEXT NOT NULL DEFAULT '',          -- owner administrator editor author contributor
  location    TEXT NOT NULL DEFAULT '',
  website     TEXT NOT NULL DEFAULT '',
  social      TEXT NOT NULL DEFAULT '{}',        -- JSON object: network → handle or URL
  cover_url   TEXT NOT NULL DEFAULT ''
);

-- A body as it was at one time. Each html is safe: made by our own templates and the sanitiser when the row was written.
-- html is for those who may read all; the others are NULL where they would be the same.
CREATE TABLE revisions (
  id          BIGINT NOT NULL PRIMARY KEY,
  object_id   BIGINT NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
  created_at  BIGINT NOT NULL,
  author_id   BIGINT,
  title       TEXT NOT NULL,
  format      TEXT NOT NULL CHECK (format IN ('lexical', 'mobiledoc', 'html', 'markdown')),
  source      TEXT NOT NULL,
  html        TEXT NOT NULL,
  html_member TEXT,                              -- for members who don't pay: some blocks are for the paying
  html_public TEXT,                              -- for visitors of a public post: some blocks are for members
  html_preview TEXT,                             -- what comes before the paywall; NULL: there is no such mark
  plain       TEXT NOT NULL,                     -- text of what visitors may read
  words       BIGINT NOT NULL,
  hash        TEXT NOT NULL                      -- SHA-256 of format, title and source
);
CREATE INDEX revisions_of ON revisions (object_id, created_at);

CREATE TABLE media (
  id          BIGINT NOT NULL PRIMARY KEY,
  sha256      TEXT NOT NULL UNIQUE,
  type        TEXT NOT NULL,
  width       BIGINT NOT NULL DEFAULT 0,
  height      BIGINT NOT NULL DEFAULT 0,
  bytes       BIGINT NOT NULL,
  path        TEXT NOT NULL,                     -- URL path of the file
  srcset      TEXT NOT NULL DEFAULT '',          -- of media_variants, ready for the attribute
  created_at  BIGINT NOT NULL
);
CREATE TABLE media_variants (
  media_id    BIGINT NOT NULL REFERENCES media (id) ON DELETE CASCADE,
  path        TEXT NOT NULL,
  format      TEXT NOT NULL,
  width       BIGINT NOT NULL,
  height      BIGINT NOT NULL,
  bytes       BIGINT NOT NULL,
  PRIMARY KEY (media_id, path)
);
-- Where an imported file came from: the same path again is the same item.
CREATE TABLE media_origins (
  origin      TEXT NOT NULL PRIMARY KEY,
  media_id    BIGINT NOT NULL REFERENCES media (id) ON DELETE CASCADE
);

CREATE TABLE settings (
  name        TEXT NOT NULL PRIMARY KEY,
  value       TEXT NOT NULL,
  updated_at  BIGINT NOT NULL
);

CREATE TABLE nav_items (
  id          BIGINT NOT NULL PRIMARY KEY,
  menu        TEXT NOT NULL,                     -- primary secondary …
  parent_id   BIGINT REFERENCES nav_items (id) ON DELETE CASCADE,
  ord         BIGINT NOT NULL,
  label       TEXT NOT NULL,
  url         TEXT NOT NULL
);
CREATE INDEX nav_items_of ON nav_items (menu, parent_id, ord);

CREATE TABLE redirects (
  path        TEXT NOT NULL PRIMARY KEY,         -- '/old-slug/'
  target      TEXT NOT NULL,
  status      BIGINT NOT NULL DEFAULT 301,
  created_at  BIGINT NOT NULL
);

CREATE TABLE imports (
  id          BIGINT NOT NULL PRIMARY KEY,
  kind        TEXT NOT NULL,                     -- ghost
  source      TEXT NOT NULL,                     -- the file's name
  at          BIGINT NOT NULL,
  report      TEXT NOT NULL                      -- JSON
);

-- SPDX-License-Identifier: Apache-2.0
-- What categories were called before they were renamed, moved or merged: former addresses lead on, and lists that still say the former name mean what it
-- is now. A category that has the name now comes first.
CREATE TABLE category_former (
  path        TEXT NOT NULL PRIMARY KEY,
  slug        TEXT NOT NULL,
  category_id BIGINT NOT NULL REFERENCES categories (id) ON DELETE CASCADE
);
CREATE INDEX category_former_by_slug ON category_former (slug);
CREATE INDEX category_former_by_category ON category_former (category_id);
CREATE INDEX facets_by_kind ON facets (kind, slug, product_id);

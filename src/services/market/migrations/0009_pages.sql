-- SPDX-License-Identifier: Apache-2.0
-- Market pages are edited. key names a page's own payment account and stays when its address changes; account: the key of another page, whose
-- account takes the money instead. container: a page of the site beside which the shop is shown (an object of the blog); 0: none.
ALTER TABLE pages ADD COLUMN key TEXT NOT NULL DEFAULT '';
ALTER TABLE pages ADD COLUMN layout TEXT NOT NULL DEFAULT 'cards'; -- cards, lines
ALTER TABLE pages ADD COLUMN container BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pages ADD COLUMN state_before TEXT NOT NULL DEFAULT ''; -- of a page that is hidden or deleted: what comes back
ALTER TABLE pages ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;  -- a deleted page is a draft, too, and can be had back
UPDATE pages SET key = slug;
CREATE UNIQUE INDEX pages_by_key ON pages (key);
CREATE INDEX pages_by_container ON pages (container) WHERE container <> 0;
-- Former addresses of pages.
CREATE TABLE page_addresses (
  slug    TEXT NOT NULL PRIMARY KEY,
  page_id BIGINT NOT NULL REFERENCES pages (id) ON DELETE CASCADE
);

-- Market pages as keepers have them; their former addresses.

-- state '': those that are not deleted.
-- name: market_pages_list
-- params: q text, pattern text, state text
-- list: id int, title text, slug text, state text, currency text, products int, rank int
-- sorts: rank, title
SELECT g.id, g.title, g.slug, CASE WHEN g.deleted_at > 0 THEN 'deleted' ELSE g.state END AS state, g.currency,
       (SELECT COUNT(*) FROM products p WHERE p.page_id = g.id AND p.status <> 'archived') AS products, g.rank
  FROM pages g
 WHERE (:q = '' OR LOWER(g.title) LIKE :pattern ESCAPE '!' OR g.slug LIKE :pattern ESCAPE '!')
   AND ((:state = '' AND g.deleted_at = 0) OR :state = CASE WHEN g.deleted_at > 0 THEN 'deleted' ELSE g.state END);

-- priced: how many variants have a price in its currency.
-- name: market_page
-- params: id int
-- row: id int, slug text, title text, intro text, currency text, account text, state text, key text, layout text, container int, deleted_at int,
--   state_before text, priced int
SELECT g.id, g.slug, g.title, g.intro, g.currency, g.account, g.state, g.key, g.layout, g.container, g.deleted_at, g.state_before,
       (SELECT COUNT(*) FROM products p JOIN variants v ON v.product_id = p.id WHERE p.page_id = g.id) AS priced
  FROM pages g WHERE g.id = :id;

-- Whoever has it is alone with the page until their transaction ends.
-- name: market_page_locked
-- params: id int
-- row: id int, slug text, state text, deleted_at int
-- sqlite:
SELECT id, slug, state, deleted_at FROM pages WHERE id = :id;
-- postgres:
SELECT id, slug, state, deleted_at FROM pages WHERE id = :id FOR UPDATE;

-- name: market_page_at
-- params: slug text
-- row: id int, deleted_at int
SELECT id, deleted_at FROM pages WHERE slug = :slug;

-- name: market_page_change
-- params: id int, slug text, title text, intro text, currency text, account text, state text, layout text, container int, now int
-- exec
UPDATE pages SET slug = :slug, title = :title, intro = :intro, currency = :currency, account = :account, state = :state, layout = :layout,
       container = :container, updated_at = :now
 WHERE id = :id;

-- name: market_page_ranks
-- rows: id int, rank int
SELECT id, rank FROM pages WHERE deleted_at = 0 ORDER BY rank, id;

-- ids: JSON of all, in their new order.
-- name: market_pages_order
-- params: ids text
-- exec
-- sqlite:
UPDATE pages SET rank = (SELECT key FROM json_each(:ids) WHERE value = pages.id) WHERE id IN (SELECT value FROM json_each(:ids));
-- postgres:
UPDATE pages SET rank = x.n - 1 FROM json_array_elements_text(:ids::json) WITH ORDINALITY AS x (id, n) WHERE pages.id = x.id::bigint;

-- name: market_page_open
-- params: id int, now int
-- exec
UPDATE pages SET state = 'open', updated_at = :now WHERE id = :id AND state = 'closed' AND deleted_at = 0;

-- name: market_page_close
-- params: id int, now int
-- exec
UPDATE pages SET state = 'closed', updated_at = :now WHERE id = :id AND state = 'open' AND deleted_at = 0;

-- name: market_page_hide
-- params: id int, now int
-- exec
UPDATE pages SET state_before = state, state = 'draft', updated_at = :now WHERE id = :id AND state <> 'draft' AND deleted_at = 0;

-- name: market_page_show
-- params: id int, now int
-- exec
UPDATE pages SET state = CASE WHEN state_before = '' THEN 'open' ELSE state_before END, updated_at = :now
 WHERE id = :id AND state = 'draft' AND deleted_at = 0;

-- name: market_page_delete
-- params: id int, now int
-- exec
UPDATE pages SET state_before = state, state = 'draft', deleted_at = :now, updated_at = :now WHERE id = :id AND deleted_at = 0;

-- name: market_page_back
-- params: id int, now int
-- exec
UPDATE pages SET state = state_before, deleted_at = 0, updated_at = :now WHERE id = :id AND deleted_at > 0;

-- Deleted so long ago that it can't be had back, and nothing was ever in it.
-- name: market_pages_forget
-- params: before int
-- exec
DELETE FROM pages WHERE deleted_at > 0 AND deleted_at < :before AND NOT EXISTS (SELECT 1 FROM products p WHERE p.page_id = pages.id);

-- name: market_page_address_put
-- params: slug text, id int
-- exec
INSERT INTO page_addresses (slug, page_id) VALUES (:slug, :id) ON CONFLICT (slug) DO UPDATE SET page_id = excluded.page_id;

-- name: market_page_address_drop
-- params: slug text
-- exec
DELETE FROM page_addresses WHERE slug = :slug;

-- Where a page that had that address is now.
-- name: market_page_moved
-- params: slug text
-- row: slug text
SELECT g.slug FROM page_addresses a JOIN pages g ON g.id = a.page_id WHERE a.slug = :slug AND g.state <> 'draft';

-- name: market_page_keys
-- rows: id int, key text, title text
SELECT id, key, title FROM pages WHERE deleted_at = 0 ORDER BY rank, id;

-- Shops beside a page of the site.
-- name: market_page_beside
-- params: container int, lim int
-- rows: id int, slug text, title text, intro text, state text, currency text
SELECT id, slug, title, intro, state, currency FROM pages WHERE container = :container AND state <> 'draft' ORDER BY rank, id LIMIT :lim;

-- What keeps a page from being deleted.
-- name: market_page_goods
-- params: id int
-- row: title text, n int
SELECT g.title, (SELECT COUNT(*) FROM products p WHERE p.page_id = g.id AND p.status <> 'archived') AS n FROM pages g WHERE g.id = :id;

-- The shelf as visitors see it.

-- name: market_windows
-- rows: id int, slug text, title text, intro text, state text, currency text, products int, image text?, image_alt text?
SELECT g.id, g.slug, g.title, g.intro, g.state, g.currency,
       (SELECT COUNT(*) FROM products p WHERE p.page_id = g.id AND p.listed) AS products,
       (SELECT p.image FROM products p WHERE p.page_id = g.id AND p.listed AND p.image <> '' ORDER BY p.id LIMIT 1) AS image,
       (SELECT p.image_alt FROM products p WHERE p.page_id = g.id AND p.listed AND p.image <> '' ORDER BY p.id LIMIT 1) AS image_alt
  FROM pages g WHERE g.state <> 'draft' ORDER BY g.rank, g.id;

-- name: market_window
-- params: slug text
-- row: id int, slug text, title text, intro text, state text, currency text, layout text
SELECT id, slug, title, intro, state, currency, layout FROM pages WHERE slug = :slug AND state <> 'draft';

-- category, tag, supplier '': any; without '': with any allergen; most 0: any price.
-- name: market_shelf
-- params: page int, category text, tag text, supplier text, without text, most int, there bool
-- list: id int, handle text, title text, summary text, image text, image_alt text, price_from int, price_to int, available bool, supplier text?,
--   unit text?, content int?, was int?
-- sorts: id, price_from, title
SELECT p.id, p.handle, p.title, p.summary, p.image, p.image_alt, p.price_from, p.price_to, p.available,
       (SELECT s.name FROM suppliers s WHERE s.id = p.supplier_id) AS supplier,
       (SELECT v.unit FROM variants v WHERE v.product_id = p.id AND v.state = 'active' ORDER BY v.price, v.id LIMIT 1) AS unit,
       (SELECT v.content FROM variants v WHERE v.product_id = p.id AND v.state = 'active' ORDER BY v.price, v.id LIMIT 1) AS content,
       (SELECT v.was FROM variants v WHERE v.product_id = p.id AND v.state = 'active' ORDER BY v.price, v.id LIMIT 1) AS was
  FROM products p
 WHERE (:page = 0 OR p.page_id = :page) AND p.listed
   AND (:category = '' OR EXISTS (SELECT 1 FROM facets f WHERE f.product_id = p.id AND f.kind = 'category' AND f.slug = :category))
   AND (:tag = '' OR EXISTS (SELECT 1 FROM facets f WHERE f.product_id = p.id AND f.kind = 'tag' AND f.slug = :tag))
   AND (:supplier = '' OR p.supplier_id = (SELECT s.id FROM suppliers s WHERE s.slug = :supplier))
   AND (:without = '' OR NOT EXISTS (SELECT 1 FROM facets f WHERE f.product_id = p.id AND f.kind = 'allergen' AND f.slug = :without))
   AND (:most = 0 OR p.price_from <= :most) AND (NOT :there OR p.available);

-- What a page can be narrowed down by, with how many products each has.
-- name: market_facets
-- params: page int, kind text, lim int
-- rows: slug text, name text, n int
SELECT f.slug, MIN(f.name) AS name, COUNT(*) AS n FROM facets f JOIN products p ON p.id = f.product_id
 WHERE f.page_id = :page AND f.kind = :kind AND p.listed GROUP BY f.slug ORDER BY n DESC, f.slug LIMIT :lim;

-- n: of how many products nobody says that they have it, nor traces of it.
-- name: market_facet_allergens
-- params: page int
-- rows: slug text, n int
SELECT f.slug, (SELECT COUNT(*) FROM products q WHERE q.page_id = :page AND q.listed) - COUNT(*) AS n
  FROM facets f JOIN products p ON p.id = f.product_id
 WHERE f.page_id = :page AND f.kind = 'allergen' AND p.listed GROUP BY f.slug ORDER BY f.slug;

-- name: market_facet_suppliers
-- params: page int, lim int
-- rows: slug text, name text, n int
SELECT s.slug, s.name, COUNT(*) AS n FROM products p JOIN suppliers s ON s.id = p.supplier_id
 WHERE p.page_id = :page AND p.listed GROUP BY s.slug, s.name ORDER BY n DESC, s.slug LIMIT :lim;

-- name: market_supplier_by_slug
-- params: slug text
-- row: id int, slug text, name text, about text
SELECT id, slug, name, about FROM suppliers WHERE slug = :slug;

-- name: market_window_of
-- params: product int
-- row: slug text, title text, currency text, state text
SELECT g.slug, g.title, g.currency, g.state FROM products p JOIN pages g ON g.id = p.page_id WHERE p.id = :product;

-- The lowest price of a variant from a moment on, and what it was just before.
-- name: market_lowest
-- params: variant int, from_at int, until_at int
-- row: lowest int?
SELECT MIN(price) AS lowest FROM prices
 WHERE variant_id = :variant AND at < :until_at
   AND at >= COALESCE((SELECT MAX(p.at) FROM prices p WHERE p.variant_id = :variant AND p.at <= :from_at), 0);

-- What is on sale, to choose from: the newest, and by its id.
-- name: market_newest
-- params: lim int
-- rows: id int, title text, handle text, page text, image text, price int, currency text
SELECT p.id, p.title, p.handle, g.slug AS page, p.image, p.price_from AS price, g.currency
  FROM products p JOIN pages g ON g.id = p.page_id WHERE p.listed AND g.state <> 'draft' ORDER BY p.id DESC LIMIT :lim;

-- name: market_on_sale
-- params: id int
-- row: like market_newest
SELECT p.id, p.title, p.handle, g.slug AS page, p.image, p.price_from AS price, g.currency
  FROM products p JOIN pages g ON g.id = p.page_id WHERE p.id = :id AND p.listed AND g.state <> 'draft';

-- q: made by search_query. Hits are marked with U+0002 … U+0003.
-- name: market_search
-- params: q text, lim int, off int, most int
-- rows: id int, handle text, page text, title text, snippet text, price int, currency text, total int
-- sqlite:
WITH hits AS MATERIALIZED (
  SELECT p.id AS id, p.handle AS handle, g.slug AS page, p.price_from AS price, g.currency AS currency, bm25(search_fts, 8.0, 1.0) AS score
    FROM search_fts JOIN products p ON p.id = search_fts.rowid JOIN pages g ON g.id = p.page_id
   WHERE search_fts MATCH :q AND p.listed AND g.state <> 'draft'
   ORDER BY score, p.id DESC LIMIT :lim OFFSET :off)
SELECT h.id, h.handle, h.page, highlight(search_fts, 0, char(2), char(3)) AS title,
       snippet(search_fts, 1, char(2), char(3), '…', 24) AS snippet, h.price, h.currency,
       (SELECT count(*) FROM (SELECT 1 FROM search_fts f JOIN products p ON p.id = f.rowid JOIN pages g ON g.id = p.page_id
         WHERE f.search_fts MATCH :q AND p.listed AND g.state <> 'draft' LIMIT :most)) AS total
  FROM hits h CROSS JOIN search_fts
 WHERE search_fts.rowid = h.id AND search_fts MATCH :q
 ORDER BY h.score, h.id DESC;
-- postgres:
SELECT h.id, h.handle, h.page,
       ts_headline('simple', d.title, to_tsquery('simple', search_words(:q)),
                   'HighlightAll=true, StartSel="' || chr(2) || '", StopSel="' || chr(3) || '"') AS title,
       ts_headline('simple', left(d.body, 20000), to_tsquery('simple', search_words(:q)),
                   'MaxWords=24, MinWords=12, MaxFragments=1, StartSel="' || chr(2) || '", StopSel="' || chr(3) || '"') AS snippet,
       h.price, h.currency, h.total
  FROM (SELECT p.id, p.handle, g.slug AS page, p.price_from AS price, g.currency, ts_rank(d.tsv, to_tsquery('simple', search_words(:q))) AS rank,
               least(count(*) OVER (), :most) AS total
          FROM search_docs d JOIN products p ON p.id = d.product_id JOIN pages g ON g.id = p.page_id
         WHERE d.tsv @@ to_tsquery('simple', search_words(:q)) AND p.listed AND g.state <> 'draft'
         ORDER BY rank DESC, p.id DESC LIMIT :lim OFFSET :off) AS h
  JOIN search_docs d ON d.product_id = h.id
 ORDER BY h.rank DESC, h.id DESC;

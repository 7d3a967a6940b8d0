-- Categories as keepers have them, and what they were called before.

-- name: market_categories_list
-- params: q text, pattern text
-- list: id int, path text, slug text, products int
-- sorts: path
SELECT c.id, c.path, c.slug, (SELECT COUNT(*) FROM facets f WHERE f.kind = 'category' AND f.slug = c.slug) AS products
  FROM categories c WHERE (:q = '' OR LOWER(c.path) LIKE :pattern ESCAPE '!');

-- name: market_category
-- params: id int
-- row: id int, parent int?, path text, slug text, name text, depth int
SELECT id, parent, path, slug, name, depth FROM categories WHERE id = :id;

-- Those of before, with the category that they are now.
-- name: market_category_formers
-- rows: path text, category_id int, now text
SELECT f.path, f.category_id, c.path AS now FROM category_former f JOIN categories c ON c.id = f.category_id;

-- name: market_category_former_put
-- params: path text, slug text, id int
-- exec
INSERT INTO category_former (path, slug, category_id) VALUES (:path, :slug, :id)
    ON CONFLICT (path) DO UPDATE SET slug = excluded.slug, category_id = excluded.category_id;

-- name: market_category_former_drop
-- params: path text
-- exec
DELETE FROM category_former WHERE path = :path;

-- name: market_category_former_follow
-- params: id int, to_id int
-- exec
UPDATE category_former SET category_id = :to_id WHERE category_id = :id;

-- name: market_category_change
-- params: id int, parent int?, path text, slug text, name text, depth int
-- exec
UPDATE categories SET parent = :parent, path = :path, slug = :slug, name = :name, depth = :depth WHERE id = :id;

-- name: market_category_adopt
-- params: id int, to_id int
-- exec
UPDATE categories SET parent = :to_id WHERE parent = :id;

-- name: market_category_drop
-- params: id int
-- exec
DELETE FROM categories WHERE id = :id;

-- name: market_category_goods
-- params: slug text
-- rows: id int, page_id int, type text, categories text
SELECT p.id, p.page_id, p.type, p.categories FROM facets f JOIN products p ON p.id = f.product_id
 WHERE f.kind = 'category' AND f.slug = :slug ORDER BY p.id;

-- name: market_product_categories
-- params: id int, categories text, now int
-- exec
UPDATE products SET categories = :categories, version = version + 1, updated_at = :now WHERE id = :id;

-- name: market_facets_category_drop
-- params: product int
-- exec
DELETE FROM facets WHERE product_id = :product AND kind = 'category';

-- Where a category that had that address is now.
-- name: market_category_moved
-- params: slug text
-- row: slug text
SELECT c.slug FROM category_former f JOIN categories c ON c.id = f.category_id
 WHERE f.slug = :slug AND NOT EXISTS (SELECT 1 FROM categories x WHERE x.slug = :slug) LIMIT 1;

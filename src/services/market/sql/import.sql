-- What imports read and write: products with their variants, as columns of a file have them.

-- name: market_pages
-- rows: id int, slug text, title text, intro text, currency text, state text
SELECT id, slug, title, intro, currency, state FROM pages WHERE deleted_at = 0 ORDER BY rank, id;

-- Deleted ones, too.
-- name: market_pages_all
-- rows: id int, slug text, currency text, deleted_at int
SELECT id, slug, currency, deleted_at FROM pages ORDER BY rank, id;

-- key: as its address is now, but for one that a page had before.
-- name: market_page_add
-- params: id int, slug text, title text, intro text, currency text, rank int, now int
-- exec
INSERT INTO pages (id, slug, title, intro, currency, rank, key, created_at, updated_at)
     VALUES (:id, :slug, :title, :intro, :currency, :rank,
             CASE WHEN EXISTS (SELECT 1 FROM pages g WHERE g.key = :slug) THEN :slug || '-' || CAST(:id AS TEXT) ELSE :slug END, :now, :now);

-- name: market_suppliers
-- rows: id int, slug text, name text
SELECT id, slug, name FROM suppliers ORDER BY name, id;

-- name: market_supplier_add
-- params: id int, slug text, name text, about text, now int
-- exec
INSERT INTO suppliers (id, slug, name, about, created_at, updated_at) VALUES (:id, :slug, :name, :about, :now, :now);

-- name: market_categories
-- rows: id int, path text, slug text, name text, depth int
SELECT id, path, slug, name, depth FROM categories ORDER BY path, id;

-- name: market_category_add
-- params: id int, parent int?, path text, slug text, name text, depth int
-- exec
INSERT INTO categories (id, parent, path, slug, name, depth) VALUES (:id, :parent, :path, :slug, :name, :depth);

-- name: market_product
-- params: id int
-- row: id int, page_id int, supplier_id int?, handle text, source text?, title text, body text, summary text, type text, tags text,
--   categories text, option1 text, option2 text, option3 text, status text, published bool, contains text, may_contain text,
--   ingredients text, origin text, vat int, age int, keeps text, version int, created_at int, updated_at int, listed bool, page text, vendor text
SELECT p.id, p.page_id, p.supplier_id, p.handle, p.source, p.title, p.body, p.summary, p.type, p.tags, p.categories, p.option1, p.option2,
       p.option3, p.status, p.published, p.contains, p.may_contain, p.ingredients, p.origin, p.vat, p.age, p.keeps, p.version, p.created_at,
       p.updated_at, p.listed, g.slug AS page, COALESCE(s.name, '') AS vendor
  FROM products p JOIN pages g ON g.id = p.page_id LEFT JOIN suppliers s ON s.id = p.supplier_id
 WHERE p.id = :id;

-- name: market_product_by_handle
-- params: handle text
-- row: like market_product
SELECT p.id, p.page_id, p.supplier_id, p.handle, p.source, p.title, p.body, p.summary, p.type, p.tags, p.categories, p.option1, p.option2,
       p.option3, p.status, p.published, p.contains, p.may_contain, p.ingredients, p.origin, p.vat, p.age, p.keeps, p.version, p.created_at,
       p.updated_at, p.listed, g.slug AS page, COALESCE(s.name, '') AS vendor
  FROM products p JOIN pages g ON g.id = p.page_id LEFT JOIN suppliers s ON s.id = p.supplier_id
 WHERE p.handle = :handle;

-- name: market_product_by_source
-- params: source text
-- row: like market_product
SELECT p.id, p.page_id, p.supplier_id, p.handle, p.source, p.title, p.body, p.summary, p.type, p.tags, p.categories, p.option1, p.option2,
       p.option3, p.status, p.published, p.contains, p.may_contain, p.ingredients, p.origin, p.vat, p.age, p.keeps, p.version, p.created_at,
       p.updated_at, p.listed, g.slug AS page, COALESCE(s.name, '') AS vendor
  FROM products p JOIN pages g ON g.id = p.page_id LEFT JOIN suppliers s ON s.id = p.supplier_id
 WHERE p.source = :source;

-- name: market_products_after
-- params: after int, lim int
-- rows: like market_product
SELECT p.id, p.page_id, p.supplier_id, p.handle, p.source, p.title, p.body, p.summary, p.type, p.tags, p.categories, p.option1, p.option2,
       p.option3, p.status, p.published, p.contains, p.may_contain, p.ingredients, p.origin, p.vat, p.age, p.keeps, p.version, p.created_at,
       p.updated_at, p.listed, g.slug AS page, COALESCE(s.name, '') AS vendor
  FROM products p JOIN pages g ON g.id = p.page_id LEFT JOIN suppliers s ON s.id = p.supplier_id
 WHERE p.id > :after ORDER BY p.id LIMIT :lim;

-- name: market_product_add
-- params: id int, page_id int, supplier_id int?, handle text, source text?, title text, body text, summary text, type text, tags text,
--   categories text, option1 text, option2 text, option3 text, status text, published bool, contains text, may_contain text,
--   ingredients text, origin text, vat int, age int, keeps text, now int
-- exec
INSERT INTO products (id, page_id, supplier_id, handle, source, title, body, summary, type, tags, categories, option1, option2, option3, status,
                      published, contains, may_contain, ingredients, origin, vat, age, keeps, listed, price_from, price_to, available, image,
                      image_alt, version, created_at, updated_at)
     VALUES (:id, :page_id, :supplier_id, :handle, :source, :title, :body, :summary, :type, :tags, :categories, :option1, :option2, :option3,
             :status, :published, :contains, :may_contain, :ingredients, :origin, :vat, :age, :keeps, FALSE, 0, 0, FALSE, '', '', 1, :now, :now);

-- name: market_product_change
-- params: id int, page_id int, supplier_id int?, source text?, title text, body text, summary text, type text, tags text,
--   categories text, option1 text, option2 text, option3 text, status text, published bool, contains text, may_contain text,
--   ingredients text, origin text, vat int, age int, keeps text, now int
-- exec
UPDATE products SET page_id = :page_id, supplier_id = :supplier_id, source = :source, title = :title, body = :body, summary = :summary, type = :type,
       tags = :tags, categories = :categories, option1 = :option1, option2 = :option2, option3 = :option3, status = :status,
       published = :published, contains = :contains, may_contain = :may_contain, ingredients = :ingredients, origin = :origin, vat = :vat,
       age = :age, keeps = :keeps, version = version + 1, updated_at = :now
 WHERE id = :id;

-- What follows from the variants and pictures of a product.
-- name: market_product_refresh
-- params: id int
-- exec
UPDATE products SET
       price_from = COALESCE((SELECT MIN(v.price) FROM variants v WHERE v.product_id = products.id AND v.state = 'active'), 0),
       price_to = COALESCE((SELECT MAX(v.price) FROM variants v WHERE v.product_id = products.id AND v.state = 'active'), 0),
       listed = published AND status = 'active'
                AND EXISTS (SELECT 1 FROM variants v WHERE v.product_id = products.id AND v.state = 'active'),
       available = EXISTS (SELECT 1 FROM variants v JOIN stock_items k ON k.id = v.stock_id
                            WHERE v.product_id = products.id AND v.state = 'active' AND (k.kind <> 'counted' OR k.on_hand >= v.factor)),
       image = COALESCE((SELECT i.src FROM images i WHERE i.product_id = products.id ORDER BY i.rank LIMIT 1), ''),
       image_alt = COALESCE((SELECT i.alt FROM images i WHERE i.product_id = products.id ORDER BY i.rank LIMIT 1), '')
 WHERE id = :id;

-- name: market_images_of
-- params: product int
-- rows: src text, alt text, origin text
SELECT src, alt, origin FROM images WHERE product_id = :product ORDER BY rank;

-- name: market_images_drop
-- params: product int
-- exec
DELETE FROM images WHERE product_id = :product;

-- name: market_image_add
-- params: product int, rank int, src text, alt text, origin text
-- exec
INSERT INTO images (product_id, rank, src, alt, origin) VALUES (:product, :rank, :src, :alt, :origin);

-- name: market_variants_of
-- params: product int
-- rows: id int, rank int, state text, value1 text, value2 text, value3 text, sku text, gtin text, price int, was int, supplier_price int,
--   deposit int, unit text, content int, per_kg int, least int, step int, most int, stock_id int, factor int, image text, carried text,
--   kind text, on_hand int, held int, imported int?
SELECT v.id, v.rank, v.state, v.value1, v.value2, v.value3, v.sku, v.gtin, v.price, v.was, v.supplier_price, v.deposit, v.unit, v.content,
       v.per_kg, v.least, v.step, v.most, v.stock_id, v.factor, v.image, v.carried, k.kind, k.on_hand, k.held, k.imported
  FROM variants v JOIN stock_items k ON k.id = v.stock_id
 WHERE v.product_id = :product ORDER BY v.rank, v.id;

-- name: market_variant_add
-- params: id int, product int, rank int, value1 text, value2 text, value3 text, sku text, gtin text, price int, was int, supplier_price int,
--   deposit int, unit text, content int, per_kg int, least int, step int, most int, stock_id int, image text, carried text
-- exec
INSERT INTO variants (id, product_id, rank, state, value1, value2, value3, sku, gtin, price, was, supplier_price, deposit, unit, content, per_kg,
                      least, step, most, stock_id, factor, image, carried)
     VALUES (:id, :product, :rank, 'active', :value1, :value2, :value3, :sku, :gtin, :price, :was, :supplier_price, :deposit, :unit, :content,
             :per_kg, :least, :step, :most, :stock_id, 1, :image, :carried);

-- name: market_variant_change
-- params: id int, rank int, value1 text, value2 text, value3 text, sku text, gtin text, price int, was int, supplier_price int,
--   deposit int, unit text, content int, per_kg int, least int, step int, most int, image text, carried text
-- exec
UPDATE variants SET rank = :rank, state = 'active', value1 = :value1, value2 = :value2, value3 = :value3, sku = :sku, gtin = :gtin,
       price = :price, was = :was, supplier_price = :supplier_price, deposit = :deposit, unit = :unit, content = :content, per_kg = :per_kg,
       least = :least, step = :step, most = :most, image = :image, carried = :carried
 WHERE id = :id;

-- name: market_variant_archive
-- params: id int
-- exec
UPDATE variants SET state = 'archived' WHERE id = :id;

-- name: market_price_add
-- params: variant int, at int, price int, was int
-- exec
INSERT INTO prices (variant_id, at, price, was) VALUES (:variant, :at, :price, :was)
    ON CONFLICT (variant_id, at) DO UPDATE SET price = excluded.price, was = excluded.was;

-- name: market_stock_add
-- params: id int, kind text, on_hand int, imported int?
-- exec
INSERT INTO stock_items (id, kind, on_hand, imported) VALUES (:id, :kind, :on_hand, :imported);

-- What a file or a count says; what is held stays there. Answers what was there before.
-- name: market_stock_set
-- params: id int, kind text, on_hand int, imported int?
-- exec
UPDATE stock_items SET kind = :kind, imported = :imported,
       on_hand = CASE WHEN :on_hand < held THEN held ELSE :on_hand END
 WHERE id = :id;

-- name: market_stock_of
-- params: id int
-- row: kind text, on_hand int, held int, sold int
-- sqlite:
SELECT kind, on_hand, held, sold FROM stock_items WHERE id = :id;
-- postgres:
SELECT kind, on_hand, held, sold FROM stock_items WHERE id = :id FOR UPDATE;

-- name: market_move_add
-- params: id int, stock_id int, kind text, quantity int, reference text, person int?, at int
-- exec
INSERT INTO stock_moves (id, stock_id, kind, quantity, reference, person, at) VALUES (:id, :stock_id, :kind, :quantity, :reference, :person, :at);

-- name: market_facets_drop
-- params: product int
-- exec
DELETE FROM facets WHERE product_id = :product;

-- name: market_facet_add
-- params: product int, page_id int, kind text, slug text, name text
-- exec
INSERT INTO facets (product_id, page_id, kind, slug, name) VALUES (:product, :page_id, :kind, :slug, :name) ON CONFLICT DO NOTHING;

-- name: market_search_put
-- params: id int, title text, body text
-- exec
INSERT INTO search_docs (product_id, title, body) VALUES (:id, :title, :body)
    ON CONFLICT (product_id) DO UPDATE SET title = excluded.title, body = excluded.body;

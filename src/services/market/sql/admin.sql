-- What keepers and suppliers see and change.

-- An active product that is not published is a draft to whoever reads the list.
-- name: market_products_list
-- params: q text, pattern text, page text, status text, supplier text
-- list: id int, title text, handle text, status text, page text, currency text, supplier text, price_from int, price_to int, variants int, available bool,
--   updated_at int
-- sorts: updated_at, title, price_from
SELECT p.id, p.title, p.handle, CASE WHEN p.status = 'active' AND NOT p.published THEN 'draft' ELSE p.status END AS status, g.slug AS page, g.currency,
       COALESCE((SELECT s.name FROM suppliers s WHERE s.id = p.supplier_id), '') AS supplier, p.price_from, p.price_to,
       (SELECT COUNT(*) FROM variants v WHERE v.product_id = p.id AND v.state = 'active') AS variants, p.available, p.updated_at
  FROM products p JOIN pages g ON g.id = p.page_id
 WHERE (:q = '' OR LOWER(p.title) LIKE :pattern ESCAPE '!' OR p.handle LIKE :pattern ESCAPE '!'
        OR EXISTS (SELECT 1 FROM variants v WHERE v.product_id = p.id AND LOWER(v.sku) LIKE :pattern ESCAPE '!'))
   AND (:page = '' OR g.slug = :page)
   AND (:status = '' OR :status = CASE WHEN p.status = 'active' AND NOT p.published THEN 'draft' ELSE p.status END)
   AND (:supplier = '' OR p.supplier_id = (SELECT s.id FROM suppliers s WHERE s.slug = :supplier));

-- name: market_product_publish
-- params: id int, now int
-- exec
UPDATE products SET status = 'active', published = TRUE, version = version + 1, updated_at = :now
 WHERE id = :id AND (status = 'draft' OR (status = 'active' AND NOT published));

-- name: market_product_draft
-- params: id int, now int
-- exec
UPDATE products SET status = 'draft', published = FALSE, version = version + 1, updated_at = :now WHERE id = :id AND status = 'active' AND published;

-- published stays: it says what comes back.
-- name: market_product_archive
-- params: id int, now int
-- exec
UPDATE products SET status = 'archived', version = version + 1, updated_at = :now WHERE id = :id AND status IN ('active', 'draft');

-- name: market_product_restore
-- params: id int, now int
-- exec
UPDATE products SET status = CASE WHEN published THEN 'active' ELSE 'draft' END, version = version + 1, updated_at = :now
 WHERE id = :id AND status = 'archived';

-- Whoever has it is alone with the product until their transaction ends.
-- name: market_product_locked
-- params: id int
-- row: version int, vendor text, title text, status text
-- sqlite:
SELECT p.version, COALESCE((SELECT s.name FROM suppliers s WHERE s.id = p.supplier_id), '') AS vendor, p.title, p.status FROM products p WHERE p.id = :id;
-- postgres:
SELECT p.version, COALESCE((SELECT s.name FROM suppliers s WHERE s.id = p.supplier_id), '') AS vendor, p.title, p.status FROM products p WHERE p.id = :id
   FOR UPDATE;

-- Another variant of that supplier with that number.
-- name: market_sku_taken
-- params: vendor text, sku text, but int
-- row: id int
SELECT v.id FROM variants v JOIN products p ON p.id = v.product_id
 WHERE v.sku = :sku AND v.id <> :but AND v.state = 'active'
   AND COALESCE((SELECT s.name FROM suppliers s WHERE s.id = p.supplier_id), '') = :vendor LIMIT 1;

-- name: market_products_count
-- row: n int
SELECT COUNT(*) AS n FROM (SELECT 1 FROM products LIMIT 1) AS p;

-- What can be counted and has a price: for keepers (person 0) all, for a person what their suppliers have. state: "", "out", "few", "counted".
-- name: market_grid
-- params: q text, pattern text, supplier text, person int, state text
-- list: id int, title text, product int, status text, value1 text, value2 text, value3 text, sku text, price int, was int, unit text, content int,
--   currency text, kind text, on_hand int, held int, sold int, supplier text
-- sorts: title
SELECT v.id, p.title, p.id AS product, p.status, v.value1, v.value2, v.value3, v.sku, v.price, v.was, v.unit, v.content, g.currency, k.kind, k.on_hand,
       k.held, k.sold, COALESCE((SELECT s.name FROM suppliers s WHERE s.id = p.supplier_id), '') AS supplier
  FROM variants v JOIN products p ON p.id = v.product_id JOIN pages g ON g.id = p.page_id JOIN stock_items k ON k.id = v.stock_id
 WHERE v.state = 'active' AND p.status <> 'archived'
   AND (:q = '' OR LOWER(p.title) LIKE :pattern ESCAPE '!' OR LOWER(v.sku) LIKE :pattern ESCAPE '!')
   AND (:supplier = '' OR p.supplier_id = (SELECT s.id FROM suppliers s WHERE s.slug = :supplier))
   AND (:person = 0 OR p.supplier_id IN (SELECT sp.supplier_id FROM supplier_people sp WHERE sp.person = :person))
   AND (:state = '' OR (k.kind = 'counted' AND (:state = 'counted' OR k.on_hand - k.held <= CASE WHEN :state = 'out' THEN 0 ELSE 5 END)));

-- name: market_cell
-- params: variant int, person int
-- row: product int, stock_id int, price int, was int, currency text
SELECT v.product_id AS product, v.stock_id, v.price, v.was, g.currency
  FROM variants v JOIN products p ON p.id = v.product_id JOIN pages g ON g.id = p.page_id
 WHERE v.id = :variant AND v.state = 'active'
   AND (:person = 0 OR p.supplier_id IN (SELECT sp.supplier_id FROM supplier_people sp WHERE sp.person = :person));

-- name: market_stock_count
-- params: id int, kind text, on_hand int
-- exec
UPDATE stock_items SET kind = :kind, on_hand = :on_hand, imported = CASE WHEN :kind = 'counted' THEN imported ELSE NULL END WHERE id = :id;

-- name: market_variant_price
-- params: id int, price int, was int
-- exec
UPDATE variants SET price = :price, was = :was WHERE id = :id;

-- name: market_suppliers_list
-- params: q text, pattern text, state text
-- list: id int, name text, state text, margin int, products int, people int
-- sorts: name
SELECT s.id, s.name, s.state, s.margin, (SELECT COUNT(*) FROM products p WHERE p.supplier_id = s.id) AS products,
       (SELECT COUNT(*) FROM supplier_people sp WHERE sp.supplier_id = s.id) AS people
  FROM suppliers s
 WHERE (:q = '' OR LOWER(s.name) LIKE :pattern ESCAPE '!') AND (:state = '' OR s.state = :state);

-- name: market_supplier
-- params: id int
-- row: id int, name text, about text, tax_number text, vat bool, margin int, state text, slug text, email text
SELECT id, name, about, tax_number, vat, margin, state, slug, email FROM suppliers WHERE id = :id;

-- name: market_supplier_change
-- params: id int, name text, about text, tax_number text, vat bool, margin int, state text, email text, now int
-- exec
UPDATE suppliers SET name = :name, about = :about, tax_number = :tax_number, vat = :vat, margin = :margin, state = :state, email = :email, updated_at = :now WHERE id = :id;

-- name: market_supplier_named
-- params: name text
-- row: id int
SELECT id FROM suppliers WHERE name = :name;

-- name: market_supplier_slug
-- params: slug text
-- row: id int
SELECT id FROM suppliers WHERE slug = :slug;

-- name: market_supplier_people
-- params: id int
-- rows: person int
SELECT person FROM supplier_people WHERE supplier_id = :id ORDER BY person;

-- name: market_supplier_people_drop
-- params: id int
-- exec
DELETE FROM supplier_people WHERE supplier_id = :id;

-- name: market_supplier_person_add
-- params: id int, person int
-- exec
INSERT INTO supplier_people (supplier_id, person) VALUES (:id, :person) ON CONFLICT DO NOTHING;

-- What is kept about a person.

-- name: market_suppliers_of
-- params: person int
-- rows: name text
SELECT s.name FROM supplier_people sp JOIN suppliers s ON s.id = sp.supplier_id WHERE sp.person = :person ORDER BY s.name;

-- name: market_moves_of
-- params: person int, lim int
-- rows: kind text, quantity int, at int
SELECT kind, quantity, at FROM stock_moves WHERE person = :person ORDER BY id DESC LIMIT :lim;

-- name: market_imports_of
-- params: person int
-- rows: name text, at int
SELECT name, at FROM imports WHERE person = :person ORDER BY id DESC;

-- name: market_moves_forget
-- params: person int
-- exec
UPDATE stock_moves SET person = NULL WHERE person = :person;

-- name: market_imports_forget
-- params: person int
-- exec
UPDATE imports SET person = NULL WHERE person = :person;

-- name: market_supplier_people_forget
-- params: person int
-- exec
DELETE FROM supplier_people WHERE person = :person;

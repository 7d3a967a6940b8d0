-- Staged imports: a list is read into rows, looked at, applied in whole or in part, and taken back.

-- name: market_import_add
-- params: id int, name text, format text, supplier_id int?, page text, currency text, person int?, at int
-- exec
INSERT INTO imports (id, name, format, state, added, changed, same, supplier_id, page, currency, person, at)
     VALUES (:id, :name, :format, 'reading', 0, 0, 0, :supplier_id, :page, :currency, :person, :at);

-- name: market_import
-- params: id int
-- row: id int, name text, format text, state text, added int, changed int, same int, missing int, refused int, ticked int, done int, kept int,
--   place int, total int, supplier_id int?, page text, currency text, person int?, at int, notes text, headers text, problem text, supplier text
SELECT i.id, i.name, i.format, i.state, i.added, i.changed, i.same, i.missing, i.refused, i.ticked, i.done, i.kept, i.place, i.total, i.supplier_id,
       i.page, i.currency, i.person, i.at, i.notes, i.headers, i.problem, COALESCE(s.name, '') AS supplier
  FROM imports i LEFT JOIN suppliers s ON s.id = i.supplier_id WHERE i.id = :id;

-- name: market_import_locked
-- params: id int
-- row: state text, place int
-- sqlite:
SELECT state, place FROM imports WHERE id = :id;
-- postgres:
SELECT state, place FROM imports WHERE id = :id FOR UPDATE;

-- name: market_imports_under_way
-- rows: id int
SELECT id FROM imports WHERE state IN ('reading', 'applying', 'undoing') ORDER BY id;

-- name: market_imports_list
-- params: q text, pattern text, state text
-- list: id int, name text, state text, supplier text, added int, changed int, refused int, at int
-- sorts: at, name
SELECT i.id, i.name, i.state, COALESCE(s.name, '') AS supplier, i.added, i.changed, i.refused, i.at
  FROM imports i LEFT JOIN suppliers s ON s.id = i.supplier_id
 WHERE (:q = '' OR lower(i.name) LIKE :pattern ESCAPE '!') AND (:state = '' OR i.state = :state);

-- name: market_import_state
-- params: id int, state text, place int, problem text
-- exec
UPDATE imports SET state = :state, place = :place, problem = :problem WHERE id = :id;

-- name: market_import_begins
-- params: id int, format text, total int, notes text
-- exec
UPDATE imports SET format = :format, total = :total, notes = :notes WHERE id = :id;

-- name: market_import_asks
-- params: id int, headers text
-- exec
UPDATE imports SET state = 'mapping', headers = :headers WHERE id = :id;

-- name: market_import_counts
-- params: id int, place int, added int, changed int, same int, missing int, refused int
-- exec
UPDATE imports SET place = :place, added = added + :added, changed = changed + :changed, same = same + :same, missing = missing + :missing,
       refused = refused + :refused, ticked = ticked + :added + :changed
 WHERE id = :id;

-- name: market_import_applied
-- params: id int, place int, done int
-- exec
UPDATE imports SET place = :place, done = done + :done WHERE id = :id;

-- name: market_import_undone
-- params: id int, place int, kept int
-- exec
UPDATE imports SET place = :place, kept = kept + :kept WHERE id = :id;

-- name: market_import_count_ticked
-- params: id int
-- exec
UPDATE imports SET ticked = (SELECT COUNT(*) FROM import_rows r WHERE r.import_id = imports.id AND r.ticked) WHERE id = :id;

-- name: market_import_file_add
-- params: id int, part int, bytes blob
-- exec
INSERT INTO import_files (import_id, part, bytes) VALUES (:id, :part, :bytes);

-- name: market_import_file
-- params: id int
-- rows: bytes blob
SELECT bytes FROM import_files WHERE import_id = :id ORDER BY part;

-- name: market_import_file_drop
-- params: id int
-- exec
DELETE FROM import_files WHERE import_id = :id;

-- name: market_import_row_add
-- params: id int, n int, line int, key text, title text, what text, reason text, ticked bool, product_id int, before text, after text
-- exec
INSERT INTO import_rows (import_id, n, line, key, title, what, reason, ticked, product_id, before, after)
     VALUES (:id, :n, :line, :key, :title, :what, :reason, :ticked, :product_id, :before, :after);

-- What a supplier has here and this list does not.
-- name: market_import_missing
-- params: id int, supplier_id int
-- rows: id int, handle text, title text
SELECT p.id, p.handle, p.title FROM products p
 WHERE p.supplier_id = :supplier_id AND p.status <> 'archived'
   AND NOT EXISTS (SELECT 1 FROM import_rows r WHERE r.import_id = :id AND r.product_id = p.id)
   AND NOT EXISTS (SELECT 1 FROM import_rows r WHERE r.import_id = :id AND r.what = 'refused' AND r.key IN (p.handle, p.source))
 ORDER BY p.id;

-- name: market_import_to_apply
-- params: id int, after int, lim int
-- rows: n int, what text, product_id int, after text
SELECT n, what, product_id, after FROM import_rows WHERE import_id = :id AND n > :after AND ticked AND state = '' ORDER BY n LIMIT :lim;

-- name: market_import_row_applied
-- params: id int, n int, state text, reason text, product_id int, before text, result text, stocks text
-- exec
UPDATE import_rows SET state = :state, reason = :reason, product_id = :product_id, before = :before, result = :result, stocks = :stocks
 WHERE import_id = :id AND n = :n;

-- name: market_import_to_undo
-- params: id int, after int, lim int
-- rows: n int, product_id int, before text, result text, stocks text
SELECT n, product_id, before, result, stocks FROM import_rows
 WHERE import_id = :id AND n > :after AND state = 'applied' AND result <> '' ORDER BY n LIMIT :lim;

-- name: market_import_row_state
-- params: id int, n int, state text, reason text
-- exec
UPDATE import_rows SET state = :state, reason = :reason WHERE import_id = :id AND n = :n;

-- name: market_import_rows
-- params: id int, what text, after int, lim int
-- rows: n int, line int, key text, title text, what text, reason text, ticked bool, state text, product_id int, before text, after text
SELECT n, line, key, title, what, reason, ticked, state, product_id, before, after FROM import_rows
 WHERE import_id = :id AND (:what = '' OR what = :what) AND n > :after ORDER BY n LIMIT :lim;

-- name: market_import_refusals
-- params: id int, lim int
-- rows: line int, reason text
SELECT line, reason FROM import_rows WHERE import_id = :id AND what = 'refused' ORDER BY n LIMIT :lim;

-- name: market_import_tick
-- params: id int, n int, ticked bool
-- exec
UPDATE import_rows SET ticked = :ticked WHERE import_id = :id AND n = :n AND what IN ('new', 'changed', 'missing') AND ticked <> :ticked;

-- name: market_import_tick_all
-- params: id int, ticked bool
-- exec
UPDATE import_rows SET ticked = :ticked
 WHERE import_id = :id AND what IN ('new', 'changed', 'missing') AND ticked <> :ticked AND (NOT :ticked OR (reason = '' AND what <> 'missing'));

-- name: market_import_made_add
-- params: id int, kind text, object int
-- exec
INSERT INTO import_made (import_id, kind, object) VALUES (:id, :kind, :object) ON CONFLICT DO NOTHING;

-- name: market_import_made
-- params: id int
-- rows: kind text, object int
SELECT kind, object FROM import_made WHERE import_id = :id ORDER BY object DESC;

-- name: market_page_drop_empty
-- params: id int
-- exec
DELETE FROM pages WHERE id = :id AND NOT EXISTS (SELECT 1 FROM products p WHERE p.page_id = pages.id);

-- name: market_supplier_drop_empty
-- params: id int
-- exec
DELETE FROM suppliers WHERE id = :id AND NOT EXISTS (SELECT 1 FROM products p WHERE p.supplier_id = suppliers.id)
   AND NOT EXISTS (SELECT 1 FROM supplier_people h WHERE h.supplier_id = suppliers.id)
   AND NOT EXISTS (SELECT 1 FROM imports i WHERE i.supplier_id = suppliers.id);

-- name: market_category_drop_empty
-- params: id int
-- exec
DELETE FROM categories WHERE id = :id AND NOT EXISTS (SELECT 1 FROM categories c WHERE c.parent = categories.id)
   AND NOT EXISTS (SELECT 1 FROM facets f WHERE f.kind = 'category' AND f.slug = categories.slug);

-- A variant that nobody ever wanted, held or bought, and that is in no cycle and on no price list.
-- name: market_variant_unused
-- params: id int
-- row: stock_id int
SELECT v.stock_id FROM variants v JOIN stock_items k ON k.id = v.stock_id
 WHERE v.id = :id AND k.held = 0 AND k.sold = 0
   AND NOT EXISTS (SELECT 1 FROM sold_lines x WHERE x.variant_id = v.id) AND NOT EXISTS (SELECT 1 FROM wanted_lines x WHERE x.variant_id = v.id)
   AND NOT EXISTS (SELECT 1 FROM cycle_variants x WHERE x.variant_id = v.id) AND NOT EXISTS (SELECT 1 FROM list_price_changes x WHERE x.variant_id = v.id)
   AND NOT EXISTS (SELECT 1 FROM list_prices x WHERE x.variant_id = v.id) AND NOT EXISTS (SELECT 1 FROM holds x WHERE x.stock_id = v.stock_id)
   AND NOT EXISTS (SELECT 1 FROM variants o WHERE o.stock_id = v.stock_id AND o.id <> v.id);

-- name: market_variant_prices_drop
-- params: id int
-- exec
DELETE FROM prices WHERE variant_id = :id;

-- name: market_variant_drop
-- params: id int
-- exec
DELETE FROM variants WHERE id = :id;

-- name: market_stock_moves_drop
-- params: id int
-- exec
DELETE FROM stock_moves WHERE stock_id = :id;

-- name: market_stock_drop
-- params: id int
-- exec
DELETE FROM stock_items WHERE id = :id;

-- name: market_product_drop
-- params: id int
-- exec
DELETE FROM products WHERE id = :id;

-- name: market_search_drop
-- params: id int
-- exec
DELETE FROM search_docs WHERE product_id = :id;

-- A variant that is kept is as it was before: in its place, and for sale or not.
-- name: market_variant_place
-- params: id int, rank int, state text
-- exec
UPDATE variants SET rank = :rank, state = :state WHERE id = :id;

-- name: market_import_headers
-- params: supplier_id int
-- rows: header text, place text
SELECT header, place FROM import_headers WHERE supplier_id = :supplier_id ORDER BY header;

-- name: market_import_header_put
-- params: supplier_id int, header text, place text
-- exec
INSERT INTO import_headers (supplier_id, header, place) VALUES (:supplier_id, :header, :place)
    ON CONFLICT (supplier_id, header) DO UPDATE SET place = excluded.place;

-- name: market_variant_by_sku
-- params: supplier_id int, sku text
-- row: id int, product int
SELECT v.id, v.product_id AS product FROM variants v JOIN products p ON p.id = v.product_id
 WHERE v.sku = :sku AND v.state = 'active' AND p.supplier_id = :supplier_id ORDER BY v.id LIMIT 1;

-- name: market_imports_old
-- params: before int, lim int
-- rows: id int
SELECT id FROM imports WHERE at < :before AND state IN ('mapping', 'staged', 'applied', 'undone', 'refused')
   AND EXISTS (SELECT 1 FROM import_rows r WHERE r.import_id = imports.id) ORDER BY id LIMIT :lim;

-- name: market_import_rows_drop
-- params: id int
-- exec
DELETE FROM import_rows WHERE import_id = :id;

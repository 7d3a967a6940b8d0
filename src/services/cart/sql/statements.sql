-- SPDX-License-Identifier: Apache-2.0
-- What suppliers are owed: as the journal has it.

-- What was sold less what was given back in that time.
-- name: cart_statement_owed
-- params: from int, upto int
-- rows: supplier int, currency text, owed int
SELECT CAST(SUBSTR(p.account, 10) AS BIGINT) AS supplier, p.currency, CAST(-SUM(p.amount) AS BIGINT) AS owed
  FROM entries e JOIN postings p ON p.entry_id = e.id
 WHERE e.at >= :from AND e.at < :upto AND e.what IN ('sale', 'credit') AND p.account LIKE 'supplier:%'
 GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 1000;

-- What was paid of that time's statements, whenever it was. pattern: "%/2026-11/%".
-- name: cart_statement_paid
-- params: pattern text
-- rows: supplier int, currency text, paid int, at int
SELECT CAST(SUBSTR(p.account, 10) AS BIGINT) AS supplier, p.currency, CAST(SUM(p.amount) AS BIGINT) AS paid, MAX(e.at) AS at
  FROM entries e JOIN postings p ON p.entry_id = e.id
 WHERE e.what = 'statement' AND e.ref LIKE :pattern AND p.account LIKE 'supplier:%' GROUP BY 1, 2 LIMIT 1000;

-- name: cart_statement_lines
-- params: from int, upto int, lim int
-- rows: supplier int, supplier_name text, name text, variant text, currency text, quantity int, returned int, gross int
SELECT l.supplier_id AS supplier, l.supplier_name, l.name, l.variant, o.currency, CAST(SUM(l.quantity) AS BIGINT) AS quantity,
       CAST(SUM(l.returned) AS BIGINT) AS returned, CAST(SUM(l.total - l.refunded) AS BIGINT) AS gross
  FROM entries e JOIN orders o ON o.id = e.order_id JOIN order_lines l ON l.order_id = o.id
 WHERE e.at >= :from AND e.at < :upto AND e.what = 'sale' AND l.supplier_id > 0
 GROUP BY l.supplier_id, l.supplier_name, l.name, l.variant, o.currency ORDER BY l.supplier_name, l.supplier_id, l.name, l.variant LIMIT :lim;

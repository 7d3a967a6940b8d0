-- SPDX-License-Identifier: Apache-2.0
-- Payments, refunds, invoices, the journal.

-- name: cart_payment_add
-- params: id int, order_id int, attempt int, method text, reference text, amount int, until int, next_at int?, now int
-- exec
INSERT INTO payments (id, order_id, attempt, method, reference, amount, state, until, next_at, created_at)
     VALUES (:id, :order_id, :attempt, :method, :reference, :amount, 'created', :until, :next_at, :now);

-- name: cart_payment_last_attempt
-- params: order_id int
-- row: n int
SELECT COALESCE(MAX(attempt), 0) AS n FROM payments WHERE order_id = :order_id;

-- name: cart_payment
-- params: id int
-- row: id int, order_id int, attempt int, method text, reference text, amount int, state text, remote_id text, remote_url text, remote_txn text, why text, until int, checks int, next_at int?, created_at int, settled_at int?
SELECT id, order_id, attempt, method, reference, amount, state, remote_id, remote_url, remote_txn, why, until, checks, next_at, created_at, settled_at
  FROM payments WHERE id = :id;

-- name: cart_payment_alive
-- params: order_id int
-- row: like cart_payment
SELECT id, order_id, attempt, method, reference, amount, state, remote_id, remote_url, remote_txn, why, until, checks, next_at, created_at, settled_at
  FROM payments WHERE order_id = :order_id AND state IN ('created', 'pending', 'unknown');

-- name: cart_payment_by_remote
-- params: remote_id text
-- row: like cart_payment
SELECT id, order_id, attempt, method, reference, amount, state, remote_id, remote_url, remote_txn, why, until, checks, next_at, created_at, settled_at
  FROM payments WHERE remote_id = :remote_id;

-- name: cart_payments_of
-- params: order_id int
-- rows: like cart_payment
SELECT id, order_id, attempt, method, reference, amount, state, remote_id, remote_url, remote_txn, why, until, checks, next_at, created_at, settled_at
  FROM payments WHERE order_id = :order_id ORDER BY attempt;

-- name: cart_payment_open
-- params: id int, state text, remote_id text, remote_url text, next_at int
-- exec
UPDATE payments SET state = :state, remote_id = :remote_id, remote_url = :remote_url, next_at = :next_at
 WHERE id = :id AND state IN ('created', 'pending', 'unknown');

-- name: cart_payment_checked
-- params: id int, next_at int
-- exec
UPDATE payments SET checks = checks + 1, next_at = :next_at WHERE id = :id AND state IN ('created', 'pending', 'unknown');

-- name: cart_payment_settle
-- params: id int, state text, remote_txn text, why text, now int
-- exec
UPDATE payments SET state = :state, remote_txn = :remote_txn, why = :why, next_at = NULL, settled_at = :now
 WHERE id = :id AND (state IN ('created', 'pending', 'unknown') OR (state IN ('failed', 'expired') AND :state = 'paid'));

-- name: cart_payments_due
-- params: now int, lim int
-- rows: id int
SELECT id FROM payments WHERE next_at <= :now ORDER BY next_at, id LIMIT :lim;

-- name: cart_payment_due_now
-- params: id int, now int
-- exec
UPDATE payments SET next_at = :now WHERE id = :id AND next_at IS NOT NULL;

-- name: cart_refund_add
-- params: id int, order_id int, payment_id int, amount int, reason text, actor text, via text, next_at int, now int
-- exec
INSERT INTO refunds (id, order_id, payment_id, amount, state, lines, restock, restocked, reason, actor, via, next_at, created_at)
     VALUES (:id, :order_id, :payment_id, :amount, 'wanted', '[]', FALSE, TRUE, :reason, :actor, :via, :next_at, :now);

-- name: cart_refund
-- params: id int
-- row: id int, order_id int, payment_id int, amount int, state text, reason text, actor text, checks int, next_at int?, why text, created_at int, settled_at int?, via text
SELECT id, order_id, payment_id, amount, state, reason, actor, checks, next_at, why, created_at, settled_at, via
  FROM refunds WHERE id = :id;

-- name: cart_refunds_of
-- params: order_id int
-- rows: like cart_refund
SELECT id, order_id, payment_id, amount, state, reason, actor, checks, next_at, why, created_at, settled_at, via
  FROM refunds WHERE order_id = :order_id ORDER BY id;

-- name: cart_refund_of_payment
-- params: payment_id int
-- row: minor int
SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS minor FROM refunds WHERE payment_id = :payment_id AND state <> 'refused';

-- name: cart_refund_beside
-- params: payment_id int, id int
-- row: minor int
SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS minor FROM refunds
 WHERE payment_id = :payment_id AND id <> :id AND via = '' AND state IN ('sent', 'unknown', 'confirmed');

-- name: cart_refunds_wanted
-- params: order_id int
-- row: minor int
SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS minor FROM refunds WHERE order_id = :order_id AND state <> 'refused';

-- name: cart_refund_set
-- params: id int, state text, why text, next_at int?, settled_at int?
-- exec
UPDATE refunds SET state = :state, why = :why, next_at = :next_at, settled_at = :settled_at, checks = checks + 1
 WHERE id = :id AND state IN ('wanted', 'sent', 'unknown');

-- name: cart_refund_claim
-- params: id int, former int, until int
-- exec
UPDATE refunds SET next_at = :until WHERE id = :id AND next_at = :former AND state IN ('wanted', 'sent', 'unknown');

-- name: cart_refunds_due
-- params: now int, lim int
-- rows: id int
SELECT id FROM refunds WHERE next_at <= :now ORDER BY next_at, id LIMIT :lim;

-- name: cart_series_next
-- params: name text
-- row: last int
-- writes
INSERT INTO series (name, last) VALUES (:name, 1) ON CONFLICT (name) DO UPDATE SET last = series.last + 1 RETURNING last;

-- name: cart_invoice_add
-- params: id int, series text, number int, kind text, order_id int, refund_id int?, total int, vat int, currency text, document text, now int
-- exec
INSERT INTO invoices (id, series, number, kind, order_id, refund_id, total, vat, currency, document, issued_at)
     VALUES (:id, :series, :number, :kind, :order_id, :refund_id, :total, :vat, :currency, :document, :now);

-- name: cart_invoices_of
-- params: order_id int
-- rows: id int, series text, number int, kind text, total int, vat int, currency text, document text, issued_at int
SELECT id, series, number, kind, total, vat, currency, document, issued_at FROM invoices WHERE order_id = :order_id ORDER BY id;

-- name: cart_entry_add
-- params: id int, at int, what text, ref text, order_id int?
-- exec
INSERT INTO entries (id, at, what, ref, order_id) VALUES (:id, :at, :what, :ref, :order_id);

-- name: cart_posting_add
-- params: entry_id int, account text, amount int, currency text
-- exec
INSERT INTO postings (entry_id, account, amount, currency) VALUES (:entry_id, :account, :amount, :currency);

-- name: cart_journal_wrong
-- rows: id int, minor int
SELECT entry_id AS id, CAST(SUM(amount) AS BIGINT) AS minor FROM postings GROUP BY entry_id, currency HAVING SUM(amount) <> 0 ORDER BY entry_id LIMIT 100;

-- name: cart_ledger
-- rows: account text, currency text, minor int, n int
SELECT account, currency, CAST(SUM(amount) AS BIGINT) AS minor, COUNT(*) AS n FROM postings
 WHERE account NOT LIKE 'balance:%' GROUP BY account, currency
 UNION ALL
SELECT 'balance', currency, CAST(SUM(amount) AS BIGINT), COUNT(*) FROM postings WHERE account LIKE 'balance:%' GROUP BY currency
 ORDER BY 1, 2;

-- name: cart_ledger_of_order
-- params: order_id int
-- rows: account text, minor int
SELECT p.account, CAST(SUM(p.amount) AS BIGINT) AS minor FROM postings p JOIN entries e ON e.id = p.entry_id
 WHERE e.order_id = :order_id GROUP BY p.account ORDER BY p.account;

-- name: cart_balance
-- params: person_id int, currency text
-- row: minor int
SELECT minor FROM balances WHERE person_id = :person_id AND currency = :currency;

-- name: cart_balance_add
-- params: person_id int, currency text, minor int
-- exec
INSERT INTO balances (person_id, currency, minor) VALUES (:person_id, :currency, :minor)
    ON CONFLICT (person_id, currency) DO UPDATE SET minor = balances.minor + excluded.minor;

-- name: cart_balance_use
-- params: person_id int, currency text, minor int
-- exec
UPDATE balances SET minor = minor - :minor WHERE person_id = :person_id AND currency = :currency AND minor >= :minor;

-- name: cart_account
-- params: name text
-- row: merchant text, api_key text
SELECT merchant, api_key FROM accounts WHERE name = :name;

-- name: cart_account_put
-- params: name text, merchant text, api_key text, now int
-- exec
INSERT INTO accounts (name, merchant, api_key, updated_at) VALUES (:name, :merchant, :api_key, :now)
    ON CONFLICT (name) DO UPDATE SET merchant = excluded.merchant, api_key = excluded.api_key, updated_at = excluded.updated_at;

-- name: cart_invoices_between
-- params: from int, upto int
-- rows: id int, kind text, currency text, document text
SELECT id, kind, currency, document FROM invoices WHERE issued_at >= :from AND issued_at < :upto ORDER BY id;

-- name: cart_accounts
-- rows: name text, account_name text, merchant text?
SELECT o.account AS name, MAX(o.account_name) AS account_name, MAX(a.merchant) AS merchant FROM orders o LEFT JOIN accounts a ON a.name = o.account
 GROUP BY o.account
 UNION
SELECT a.name, '', a.merchant FROM accounts a WHERE NOT EXISTS (SELECT 1 FROM orders x WHERE x.account = a.name) ORDER BY 1 LIMIT 200;

-- name: cart_account_drop
-- params: name text
-- exec
DELETE FROM accounts WHERE name = :name;

-- name: cart_payment_code
-- params: id int, code text
-- exec
UPDATE payments SET remote_code = :code WHERE id = :id;

-- name: cart_order_of_code
-- params: code text
-- row: number text, currency text
SELECT o.number, o.currency FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.remote_code = :code AND p.remote_code <> '';

-- name: cart_account_keys
-- rows: name text, merchant text, api_key text
SELECT name, merchant, api_key FROM accounts ORDER BY name LIMIT 200;

-- name: cart_payout_last
-- params: merchant text
-- row: day text
SELECT COALESCE(MAX(day), '') AS day FROM payouts WHERE merchant = :merchant;

-- name: cart_payout_add
-- params: id int, merchant text, remote_id text, kind text, state text, day text, amount int, fee int, currency text, reference text, code text, order_number text, now int
-- exec
INSERT INTO payouts (id, merchant, remote_id, kind, state, day, amount, fee, currency, reference, code, order_number, seen_at)
     VALUES (:id, :merchant, :remote_id, :kind, :state, :day, :amount, :fee, :currency, :reference, :code, :order_number, :now)
    ON CONFLICT (merchant, remote_id) DO NOTHING;

-- name: cart_payouts
-- params: q text, pattern text, state text
-- list: id int, day text, kind text, state text, amount int, fee int, currency text, reference text, code text, order_number text, merchant text
-- sorts: day
SELECT id, day, kind, state, amount, fee, currency, reference, code, order_number, merchant FROM payouts
 WHERE (:q = '' OR LOWER(order_number) LIKE :pattern ESCAPE '!' OR LOWER(reference) LIKE :pattern ESCAPE '!' OR LOWER(code) LIKE :pattern ESCAPE '!')
   AND (:state = '' OR state = :state);

-- name: cart_refunds
-- params: q text, pattern text, state text
-- list: id int, number text, name text, amount int, currency text, state text, reason text, why text, created_at int
-- sorts: id
SELECT r.id, o.number, o.name, r.amount, o.currency, r.state, r.reason, r.why, r.created_at FROM refunds r JOIN orders o ON o.id = r.order_id
 WHERE (:q = '' OR LOWER(o.number) LIKE :pattern ESCAPE '!' OR LOWER(o.name) LIKE :pattern ESCAPE '!')
   AND ((:state = 'open' AND r.state <> 'confirmed') OR r.state = :state);

-- name: cart_refund_ask
-- params: id int, now int
-- exec
UPDATE refunds SET next_at = :now WHERE id = :id AND state IN ('wanted', 'sent', 'unknown');

-- name: cart_refund_anew
-- params: id int, former text, via text, now int
-- exec
UPDATE refunds SET state = 'wanted', via = :via, next_at = :now, why = '', settled_at = NULL WHERE id = :id AND state = :former;

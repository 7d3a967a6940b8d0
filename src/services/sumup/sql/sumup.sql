-- SPDX-License-Identifier: Apache-2.0
-- The simulator's books.

-- name: sumup_checkout_add
-- params: id text, merchant text, reference text, amount int, currency text, description text, return_url text, redirect_url text, hosted bool, valid_until int, now int
-- exec
INSERT INTO checkouts (id, merchant, reference, amount, currency, description, return_url, redirect_url, hosted, status, valid_until, created_at)
     VALUES (:id, :merchant, :reference, :amount, :currency, :description, :return_url, :redirect_url, :hosted, 'PENDING', :valid_until, :now)
     ON CONFLICT (merchant, reference) DO NOTHING;

-- name: sumup_checkout
-- params: id text
-- row: id text, merchant text, reference text, amount int, currency text, description text, return_url text, redirect_url text, hosted bool, status text, valid_until int, created_at int
SELECT id, merchant, reference, amount, currency, description, return_url, redirect_url, hosted, status, valid_until, created_at
  FROM checkouts WHERE id = :id;

-- name: sumup_checkouts_of
-- params: reference text
-- rows: like sumup_checkout
SELECT id, merchant, reference, amount, currency, description, return_url, redirect_url, hosted, status, valid_until, created_at
  FROM checkouts WHERE reference = :reference ORDER BY id;

-- name: sumup_checkout_set
-- params: id text, status text
-- exec
UPDATE checkouts SET status = :status WHERE id = :id AND status IN ('PENDING', 'FAILED');

-- name: sumup_transaction_add
-- params: id text, code text, checkout_id text, amount int, status text, now int
-- exec
INSERT INTO transactions (id, code, checkout_id, amount, status, at) VALUES (:id, :code, :checkout_id, :amount, :status, :now);

-- name: sumup_transactions_of
-- params: checkout_id text
-- rows: id text, code text, checkout_id text, amount int, status text, at int
SELECT id, code, checkout_id, amount, status, at FROM transactions WHERE checkout_id = :checkout_id ORDER BY at, id;

-- name: sumup_transaction
-- params: id text
-- row: like sumup_transactions_of
SELECT id, code, checkout_id, amount, status, at FROM transactions WHERE id = :id;

-- What reaches the bank, or is taken off for what was given back.
-- name: sumup_moves
-- params: merchant text, from int, before int, lim int
-- rows: kind text, code text, amount int, currency text, at int
SELECT 'PAYOUT' AS kind, t.code, t.amount, c.currency, t.at FROM transactions t JOIN checkouts c ON c.id = t.checkout_id
 WHERE t.status = 'SUCCESSFUL' AND c.merchant = :merchant AND t.at >= :from AND t.at < :before
 UNION ALL
SELECT 'REFUND_DEDUCTION', t.code, r.amount, c.currency, r.at FROM refunds r JOIN transactions t ON t.id = r.transaction_id JOIN checkouts c ON c.id = t.checkout_id
 WHERE NOT r.lost AND c.merchant = :merchant AND r.at >= :from AND r.at < :before
 ORDER BY 5, 2, 1 LIMIT :lim;

-- name: sumup_refund_add
-- params: id int, transaction_id text, amount int, now int, shown_at int, lost bool
-- exec
INSERT INTO refunds (id, transaction_id, amount, at, shown_at, lost) VALUES (:id, :transaction_id, :amount, :now, :shown_at, :lost);

-- name: sumup_refunds_of
-- params: transaction_id text
-- rows: id int, amount int, at int, shown_at int, lost bool
SELECT id, amount, at, shown_at, lost FROM refunds WHERE transaction_id = :transaction_id ORDER BY id;

-- name: sumup_request_add
-- params: id int, at int, method text, path text, body text, status int
-- exec
INSERT INTO requests (id, at, method, path, body, status) VALUES (:id, :at, :method, :path, :body, :status);

-- name: sumup_requests_keep
-- params: kept int
-- exec
DELETE FROM requests WHERE id < (SELECT COALESCE(MIN(r.id), 0) FROM (SELECT id FROM requests ORDER BY id DESC LIMIT :kept) r);

-- name: sumup_requests
-- params: lim int
-- rows: id int, at int, method text, path text, body text, status int
SELECT id, at, method, path, body, status FROM requests ORDER BY id DESC LIMIT :lim;

-- name: sumup_faults
-- row: document text
SELECT document FROM faults WHERE id = 1;

-- name: sumup_faults_put
-- params: document text
-- exec
INSERT INTO faults (id, document) VALUES (1, :document) ON CONFLICT (id) DO UPDATE SET document = excluded.document;

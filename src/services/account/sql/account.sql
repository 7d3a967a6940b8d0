-- Addresses, notification choices, exports.

-- name: account_addresses
-- params: person_id int
-- rows: id int, name text, line1 text, line2 text, postal_code text, city text, region text, country text, phone text, delivery bool, billing bool
SELECT id, name, line1, line2, postal_code, city, region, country, phone, delivery, billing FROM addresses
 WHERE person_id = :person_id AND removed_at IS NULL ORDER BY created_at, id;

-- name: account_address_put
-- params: id int, person_id int, name text, line1 text, line2 text, postal_code text, city text, region text, country text, phone text, delivery bool, billing bool, now int
-- exec
INSERT INTO addresses (id, person_id, name, line1, line2, postal_code, city, region, country, phone, delivery, billing, created_at, updated_at)
     VALUES (:id, :person_id, :name, :line1, :line2, :postal_code, :city, :region, :country, :phone, :delivery, :billing, :now, :now)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, line1 = excluded.line1, line2 = excluded.line2, postal_code = excluded.postal_code,
       city = excluded.city, region = excluded.region, country = excluded.country, phone = excluded.phone, delivery = excluded.delivery,
       billing = excluded.billing, updated_at = excluded.updated_at
  WHERE addresses.person_id = excluded.person_id;

-- name: account_address_only_delivery
-- params: person_id int, id int
-- exec
UPDATE addresses SET delivery = (id = :id) WHERE person_id = :person_id AND (delivery OR id = :id);

-- name: account_address_only_billing
-- params: person_id int, id int
-- exec
UPDATE addresses SET billing = (id = :id) WHERE person_id = :person_id AND (billing OR id = :id);

-- name: account_address_remove
-- params: id int, person_id int, at int?
-- exec
UPDATE addresses SET removed_at = :at WHERE id = :id AND person_id = :person_id;

-- name: account_addresses_sweep
-- params: before int
-- exec
DELETE FROM addresses WHERE removed_at < :before;

-- name: account_choices
-- params: person_id int
-- rows: topic text, by_mail bool
SELECT topic, by_mail FROM notice_choices WHERE person_id = :person_id ORDER BY topic;

-- name: account_choice_put
-- params: person_id int, topic text, by_mail bool, now int
-- exec
INSERT INTO notice_choices (person_id, topic, by_mail, updated_at) VALUES (:person_id, :topic, :by_mail, :now)
    ON CONFLICT (person_id, topic) DO UPDATE SET by_mail = excluded.by_mail, updated_at = excluded.updated_at;

-- name: account_export_add
-- params: id int, person_id int, now int
-- exec
INSERT INTO exports (id, person_id, state, created_at) VALUES (:id, :person_id, 'waiting', :now);

-- name: account_export_last
-- params: person_id int
-- row: id int, state text, file text, bytes int, created_at int, ready_at int?
SELECT id, state, file, bytes, created_at, ready_at FROM exports WHERE person_id = :person_id ORDER BY created_at DESC, id DESC LIMIT 1;

-- name: account_export_done
-- params: id int, state text, file text, bytes int, now int
-- exec
UPDATE exports SET state = :state, file = :file, bytes = :bytes, ready_at = :now WHERE id = :id;

-- name: account_exports_old
-- params: before int, person_id int
-- rows: id int, file text
SELECT id, file FROM exports WHERE created_at < :before OR person_id = :person_id ORDER BY id;

-- name: account_export_drop
-- params: id int
-- exec
DELETE FROM exports WHERE id = :id;

-- name: account_forget_addresses
-- params: person_id int
-- exec
DELETE FROM addresses WHERE person_id = :person_id;

-- name: account_forget_choices
-- params: person_id int
-- exec
DELETE FROM notice_choices WHERE person_id = :person_id;

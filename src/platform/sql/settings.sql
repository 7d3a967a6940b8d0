-- Settings chosen in the administration (platform/admin/settings.h).

-- name: kept_settings
-- rows: name text, value text, person int, changed_at int
SELECT name, value, person, changed_at FROM kept_settings ORDER BY name;

-- Changes when any of them does.
-- name: kept_settings_mark
-- row: n int, last int
SELECT COUNT(*) AS n, COALESCE(MAX(changed_at), 0) AS last FROM kept_settings;

-- name: kept_setting_put
-- params: name text, value text, person int, now int
-- exec
INSERT INTO kept_settings (name, value, person, changed_at) VALUES (:name, :value, :person, :now)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, person = excluded.person, changed_at = excluded.changed_at;

-- name: kept_setting_drop
-- params: name text
-- exec
DELETE FROM kept_settings WHERE name = :name;

-- The site itself: settings and menus.

-- name: blog_settings
-- rows: name text, value text
SELECT name, value FROM settings ORDER BY name;

-- What the site is called, and its sign.
-- name: blog_brand
-- rows: name text, value text
SELECT name, value FROM settings WHERE name = 'icon' UNION ALL SELECT name, value FROM settings WHERE name = 'title';

-- name: blog_setting_put
-- params: name text, value text, now int
-- exec
INSERT INTO settings (name, value, updated_at) VALUES (:name, :value, :now)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
 WHERE settings.value <> excluded.value;

-- name: blog_nav
-- params: menu text
-- rows: id int, parent_id int?, label text, url text
SELECT id, parent_id, label, url FROM nav_items WHERE menu = :menu ORDER BY ord, id;

-- name: blog_nav_clear
-- params: menu text
-- exec
DELETE FROM nav_items WHERE menu = :menu;

-- name: blog_nav_add
-- params: id int, menu text, parent_id int?, ord int, label text, url text
-- exec
INSERT INTO nav_items (id, menu, parent_id, ord, label, url) VALUES (:id, :menu, :parent_id, :ord, :label, :url);

-- name: blog_setting
-- params: name text
-- row: value text
SELECT value FROM settings WHERE name = :name;

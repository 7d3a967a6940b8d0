-- Calendars and entries as files bring them.

-- name: events_calendar
-- params: slug text
-- row: id int, slug text, title text, about text, zone text, colour text, visibility text, token text, updated_at int
SELECT id, slug, title, about, zone, colour, visibility, token, updated_at FROM calendars WHERE slug = :slug;

-- Those that everybody may see, and members: their own, too.
-- name: events_calendars
-- params: members bool
-- rows: like events_calendar
SELECT id, slug, title, about, zone, colour, visibility, token, updated_at FROM calendars
 WHERE visibility = 'public' OR (visibility = 'members' AND :members) ORDER BY title, id LIMIT 100;

-- name: events_calendar_add
-- params: id int, slug text, title text, about text, zone text, colour text, visibility text, token text, now int
-- exec
INSERT INTO calendars (id, slug, title, about, zone, colour, visibility, token, created_at, updated_at)
VALUES (:id, :slug, :title, :about, :zone, :colour, :visibility, :token, :now, :now);

-- name: events_calendar_touch
-- params: id int, now int
-- exec
UPDATE calendars SET updated_at = :now WHERE id = :id;

-- name: events_entry_by_uid
-- params: calendar int, uid text
-- row: id int, slug text, title text, digest text, sequence int, gone_at int
SELECT id, slug, title, digest, sequence, gone_at FROM entries WHERE calendar_id = :calendar AND uid = :uid;

-- name: events_slug_taken
-- params: calendar int, slug text
-- row: n int
SELECT COUNT(*) AS n FROM entries WHERE calendar_id = :calendar AND slug = :slug;

-- name: events_entry_add
-- params: id int, calendar int, slug text, uid text, now int
-- exec
INSERT INTO entries (id, calendar_id, slug, uid, state, title, body, place, url, all_day, zone, start_at, length_s, rules, dates_in, dates_out,
                     bare, rules_last, first_at, last_at, wide, sequence, digest, created_at, updated_at)
VALUES (:id, :calendar, :slug, :uid, 'draft', '', '', '', '', 0, '', 0, 0, '', '', '', 0, 0, 0, 0, 0, 0, '', :now, :now);

-- name: events_entry_texts
-- params: id int, state text, title text, body text, place text, url text, sequence int, digest text, now int
-- exec
UPDATE entries SET state = :state, title = :title, body = :body, place = :place, url = :url, sequence = :sequence, digest = :digest,
       updated_at = :now
 WHERE id = :id;

-- name: events_entry_times
-- params: id int, all_day int, zone text, start int, length int, rules text, dates_in text, dates_out text, bare int, rules_last int,
--   first int, last int, wide int
-- exec
UPDATE entries SET all_day = :all_day, zone = :zone, start_at = :start, length_s = :length, rules = :rules, dates_in = :dates_in,
       dates_out = :dates_out, bare = :bare, rules_last = :rules_last, first_at = :first, last_at = :last, wide = :wide
 WHERE id = :id;

-- name: events_overrides_drop
-- params: entry int
-- exec
DELETE FROM overrides WHERE entry_id = :entry;

-- name: events_override_add
-- params: entry int, id int, later int, cancelled int, title text, body text, place text, url text, all_day int, zone text, start int,
--   length int, sequence int
-- exec
INSERT INTO overrides (entry_id, id_at, later, cancelled, title, body, place, url, all_day, zone, start_at, length_s, sequence)
VALUES (:entry, :id, :later, :cancelled, :title, :body, :place, :url, :all_day, :zone, :start, :length, :sequence);

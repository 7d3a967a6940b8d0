-- Calendars and entries as organisers have them: lists, what is saved, what is deleted and had back.

-- name: events_calendars_list
-- params: q text, pattern text
-- list: id int, title text, slug text, zone text, visibility text, entries int, updated_at int
-- sorts: title, updated_at
SELECT c.id, c.title, c.slug, c.zone, c.visibility,
       (SELECT COUNT(*) FROM entries e WHERE e.calendar_id = c.id AND e.gone_at = 0) AS entries, c.updated_at
  FROM calendars c WHERE (:q = '' OR LOWER(c.title) LIKE :pattern ESCAPE '!' OR c.slug LIKE :pattern ESCAPE '!');

-- All, for whoever chooses one.
-- name: events_calendars_all
-- params: lim int
-- rows: like events_calendar
SELECT id, slug, title, about, zone, colour, visibility, token, updated_at FROM calendars ORDER BY title, id LIMIT :lim;

-- name: events_calendar_by_id
-- params: id int
-- row: like events_calendar
SELECT id, slug, title, about, zone, colour, visibility, token, updated_at FROM calendars WHERE id = :id;

-- name: events_calendar_change
-- params: id int, slug text, title text, about text, zone text, colour text, visibility text, now int
-- exec
UPDATE calendars SET slug = :slug, title = :title, about = :about, zone = :zone, colour = :colour, visibility = :visibility, updated_at = :now
 WHERE id = :id;

-- name: events_calendar_rekey
-- params: id int, token text, now int
-- exec
UPDATE calendars SET token = :token, updated_at = :now WHERE id = :id;

-- One that has nothing in it. What was deleted of it goes with it.
-- name: events_calendar_drop
-- params: id int
-- exec
DELETE FROM calendars WHERE id = :id AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.calendar_id = :id AND e.gone_at = 0);

-- A deleted one is so to whoever reads the list, whatever it was before.
-- name: events_entries_list
-- params: q text, pattern text, calendar text, state text
-- list: id int, title text, state text, calendar text, cal_slug text, cal_zone text, slug text, all_day int, zone text, start_at int, length_s int,
--   rules text, dates_in text, dates_out text, bare int, rules_last int, updated_at int
-- sorts: updated_at, title
SELECT e.id, e.title, CASE WHEN e.gone_at > 0 THEN 'gone' ELSE e.state END AS state, c.title AS calendar, c.slug AS cal_slug, c.zone AS cal_zone, e.slug,
       e.all_day, e.zone, e.start_at, e.length_s, e.rules, e.dates_in, e.dates_out, e.bare, e.rules_last, e.updated_at
  FROM entries e JOIN calendars c ON c.id = e.calendar_id
 WHERE (:q = '' OR LOWER(e.title) LIKE :pattern ESCAPE '!' OR LOWER(e.place) LIKE :pattern ESCAPE '!')
   AND (:calendar = '' OR c.slug = :calendar)
   AND ((:state = 'gone' AND e.gone_at > 0) OR (e.gone_at = 0 AND (:state = '' OR e.state = :state)));

-- name: events_entry_by_id
-- params: id int
-- row: like events_entries_in
SELECT id, slug, uid, state, title, body, place, url, all_day, zone, start_at, length_s, rules, dates_in, dates_out, bare, rules_last, wide,
       sequence, created_at, updated_at, related
  FROM entries WHERE id = :id AND gone_at = 0;

-- To be changed: whoever comes second sees what the first has written.
-- name: events_entry_locked
-- params: id int
-- row: like events_entries_in
-- sqlite:
SELECT id, slug, uid, state, title, body, place, url, all_day, zone, start_at, length_s, rules, dates_in, dates_out, bare, rules_last, wide,
       sequence, created_at, updated_at, related
  FROM entries WHERE id = :id AND gone_at = 0;
-- postgres:
SELECT id, slug, uid, state, title, body, place, url, all_day, zone, start_at, length_s, rules, dates_in, dates_out, bare, rules_last, wide,
       sequence, created_at, updated_at, related
  FROM entries WHERE id = :id AND gone_at = 0 FOR UPDATE;

-- name: events_calendar_of_entry
-- params: entry int
-- row: like events_calendar
SELECT c.id, c.slug, c.title, c.about, c.zone, c.colour, c.visibility, c.token, c.updated_at
  FROM calendars c JOIN entries e ON e.calendar_id = c.id WHERE e.id = :entry;

-- name: events_entry_state
-- params: id int, was text, state text, now int
-- exec
UPDATE entries SET state = :state, sequence = sequence + 1, digest = '', updated_at = :now WHERE id = :id AND state = :was AND gone_at = 0;

-- name: events_entry_related
-- params: id int, related text
-- exec
UPDATE entries SET related = :related WHERE id = :id;

-- name: events_entry_drop
-- params: id int, now int
-- exec
UPDATE entries SET gone_at = :now WHERE id = :id AND gone_at = 0;

-- name: events_entry_restore
-- params: id int
-- exec
UPDATE entries SET gone_at = 0 WHERE id = :id AND gone_at > 0;

-- name: events_sweep
-- params: before int
-- exec
DELETE FROM entries WHERE gone_at > 0 AND gone_at < :before;

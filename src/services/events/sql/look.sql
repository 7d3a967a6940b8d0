-- What is in a calendar between two times. Both are widened by the asker by what a zone may make out.

-- name: events_entries_in
-- params: calendar int, from int, to int, week int, after int, lim int
-- rows: id int, slug text, uid text, state text, title text, body text, place text, url text, all_day int, zone text, start_at int,
--   length_s int, rules text, dates_in text, dates_out text, bare int, rules_last int, wide int, sequence int, created_at int, updated_at int, related text
SELECT * FROM (
  SELECT id, slug, uid, state, title, body, place, url, all_day, zone, start_at, length_s, rules, dates_in, dates_out, bare, rules_last, wide,
         sequence, created_at, updated_at, related
    FROM entries WHERE calendar_id = :calendar AND wide = 0 AND gone_at = 0 AND start_at >= :week AND start_at < :to
  UNION ALL
  SELECT id, slug, uid, state, title, body, place, url, all_day, zone, start_at, length_s, rules, dates_in, dates_out, bare, rules_last, wide,
         sequence, created_at, updated_at, related
    FROM entries WHERE calendar_id = :calendar AND wide = 1 AND gone_at = 0 AND last_at >= :from AND first_at < :to) e
 WHERE id > :after ORDER BY id LIMIT :lim;

-- name: events_overrides_of
-- params: entry int
-- rows: id_at int, later int, cancelled int, title text, body text, place text, url text, all_day int, zone text, start_at int, length_s int,
--   sequence int
SELECT id_at, later, cancelled, title, body, place, url, all_day, zone, start_at, length_s, sequence FROM overrides
 WHERE entry_id = :entry ORDER BY id_at;

-- name: events_entry
-- params: calendar int, slug text
-- row: like events_entries_in
SELECT id, slug, uid, state, title, body, place, url, all_day, zone, start_at, length_s, rules, dates_in, dates_out, bare, rules_last, wide,
       sequence, created_at, updated_at, related
  FROM entries WHERE calendar_id = :calendar AND slug = :slug AND gone_at = 0;

-- All of a calendar, for its feed; cancelled ones for as long as they are told.
-- name: events_entries_all
-- params: calendar int, cancelled_from int, after int, lim int
-- rows: like events_entries_in
SELECT id, slug, uid, state, title, body, place, url, all_day, zone, start_at, length_s, rules, dates_in, dates_out, bare, rules_last, wide,
       sequence, created_at, updated_at, related
  FROM entries WHERE calendar_id = :calendar AND gone_at = 0 AND (state = 'published' OR (state = 'cancelled' AND updated_at >= :cancelled_from)) AND id > :after
 ORDER BY id LIMIT :lim;

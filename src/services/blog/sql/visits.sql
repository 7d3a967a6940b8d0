-- Visits, as numbers of a day.

-- name: blog_visit_page
-- params: slug text
-- row: id int
SELECT id FROM objects WHERE slug = :slug AND type IN ('post', 'page') AND status IN ('published', 'scheduled', 'unlisted') ORDER BY id LIMIT 1;

-- name: blog_visit_page_add
-- params: day int, object_id int, views int, visits int
-- exec
INSERT INTO visit_pages (day, object_id, views, visits) VALUES (:day, :object_id, :views, :visits)
    ON CONFLICT (day, object_id) DO UPDATE SET views = visit_pages.views + excluded.views, visits = visit_pages.visits + excluded.visits;

-- name: blog_visit_sources_of_day
-- params: day int, source text
-- row: n int, known int
SELECT COUNT(*) AS n, COALESCE(SUM(CASE WHEN source = :source THEN 1 ELSE 0 END), 0) AS known FROM visit_sources WHERE day = :day;

-- name: blog_visit_source_add
-- params: day int, source text, visits int
-- exec
INSERT INTO visit_sources (day, source, visits) VALUES (:day, :source, :visits)
    ON CONFLICT (day, source) DO UPDATE SET visits = visit_sources.visits + excluded.visits;

-- name: blog_visit_pages_sweep
-- params: before int
-- exec
DELETE FROM visit_pages WHERE day < :before;

-- name: blog_visit_sources_sweep
-- params: before int
-- exec
DELETE FROM visit_sources WHERE day < :before;

-- name: blog_visit_days
-- params: first int
-- rows: day int, views int, visits int
SELECT day, CAST(SUM(views) AS BIGINT) AS views, CAST(SUM(visits) AS BIGINT) AS visits FROM visit_pages WHERE day >= :first GROUP BY day ORDER BY day;

-- name: blog_visit_top_pages
-- params: first int, lim int
-- rows: object_id int, slug text?, title text?, views int, visits int
SELECT v.object_id, o.slug, o.title, v.views, v.visits
  FROM (SELECT object_id, CAST(SUM(views) AS BIGINT) AS views, CAST(SUM(visits) AS BIGINT) AS visits FROM visit_pages WHERE day >= :first
         GROUP BY object_id ORDER BY views DESC, object_id LIMIT :lim) v
  LEFT JOIN objects o ON o.id = v.object_id ORDER BY v.views DESC, v.object_id;

-- name: blog_visit_top_sources
-- params: first int, lim int
-- rows: source text, visits int
SELECT source, CAST(SUM(visits) AS BIGINT) AS visits FROM visit_sources WHERE day >= :first
 GROUP BY source ORDER BY visits DESC, source LIMIT :lim;

-- Each page on each day, for a file.
-- name: blog_visit_rows
-- params: first int, lim int
-- rows: day int, object_id int, slug text?, title text?, views int, visits int
SELECT v.day, v.object_id, o.slug, o.title, v.views, v.visits FROM visit_pages v LEFT JOIN objects o ON o.id = v.object_id
 WHERE v.day >= :first ORDER BY v.day DESC, v.views DESC, v.object_id LIMIT :lim;

-- Search over public text. Hits are marked with U+0002 … U+0003, which no stored text contains.

-- q: made by search.c from the words asked for, in the engine's own query language.
-- Words that are in many texts say little, and to weigh each would take long: with more than `weighed` hits, those with the words in their
-- title come first (SQLite), then the newest.
-- name: blog_search
-- params: q text, now int, lim int, off int, most int, weighed int
-- rows: id int, title text, snippet text, total int
-- anew
-- sqlite:
-- Hits are marked only when it is known which of them are shown, and in their text alone (db/sqlite_marks.c). A part that is not
-- wanted looks for nothing ('""' has no hits): a condition beside its MATCH would be asked for each hit.
WITH many AS MATERIALIZED (
  SELECT count(*) > :weighed AS yes FROM (SELECT 1 FROM search_fts WHERE search_fts MATCH :q LIMIT :weighed + 1)),
titled AS MATERIALIZED (
  SELECT o.id AS id FROM search_fts CROSS JOIN objects o
   WHERE search_fts MATCH CASE WHEN (SELECT yes FROM many) THEN '{title} : (' || :q || ')' ELSE '""' END AND o.id = search_fts.rowid
     AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
   ORDER BY search_fts.rowid DESC LIMIT :lim + :off),
newest AS MATERIALIZED (
  SELECT o.id AS id FROM search_fts CROSS JOIN objects o
   WHERE search_fts MATCH CASE WHEN (SELECT yes FROM many) THEN :q ELSE '""' END AND o.id = search_fts.rowid
     AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
   ORDER BY search_fts.rowid DESC LIMIT 2 * (:lim + :off)),
hits AS MATERIALIZED (
  SELECT id, kind, score FROM (
    SELECT o.id AS id, 0 AS kind, bm25(search_fts, 8.0, 1.0) AS score
      FROM search_fts CROSS JOIN objects o
     WHERE search_fts MATCH CASE WHEN (SELECT yes FROM many) THEN '""' ELSE :q END AND o.id = search_fts.rowid
       AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
    UNION ALL SELECT id, 0, 0.0 FROM titled
    UNION ALL SELECT id, 1, 0.0 FROM newest WHERE id NOT IN (SELECT id FROM titled))
   ORDER BY kind, score, id DESC LIMIT :lim OFFSET :off)
SELECT h.id, search_marked(d.title, :q) AS title, search_snippet(d.body, :q) AS snippet,
       (SELECT count(*) FROM (SELECT 1 FROM search_fts g CROSS JOIN objects p
         WHERE g.search_fts MATCH :q AND p.id = g.rowid AND p.status IN ('published', 'scheduled') AND p.published_at <= :now
         LIMIT :most)) AS total
  FROM hits h JOIN search_docs d ON d.object_id = h.id
 ORDER BY h.kind, h.score, h.id DESC;
-- postgres:
WITH counted AS MATERIALIZED (
  SELECT count(*) AS n FROM (
    SELECT 1 FROM search_docs d JOIN objects o ON o.id = d.object_id
     WHERE d.tsv @@ to_tsquery('simple', search_words(:q)) AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
     LIMIT :most) AS hits)
SELECT h.id,
       ts_headline('simple', d.title, to_tsquery('simple', search_words(:q)),
                   'HighlightAll=true, StartSel="' || chr(2) || '", StopSel="' || chr(3) || '"') AS title,
       ts_headline('simple', left(d.body, 200000), to_tsquery('simple', search_words(:q)),
                   'MaxWords=32, MinWords=16, MaxFragments=1, StartSel="' || chr(2) || '", StopSel="' || chr(3) || '"') AS snippet,
       (SELECT n FROM counted) AS total
  FROM (SELECT id, rank FROM (
          SELECT o.id, ts_rank(d.tsv, to_tsquery('simple', search_words(:q))) AS rank
            FROM search_docs d JOIN objects o ON o.id = d.object_id
           WHERE (SELECT n <= :weighed FROM counted) AND d.tsv @@ to_tsquery('simple', search_words(:q))
             AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
          UNION ALL
          SELECT id, 0 FROM (
            SELECT o.id FROM search_docs d JOIN objects o ON o.id = d.object_id
             WHERE (SELECT n > :weighed FROM counted) AND d.tsv @@ to_tsquery('simple', search_words(:q))
               AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
             ORDER BY d.object_id DESC LIMIT :lim + :off) AS newest) AS found
         ORDER BY rank DESC, id DESC LIMIT :lim OFFSET :off) AS h
  JOIN search_docs d ON d.object_id = h.id
 ORDER BY h.rank DESC, h.id DESC;

-- name: blog_search_put
-- params: id int, title text, body text
-- exec
INSERT INTO search_docs (object_id, title, body) VALUES (:id, :title, :body)
    ON CONFLICT (object_id) DO UPDATE SET title = excluded.title, body = excluded.body;

-- name: blog_search_drop
-- params: id int
-- exec
DELETE FROM search_docs WHERE object_id = :id;

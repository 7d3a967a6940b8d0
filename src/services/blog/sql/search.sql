-- Search over public text. Hits are marked with U+0002 … U+0003, which no stored text contains.

-- q: made by search.c from the words asked for, in the engine's own query language.
-- name: blog_search
-- params: q text, now int, lim int, off int, most int
-- rows: id int, title text, snippet text, total int
-- sqlite:
-- Hits are shown in words only when it is known which of them are: marking them all takes a hundred times as long.
WITH hits AS MATERIALIZED (
  SELECT o.id AS id, bm25(search_fts, 8.0, 1.0) AS score
    FROM search_fts JOIN objects o ON o.id = search_fts.rowid
   WHERE search_fts MATCH :q AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
   ORDER BY score, o.id DESC LIMIT :lim OFFSET :off)
SELECT h.id, highlight(search_fts, 0, char(2), char(3)) AS title,
       snippet(search_fts, 1, char(2), char(3), '…', 32) AS snippet,
       (SELECT count(*) FROM (SELECT 1 FROM search_fts g JOIN objects p ON p.id = g.rowid
         WHERE g.search_fts MATCH :q AND p.status IN ('published', 'scheduled') AND p.published_at <= :now LIMIT :most)) AS total
  FROM hits h CROSS JOIN search_fts
 WHERE search_fts.rowid = h.id AND search_fts MATCH :q
 ORDER BY h.score, h.id DESC;
-- postgres:
SELECT h.id,
       ts_headline('simple', d.title, to_tsquery('simple', search_words(:q)),
                   'HighlightAll=true, StartSel="' || chr(2) || '", StopSel="' || chr(3) || '"') AS title,
       ts_headline('simple', left(d.body, 200000), to_tsquery('simple', search_words(:q)),
                   'MaxWords=32, MinWords=16, MaxFragments=1, StartSel="' || chr(2) || '", StopSel="' || chr(3) || '"') AS snippet,
       h.total
  FROM (SELECT o.id, ts_rank(d.tsv, to_tsquery('simple', search_words(:q))) AS rank, least(count(*) OVER (), :most) AS total
          FROM search_docs d JOIN objects o ON o.id = d.object_id
         WHERE d.tsv @@ to_tsquery('simple', search_words(:q)) AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
         ORDER BY rank DESC, o.id DESC LIMIT :lim OFFSET :off) AS h
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

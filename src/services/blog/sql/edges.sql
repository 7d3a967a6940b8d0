-- Typed edges: O(1) writes, closures on read. Which types there are, and which go both ways, edges.c knows: a look-up here
-- would double the cost of each write.

-- name: blog_edge_put
-- params: src int, type text, dst int, ord int
-- exec
INSERT INTO edges (src, type, dst, ord) VALUES (:src, :type, :dst, :ord)
    ON CONFLICT (src, type, dst) DO UPDATE SET ord = excluded.ord;

-- A list: a JSON array of [src, type, dst, ord]. Of what stands there twice the last counts (PostgreSQL refuses to write a row twice).
-- name: blog_edges_put
-- params: list text
-- exec
-- sqlite:
INSERT INTO edges (src, type, dst, ord)
SELECT i.value ->> 0, i.value ->> 1, i.value ->> 2, i.value ->> 3 FROM json_each(:list) i WHERE TRUE
    ON CONFLICT (src, type, dst) DO UPDATE SET ord = excluded.ord;
-- postgres:
INSERT INTO edges (src, type, dst, ord)
SELECT DISTINCT ON (1, 2, 3) (i.value ->> 0)::bigint, i.value ->> 1, (i.value ->> 2)::bigint, (i.value ->> 3)::bigint
  FROM json_array_elements(:list::json) WITH ORDINALITY AS i(value, key)
 ORDER BY 1, 2, 3, i.key DESC
    ON CONFLICT (src, type, dst) DO UPDATE SET ord = excluded.ord;

-- name: blog_edge_drop
-- params: src int, type text, dst int
-- exec
DELETE FROM edges WHERE src = :src AND type = :type AND dst = :dst;

-- name: blog_edges_clear
-- params: src int, type text
-- exec
DELETE FROM edges WHERE src = :src AND type = :type;

-- name: blog_edges_clear_back
-- params: dst int, type text
-- exec
DELETE FROM edges WHERE dst = :dst AND type = :type;

-- All edges of one object and type at once; ids: a JSON array in their order. What stands there twice keeps its first place.
-- name: blog_edges_fill
-- params: src int, type text, ids text
-- exec
-- sqlite:
INSERT INTO edges (src, type, dst, ord) SELECT :src, :type, i.value, i.key FROM json_each(:ids) i WHERE TRUE
    ON CONFLICT (src, type, dst) DO NOTHING;
-- postgres:
INSERT INTO edges (src, type, dst, ord)
SELECT :src, :type, i.value::bigint, i.key - 1 FROM json_array_elements_text(:ids::json) WITH ORDINALITY AS i(value, key)
    ON CONFLICT (src, type, dst) DO NOTHING;

-- The way back, of a type that goes both ways.
-- name: blog_edges_fill_back
-- params: dst int, type text, ids text
-- exec
-- sqlite:
INSERT INTO edges (src, type, dst, ord) SELECT i.value, :type, :dst, i.key FROM json_each(:ids) i WHERE TRUE
    ON CONFLICT (src, type, dst) DO NOTHING;
-- postgres:
INSERT INTO edges (src, type, dst, ord)
SELECT i.value::bigint, :type, :dst, i.key - 1 FROM json_array_elements_text(:ids::json) WITH ORDINALITY AS i(value, key)
    ON CONFLICT (src, type, dst) DO NOTHING;

-- name: blog_edges_forget
-- params: id int
-- exec
DELETE FROM edges WHERE src = :id OR dst = :id;

-- name: blog_edges_out
-- params: src int, type text, lim int
-- rows: id int, ord int
SELECT dst AS id, ord FROM edges WHERE src = :src AND type = :type ORDER BY ord, dst LIMIT :lim;

-- name: blog_edges_in
-- params: dst int, type text, lim int
-- rows: id int, ord int
SELECT src AS id, ord FROM edges WHERE dst = :dst AND type = :type ORDER BY src LIMIT :lim;

-- Everything that can be reached along one type, nearest first. UNION: a cycle ends where it began.
-- name: blog_edges_closure
-- params: start int, type text, depth int, lim int
-- rows: id int, depth int
WITH RECURSIVE reached (id, depth) AS (
  SELECT :start, 0
  UNION
  SELECT e.dst, r.depth + 1 FROM reached r JOIN edges e ON e.src = r.id AND e.type = :type WHERE r.depth < :depth
)
SELECT id, min(depth) AS depth FROM reached WHERE id <> :start GROUP BY id ORDER BY 2, 1 LIMIT :lim;

-- The same backwards.
-- name: blog_edges_closure_in
-- params: start int, type text, depth int, lim int
-- rows: id int, depth int
WITH RECURSIVE reached (id, depth) AS (
  SELECT :start, 0
  UNION
  SELECT e.src, r.depth + 1 FROM reached r JOIN edges e ON e.dst = r.id AND e.type = :type WHERE r.depth < :depth
)
SELECT id, min(depth) AS depth FROM reached WHERE id <> :start GROUP BY id ORDER BY 2, 1 LIMIT :lim;

-- What is of a type, or of any of its subtypes.
-- name: blog_edges_instances
-- params: kind int, depth int, lim int
-- rows: id int
WITH RECURSIVE kinds (id, depth) AS (
  SELECT :kind, 0
  UNION
  SELECT e.src, k.depth + 1 FROM kinds k JOIN edges e ON e.dst = k.id AND e.type = 'subtype-of' WHERE k.depth < :depth
)
SELECT DISTINCT e.src AS id FROM kinds k JOIN edges e ON e.dst = k.id AND e.type = 'is-a' ORDER BY 1 LIMIT :lim;

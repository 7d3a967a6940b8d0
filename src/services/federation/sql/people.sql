-- People (federation/people.h).

-- name: federation_people_count
-- row: n int
SELECT COUNT(*) AS n FROM people;

-- Writing in the browser: working copies, revisions, the bin, preview links, and who is which author.

-- author: 0 everybody's. state: '' all but what is in the bin.
-- name: blog_writings
-- params: q text, pattern text, state text, author int
-- list: id int, title text, type text, state text, authors text, edited_at int, published_at int?
-- sorts: edited_at, title
SELECT o.id, o.title, o.type, CASE WHEN b.object_id IS NULL THEN o.status ELSE 'deleted' END AS state, o.authors, o.edited_at, o.published_at
  FROM objects o LEFT JOIN bin b ON b.object_id = o.id
 WHERE o.type IN ('post', 'page') AND (:q = '' OR lower(o.title) LIKE :pattern ESCAPE '!')
   AND ((:state = '' AND b.object_id IS NULL) OR (:state = 'deleted' AND b.object_id IS NOT NULL) OR (o.status = :state AND b.object_id IS NULL))
   AND (:author = 0 OR EXISTS (SELECT 1 FROM edges e WHERE e.src = o.id AND e.type = 'authored-by' AND e.dst = :author));

-- One as it is worked on: what readers see of it, its working copy where there is one, and whether it lies in the bin.
-- name: blog_writing
-- params: id int
-- row: id int, type text, slug text, title text, status text, visibility text, featured bool, lang text, template text, image_id int?,
--   image_url text, image_alt text, image_path text?, image_srcset text?, created_at int, updated_at int, published_at int?, tags text, authors text,
--   revision_id int?, format text?, source text?, revision_title text?, revision_hash text?, version int?, draft_title text?, draft_source text?,
--   draft_hash text?, draft_person int?, draft_name text?, saved_at int?, kept_at int?, custom_excerpt text?, caption text?, meta_title text?,
--   meta_description text?, og_title text?, og_description text?, og_image text?, twitter_title text?, twitter_description text?,
--   twitter_image text?, canonical_url text?, accent text?, code_head text?, code_foot text?, image_focus text?, comments_closed bool, binned bool
SELECT o.id, o.type, o.slug, o.title, o.status, o.visibility, o.featured, o.lang, o.template, o.image_id,
       o.image_url, o.image_alt, m.path AS image_path, m.srcset AS image_srcset, o.created_at, o.updated_at, o.published_at, o.tags, o.authors,
       o.revision_id, r.format, r.source, r.title AS revision_title, r.hash AS revision_hash, d.version, d.title AS draft_title, d.source AS draft_source,
       d.hash AS draft_hash, d.person_id AS draft_person, d.person_name AS draft_name, d.saved_at, d.kept_at, x.custom_excerpt, x.caption, x.meta_title,
       x.meta_description, x.og_title, x.og_description, x.og_image, x.twitter_title, x.twitter_description,
       x.twitter_image, x.canonical_url, x.accent, x.code_head, x.code_foot, x.image_focus,
       COALESCE(x.comments_closed, FALSE) AS comments_closed, CASE WHEN b.object_id IS NULL THEN FALSE ELSE TRUE END AS binned
  FROM objects o LEFT JOIN revisions r ON r.id = o.revision_id LEFT JOIN drafts d ON d.object_id = o.id LEFT JOIN media m ON m.id = o.image_id
  LEFT JOIN object_meta x ON x.object_id = o.id LEFT JOIN bin b ON b.object_id = o.id
 WHERE o.id = :id AND o.type IN ('post', 'page');

-- The working copy alone: what an autosave compares itself with.
-- name: blog_draft
-- params: id int
-- row: version int, hash text, kept_at int
SELECT version, hash, kept_at FROM drafts WHERE object_id = :id;

-- Only on top of that version (0: there was none); nothing is changed otherwise.
-- name: blog_draft_put
-- params: id int, version int, title text, source text, hash text, person int, name text, now int, kept_at int
-- exec
INSERT INTO drafts (object_id, version, title, source, hash, person_id, person_name, saved_at, kept_at)
VALUES (:id, :version + 1, :title, :source, :hash, :person, :name, :now, :kept_at)
    ON CONFLICT (object_id) DO UPDATE
   SET version = excluded.version, title = excluded.title, source = excluded.source, hash = excluded.hash, person_id = excluded.person_id,
       person_name = excluded.person_name, saved_at = excluded.saved_at, kept_at = excluded.kept_at
 WHERE drafts.version = excluded.version - 1;

-- name: blog_edited
-- params: id int, now int
-- exec
UPDATE objects SET edited_at = :now WHERE id = :id;

-- What nobody reads yet bears the name that it is being given.
-- name: blog_draft_titled
-- params: id int, title text, now int
-- exec
UPDATE objects SET title = :title, edited_at = :now WHERE id = :id AND status = 'draft';

-- name: blog_object_settings
-- params: id int, slug text, visibility text, featured bool, lang text, image_id int?, image_url text, image_alt text, now int
-- exec
UPDATE objects
   SET slug = :slug, visibility = :visibility, featured = :featured, lang = :lang, image_id = :image_id, image_url = :image_url,
       image_alt = :image_alt, edited_at = :now, updated_at = CASE WHEN status = 'draft' THEN updated_at ELSE :now END
 WHERE id = :id;

-- name: blog_object_focus
-- params: id int, focus text
-- exec
UPDATE object_meta SET image_focus = :focus WHERE object_id = :id;

-- What readers see from now on.
-- name: blog_object_shown
-- params: id int, title text, excerpt text, reading_min int, revision_id int, now int
-- exec
UPDATE objects
   SET title = :title, excerpt = :excerpt, reading_min = :reading_min, revision_id = :revision_id, updated_at = :now, edited_at = :now
 WHERE id = :id;

-- name: blog_object_state
-- params: id int, status text, published_at int?, now int
-- exec
UPDATE objects SET status = :status, published_at = :published_at, updated_at = :now, edited_at = :now WHERE id = :id;

-- name: blog_revision_told
-- params: id int, kind text, person int?, name text
-- exec
UPDATE revisions SET kind = :kind, person_id = :person, person_name = :name WHERE id = :id;

-- Of the revisions that were made by themselves, the last few; what somebody saved stays.
-- name: blog_revisions_thin
-- params: id int, kept int
-- exec
DELETE FROM revisions
 WHERE object_id = :id AND kind = 'auto' AND id <> COALESCE((SELECT revision_id FROM objects WHERE id = :id), 0)
   AND id NOT IN (SELECT id FROM revisions WHERE object_id = :id AND kind = 'auto' ORDER BY created_at DESC, id DESC LIMIT :kept);

-- name: blog_author_of
-- params: person int
-- row: id int, slug text, title text
SELECT o.id, o.slug, o.title FROM author_people p JOIN objects o ON o.id = p.object_id WHERE p.person_id = :person;

-- An imported author of that address, whom nobody is yet.
-- name: blog_author_by_email
-- params: email text
-- row: id int
SELECT x.object_id AS id FROM author_profiles x LEFT JOIN author_people p ON p.object_id = x.object_id
 WHERE lower(x.email) = lower(:email) AND x.email <> '' AND p.person_id IS NULL ORDER BY x.object_id LIMIT 1;

-- name: blog_author_is
-- params: person int, object int
-- exec
INSERT INTO author_people (person_id, object_id) VALUES (:person, :object) ON CONFLICT DO NOTHING;

-- name: blog_author_forget
-- params: person int
-- exec
DELETE FROM author_people WHERE person_id = :person;

-- name: blog_wrote
-- params: id int, author int
-- row: n int
SELECT count(*) AS n FROM edges WHERE src = :id AND type = 'authored-by' AND dst = :author;

-- A topic by what it is called, or by its address.
-- name: blog_tag_named
-- params: name text, slug text
-- row: id int
SELECT id FROM objects WHERE type = 'tag' AND (lower(title) = lower(:name) OR slug = :slug) ORDER BY CASE WHEN slug = :slug THEN 0 ELSE 1 END, id LIMIT 1;

-- name: blog_media_by_path
-- params: path text
-- row: id int, path text, srcset text, width int, height int
SELECT id, path, srcset, width, height FROM media WHERE path = :path
UNION ALL
SELECT m.id, m.path, m.srcset, m.width, m.height FROM media_origins g JOIN media m ON m.id = g.media_id WHERE g.origin = :path
LIMIT 1;

-- name: blog_revisions_forget
-- params: person int
-- exec
UPDATE revisions SET person_id = NULL, person_name = '' WHERE person_id = :person;

-- name: blog_drafts_forget
-- params: person int
-- exec
UPDATE drafts SET person_id = NULL, person_name = '' WHERE person_id = :person;

-- name: blog_revision_plain
-- params: id int, plain text
-- exec
UPDATE revisions SET plain = :plain WHERE id = :id;

-- name: blog_object_excerpt
-- params: id int, excerpt text
-- exec
UPDATE objects SET excerpt = :excerpt WHERE id = :id;

-- name: blog_bin_put
-- params: id int, now int
-- exec
INSERT INTO bin (object_id, status, at) SELECT id, status, :now FROM objects WHERE id = :id AND type IN ('post', 'page') ON CONFLICT DO NOTHING;

-- name: blog_bin_get
-- params: id int
-- row: status text
SELECT status FROM bin WHERE object_id = :id;

-- name: blog_bin_drop
-- params: id int
-- exec
DELETE FROM bin WHERE object_id = :id;

-- Scheduled, and its time has come.
-- name: blog_due
-- params: id int, now int
-- row: id int
SELECT id FROM objects WHERE id = :id AND status = 'scheduled' AND published_at <= :now;

-- name: blog_revisions_count
-- params: id int
-- row: n int
SELECT count(*) AS n FROM revisions WHERE object_id = :id;

-- name: blog_revisions
-- params: id int, lim int
-- rows: id int, created_at int, kind text, person_name text, words int, shown bool
SELECT r.id, r.created_at, r.kind, r.person_name, r.words, CASE WHEN r.id = o.revision_id THEN TRUE ELSE FALSE END AS shown
  FROM revisions r JOIN objects o ON o.id = r.object_id WHERE r.object_id = :id ORDER BY r.created_at DESC, r.id DESC LIMIT :lim;

-- name: blog_revision
-- params: id int, object int
-- row: title text, format text, source text
SELECT title, format, source FROM revisions WHERE id = :id AND object_id = :object;

-- name: blog_preview_links
-- params: id int, now int, lim int
-- rows: id int, person_name text, ends_at int
SELECT id, person_name, ends_at FROM preview_links WHERE object_id = :id AND ends_at > :now ORDER BY created_at DESC, id DESC LIMIT :lim;

-- name: blog_preview_link_add
-- params: hash text, id int, object int, name text, now int, ends int
-- exec
INSERT INTO preview_links (hash, id, object_id, person_name, created_at, ends_at) VALUES (:hash, :id, :object, :name, :now, :ends);

-- name: blog_preview_link_drop
-- params: id int, object int
-- exec
DELETE FROM preview_links WHERE id = :id AND object_id = :object;

-- name: blog_preview_link
-- params: hash text, now int
-- row: object_id int
SELECT object_id FROM preview_links WHERE hash = :hash AND ends_at > :now;

-- name: blog_posts_of
-- params: author int
-- rows: title text, status text, slug text
SELECT o.title, o.status, o.slug FROM edges e JOIN objects o ON o.id = e.src
 WHERE e.dst = :author AND e.type = 'authored-by' AND o.type IN ('post', 'page') ORDER BY o.id;

-- name: blog_first_draft
-- row: id int
SELECT id FROM objects WHERE type = 'post' AND status = 'draft' ORDER BY id LIMIT 1;

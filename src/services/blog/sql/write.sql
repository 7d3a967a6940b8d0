-- Writing objects, their revisions and what belongs to them.

-- name: blog_object_by_origin
-- params: origin text
-- row: id int, type text, slug text, origin_hash text?, revision_id int?, published_at int?
SELECT id, type, slug, origin_hash, revision_id, published_at FROM objects WHERE origin = :origin;

-- name: blog_object_brief
-- params: id int
-- row: type text, slug text, title text
SELECT type, slug, title FROM objects WHERE id = :id;

-- name: blog_object_by_slug
-- params: type text, slug text
-- row: id int, origin text?
SELECT id, origin FROM objects WHERE type = :type AND slug = :slug;

-- name: blog_object_add
-- params: id int, type text, slug text, title text, status text, visibility text, featured bool, excerpt text, reading_min int,
--   lang text, template text, image_id int?, image_url text, image_alt text, created_at int, updated_at int,
--   published_at int?, origin text?, origin_hash text?
-- exec
INSERT INTO objects (id, type, slug, title, status, visibility, featured, excerpt, reading_min, lang, template, image_id,
                     image_url, image_alt, created_at, updated_at, published_at, origin, origin_hash, edited_at)
VALUES (:id, :type, :slug, :title, :status, :visibility, :featured, :excerpt, :reading_min, :lang, :template, :image_id,
        :image_url, :image_alt, :created_at, :updated_at, :published_at, :origin, :origin_hash, :updated_at);

-- name: blog_object_guid_put
-- params: id int, guid text
-- exec
UPDATE objects SET guid = :guid WHERE id = :id;

-- name: blog_object_change
-- params: id int, slug text, title text, status text, visibility text, featured bool, excerpt text, reading_min int, lang text,
--   template text, image_id int?, image_url text, image_alt text, updated_at int, published_at int?, origin_hash text?
-- exec
UPDATE objects
   SET slug = :slug, title = :title, status = :status, visibility = :visibility, featured = :featured, excerpt = :excerpt,
       reading_min = :reading_min, lang = :lang, template = :template, image_id = :image_id, image_url = :image_url,
       image_alt = :image_alt, updated_at = :updated_at, edited_at = :updated_at, published_at = :published_at, origin_hash = :origin_hash
 WHERE id = :id;

-- name: blog_object_remove
-- params: id int
-- exec
DELETE FROM objects WHERE id = :id;

-- name: blog_meta_put
-- params: id int, custom_excerpt text, caption text, meta_title text, meta_description text, og_title text,
--   og_description text, og_image text, twitter_title text, twitter_description text, twitter_image text,
--   canonical_url text, accent text, code_head text, code_foot text
-- exec
INSERT INTO object_meta (object_id, custom_excerpt, caption, meta_title, meta_description, og_title, og_description, og_image,
                         twitter_title, twitter_description, twitter_image, canonical_url, accent, code_head, code_foot)
VALUES (:id, :custom_excerpt, :caption, :meta_title, :meta_description, :og_title, :og_description, :og_image,
        :twitter_title, :twitter_description, :twitter_image, :canonical_url, :accent, :code_head, :code_foot)
    ON CONFLICT (object_id) DO UPDATE
   SET custom_excerpt = excluded.custom_excerpt, caption = excluded.caption, meta_title = excluded.meta_title,
       meta_description = excluded.meta_description, og_title = excluded.og_title, og_description = excluded.og_description,
       og_image = excluded.og_image, twitter_title = excluded.twitter_title,
       twitter_description = excluded.twitter_description, twitter_image = excluded.twitter_image,
       canonical_url = excluded.canonical_url, accent = excluded.accent, code_head = excluded.code_head,
       code_foot = excluded.code_foot;

-- name: blog_profile_put
-- params: id int, email text, role text, location text, website text, social text, cover_url text
-- exec
INSERT INTO author_profiles (object_id, email, role, location, website, social, cover_url)
VALUES (:id, :email, :role, :location, :website, :social, :cover_url)
    ON CONFLICT (object_id) DO UPDATE
   SET email = excluded.email, role = excluded.role, location = excluded.location, website = excluded.website,
       social = excluded.social, cover_url = excluded.cover_url;

-- name: blog_revision_add
-- params: id int, object_id int, created_at int, author_id int?, title text, format text, source text, html text,
--   html_member text?, html_public text?, html_preview text?, plain text, words int, hash text
-- exec
INSERT INTO revisions (id, object_id, created_at, author_id, title, format, source, html, html_member, html_public,
                       html_preview, plain, words, hash)
VALUES (:id, :object_id, :created_at, :author_id, :title, :format, :source, :html, :html_member, :html_public,
        :html_preview, :plain, :words, :hash);

-- name: blog_revision_current
-- params: object_id int, revision_id int
-- exec
UPDATE objects SET revision_id = :revision_id WHERE id = :object_id;

-- name: blog_revision_of
-- params: object_id int
-- row: id int, format text, source text, hash text, html text, plain text
SELECT r.id, r.format, r.source, r.hash, r.html, r.plain FROM objects o JOIN revisions r ON r.id = o.revision_id WHERE o.id = :object_id;

-- name: blog_media_by_hash
-- params: sha256 text
-- row: id int, path text, srcset text, width int, height int
SELECT id, path, srcset, width, height FROM media WHERE sha256 = :sha256;

-- name: blog_media_add
-- params: id int, sha256 text, type text, width int, height int, bytes int, path text, srcset text, now int
-- exec
INSERT INTO media (id, sha256, type, width, height, bytes, path, srcset, created_at)
VALUES (:id, :sha256, :type, :width, :height, :bytes, :path, :srcset, :now)
    ON CONFLICT (sha256) DO NOTHING;

-- name: blog_media_variant_add
-- params: media_id int, path text, format text, width int, height int, bytes int
-- exec
INSERT INTO media_variants (media_id, path, format, width, height, bytes)
VALUES (:media_id, :path, :format, :width, :height, :bytes)
    ON CONFLICT DO NOTHING;

-- name: blog_media_origin_put
-- params: origin text, media_id int
-- exec
INSERT INTO media_origins (origin, media_id) VALUES (:origin, :media_id)
    ON CONFLICT (origin) DO UPDATE SET media_id = excluded.media_id WHERE media_origins.media_id <> excluded.media_id;

-- name: blog_redirect_put
-- params: path text, target text, status int, now int
-- exec
INSERT INTO redirects (path, target, status, created_at) VALUES (:path, :target, :status, :now)
    ON CONFLICT (path) DO UPDATE SET target = excluded.target, status = excluded.status, deleted_at = NULL;

-- An address that is in use again leads nowhere else.
-- name: blog_redirect_drop
-- params: path text
-- exec
DELETE FROM redirects WHERE path = :path;

-- name: blog_import_add
-- params: id int, kind text, source text, at int, report text
-- exec
INSERT INTO imports (id, kind, source, at, report) VALUES (:id, :kind, :source, :at, :report);

-- name: blog_media_known
-- rows: origin text, id int, path text, srcset text, width int, height int
SELECT g.origin, m.id, m.path, m.srcset, m.width, m.height FROM media_origins g JOIN media m ON m.id = g.media_id ORDER BY g.origin;

-- Posts and pages may become each other; the slug is set aside until the new one is known to be free.
-- name: blog_object_retype
-- params: id int, type text, slug text
-- exec
UPDATE objects SET type = :type, slug = :slug WHERE id = :id;

-- name: blog_objects_count
-- params: type text
-- row: n int
SELECT count(*) AS n FROM objects WHERE type = :type;

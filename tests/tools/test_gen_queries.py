#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The query generator: what it makes, and that each mistake is refused with file, line and what was expected."""
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tools'))
import gen_queries  # noqa: E402

SCHEMA = '''\
    CREATE TABLE posts (
        id BIGINT PRIMARY KEY,
        title TEXT NOT NULL,
        body BYTEA,
        score DOUBLE PRECISION,
        featured BOOLEAN NOT NULL DEFAULT FALSE,
        published_at BIGINT
    );
    '''


class Generator(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = holder.name
        os.makedirs(os.path.join(self.root, 'platform'))
        os.makedirs(os.path.join(self.root, 'blog'))

    def put(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(textwrap.dedent(text))

    def sql(self, text, schema=SCHEMA):
        self.put('blog/migrations/0001_posts.sql', schema)
        self.put('blog/sql/posts.sql', '-- Posts.\n' + textwrap.dedent(text))

    def generate(self, owner='blog'):
        return gen_queries.generate(owner, os.path.join(self.root, owner), os.path.join(self.root, 'platform'))

    def refused(self, expected, where=None):
        with self.assertRaises(gen_queries.Problem) as caught:
            self.generate()
        message = str(caught.exception)
        self.assertIn(expected, message)
        if where:
            self.assertTrue(message.startswith(os.path.join(self.root, where) + ':'), message)


class Makes(Generator):
    def test_row(self):
        self.sql('''
            -- name: blog_post
            -- params: id int
            -- row: id int, title text, body blob?, score real?, featured bool, published_at int?
            SELECT id, title, body, score, featured, published_at FROM posts WHERE id = :id;
            ''')
        header, source, _ = self.generate()
        self.assertIn('\tint64_t id;\n\tstruct str title;\n\tstruct str body;\n\tdouble score;\n\tbool score_null;\n\tbool featured;'
                      '\n\tint64_t published_at;\n\tbool published_at_null;\n', header)
        self.assertIn('enum status q_blog_post(struct db_conn *c, int64_t id, struct blog_post_row **row /* NULL: none */, '
                      'struct err *e) MUST_CHECK;', header)
        self.assertIn('WHERE id = ?1"', source)
        self.assertIn('WHERE id = $1"', source)
        self.assertNotIn('.writes', source)
        self.assertNotIn('.anew', source)

    def test_exec_rows_and_nullable_parameters(self):
        self.sql('''
            -- name: blog_touch
            -- params: at int?, title text?
            -- exec
            UPDATE posts SET published_at = :at WHERE title = :title OR (:title IS NULL AND published_at < :at);

            -- name: blog_list
            -- params: n int
            -- rows: id int, total int
            SELECT id, count(*) OVER () AS total FROM posts LIMIT :n;
            ''')
        header, source, _ = self.generate()
        self.assertIn('q_blog_touch(struct db_conn *c, const int64_t *at, struct str title, int64_t *affected', header)
        self.assertIn('.null = !at, .i = at ? *at : 0', source)
        self.assertIn('published_at = ?1 WHERE title = ?2 OR (?2 IS NULL AND published_at < ?1)', source)
        self.assertIn('\t.writes = true,', source)
        self.assertIn('int64_t n_, struct blog_list_row **rows, size_t *n', header)
        self.assertIn('q_blog_list_each(', header)

    def test_overrides_and_literals(self):
        self.sql('''
            -- name: blog_claim
            -- params: id int
            -- rows: id int
            -- writes
            -- anew
            -- sqlite:
            SELECT id FROM posts WHERE title <> ':id ''-- :x' AND id > :id; -- :nobody
            -- postgres:
            SELECT id FROM posts WHERE id > :id::bigint /* :nobody */ FOR UPDATE SKIP LOCKED;
            ''')
        _, source, _ = self.generate()
        self.assertIn("':id ''-- :x' AND id > ?1", source)
        self.assertIn('id > $1::bigint', source)
        self.assertNotIn('nobody', source)
        self.assertIn('\t.anew = true,', source)

    def test_fts5_and_platform_tables(self):
        self.put('platform/migrations/0001_jobs.sql', 'CREATE TABLE jobs (id BIGINT PRIMARY KEY);')
        self.put('blog/migrations/0001_fts.sqlite.sql', 'CREATE VIRTUAL TABLE posts_fts USING fts5(title, body);')
        self.put('blog/migrations/0001_fts.postgres.sql', 'CREATE TABLE posts (tsv TSVECTOR);')
        self.put('blog/sql/a.sql', '''\
            -- Search.
            -- name: blog_search
            -- params: q text, lim int
            -- rows: title text, rank real
            -- sqlite:
            SELECT title, bm25(posts_fts) AS rank FROM posts_fts WHERE posts_fts MATCH :q ORDER BY rank LIMIT :lim;
            -- postgres:
            SELECT 'x', ts_rank(tsv, websearch_to_tsquery('simple', :q)) AS rank FROM posts LIMIT :lim;

            -- name: blog_jobs
            -- row: n int
            SELECT count(*) AS n FROM jobs;
            ''')
        _, source, depends = self.generate()
        self.assertIn('MATCH ?1', source)
        self.assertIn('USING fts5', source)
        self.assertIn('TSVECTOR', source)
        self.assertIn(os.path.join(self.root, 'platform/migrations/0001_jobs.sql'), depends)

    def test_empty_owner(self):
        header, source, _ = self.generate('platform')
        self.assertIn('platform_queries[]', header)
        self.assertIn('const struct db_migration_set platform_migrations = { .owner = "platform" };', source)

    def test_types_are_translated(self):
        self.sql('')
        _, source, _ = self.generate()
        sqlite, postgres = source.split('[DB_POSTGRES] =')
        self.assertIn('id INTEGER PRIMARY KEY', sqlite)
        self.assertIn('body BLOB', sqlite)
        self.assertIn('id BIGINT PRIMARY KEY', postgres)
        self.assertIn('body BYTEA', postgres)

    def test_deterministic_and_compiles(self):
        self.sql('''
            -- name: blog_post
            -- params: q text, default bool?, raw blob, x real
            -- rows: id int, title text?
            SELECT id, title FROM posts WHERE title = :q OR featured = :default OR body = :raw OR score > :x
                OR title = 'a\\b"c??/';
            ''')
        self.assertEqual(self.generate(), self.generate())
        gen = os.path.join(self.root, 'gen')
        os.makedirs(gen)
        command = [sys.executable, os.path.join(ROOT, 'tools/gen_queries.py'), '--owner', 'blog', '--dir', self.root + '/blog',
                   '--base', self.root + '/platform', '--c', gen + '/blog_sql.c', '--h', gen + '/blog_sql.h',
                   '--depfile', gen + '/blog_sql.d']
        subprocess.run(command, check=True)
        with open(gen + '/blog_sql.d', encoding='utf-8') as file:
            self.assertIn('sql/posts.sql', file.read())
        before = os.stat(gen + '/blog_sql.h').st_mtime_ns
        subprocess.run(command, check=True)
        self.assertEqual(before, os.stat(gen + '/blog_sql.h').st_mtime_ns)
        subprocess.run([os.environ.get('CC', 'gcc').split()[-1], '-std=gnu17', '-Wall', '-Wextra', '-Wno-missing-field-initializers',
                        '-Werror', '-fsyntax-only', '-I', os.path.join(ROOT, 'src'), '-I', self.root, gen + '/blog_sql.c'], check=True)

    def test_command_reports_and_fails(self):
        self.sql('-- name: blog_x\n-- row: a int\nSELECT wrong AS a FROM posts;\n')
        result = subprocess.run([sys.executable, os.path.join(ROOT, 'tools/gen_queries.py'), '--owner', 'blog', '--dir',
                                 self.root + '/blog', '--c', '/dev/null', '--h', '/dev/null'],
                                stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn('posts.sql:4: blog_x: SQLite: no such column: wrong', result.stderr)


class Lists(Generator):
    LIST = '''
        -- name: blog_posts
        -- params: least real
        -- list: id int, title text, published_at int?
        -- sorts: published_at, title
        SELECT id, title, published_at FROM posts WHERE score >= :least;
        '''

    def test_a_statement_for_each_order_and_its_next_page(self):
        self.sql(self.LIST)
        header, source, _ = self.generate()
        self.assertIn('enum status q_blog_posts(struct db_conn *c, double least, const struct db_page *page, struct blog_posts_row **rows', header)
        self.assertIn('enum status q_blog_posts_each(struct db_conn *c, double least, const struct db_page *page, enum status (*row)(void *arg, const void *row)', header)
        self.assertEqual(source.count('static struct db_query blog_posts_'), 8)
        for text in ('ORDER BY COALESCE(l.published_at, 0), l.id LIMIT ?2', 'ORDER BY COALESCE(l.published_at, 0) DESC, l.id DESC LIMIT ?4',
                     'WHERE (LOWER(l.title), l.id) > (LOWER(?2), ?3)', 'WHERE (LOWER(l.title), l.id) < (LOWER($2), $3)'):
            self.assertIn(text, source)

    def test_what_a_list_must_say(self):
        for wrong, message in ((('-- sorts: published_at, title', '--'), 'a list says what it can be sorted by'),
                               (('published_at, title', 'published_at, tilte'), 'names "tilte", which is no int or text column'),
                               (('id int, title text, published_at int?', 'published_at int?, title text, id int'), 'the first column of a list is its key'),
                               (('score >= :least', 'scroe >= :least'), 'scroe')):
            self.sql(self.LIST.replace(*wrong))
            self.refused(message)


class Shares(Generator):
    def test_a_row_of_another_query(self):
        self.sql("""
            -- name: blog_a
            -- row: id int, title text
            SELECT id, title FROM posts LIMIT 1;

            -- name: blog_b
            -- rows: like blog_a
            SELECT id, title FROM posts;
            """)
        header, _, _ = self.generate()
        self.assertEqual(header.count('struct blog_a_row {'), 1)
        self.assertNotIn('blog_b_row', header)
        self.assertIn('enum status q_blog_b(struct db_conn *c, struct blog_a_row **rows, size_t *n, struct err *e)', header)

    def test_of_none(self):
        self.sql('-- name: blog_b\n-- rows: like blog_c\nSELECT id FROM posts;\n')
        self.refused('"like blog_c": no query of that name')


class Refuses(Generator):
    def query(self, text, expected, line=None):
        self.sql(text)
        self.refused(expected, f'blog/sql/posts.sql:{line}' if line else 'blog/sql/posts.sql')

    def test_as_many_parameters_as_a_statement_has(self):
        for n in (255, 256):
            names = [f'p{i}' for i in range(n)]
            self.sql(f'''
                -- name: blog_many
                -- params: {', '.join(f'{name} int' for name in names)}
                -- exec
                DELETE FROM posts WHERE id IN ({', '.join(f':{name}' for name in names)});
                ''')
            if n == 255:
                self.assertIn('.param_count = 255,', self.generate()[1])
            else:
                self.refused('256 are too many, at most 255', 'blog/sql/posts.sql')

    def test_misspelt_column_with_its_line(self):
        self.query('-- name: blog_x\n-- row: id int\nSELECT id\n-- a comment\nFROM posts\nWHERE titel = 1;\n', 'no such column: titel', 7)

    def test_number_of_columns(self):
        self.query('-- name: blog_x\n-- row: id int\nSELECT id, title FROM posts;\n', 'declares 1 columns (id) but the statement gives 2', 3)

    def test_order_of_columns(self):
        self.query('-- name: blog_x\n-- row: title text, id int\nSELECT id, title FROM posts;\n', 'column 1 is declared as "title"', 3)

    def test_type_of_column(self):
        self.query('-- name: blog_x\n-- row: id text\nSELECT id FROM posts;\n', 'declared text but the table says', 3)

    def test_undeclared_parameter(self):
        self.query('-- name: blog_x\n-- params: slug text\n-- row: id int\nSELECT id FROM posts WHERE title = :slgu;\n',
                   '":slgu" is not declared, is ":slug" meant?', 5)

    def test_unused_parameter(self):
        self.query('-- name: blog_x\n-- params: slug text\n-- row: id int\nSELECT id FROM posts;\n', 'declared but not used', 3)

    def test_override_is_checked_for_parameters(self):
        self.query('-- name: blog_x\n-- params: a int\n-- row: id int\n-- sqlite:\nSELECT id FROM posts WHERE id = :a;\n'
                   '-- postgres:\nSELECT id FROM posts;\n', 'declared but not used')

    def test_undeclared_write(self):
        self.query('-- name: blog_x\n-- row: id int\nDELETE FROM posts RETURNING id;\n', 'add the line "-- writes"', 2)

    def test_exec_with_columns(self):
        self.query('-- name: blog_x\n-- exec\nSELECT id FROM posts;\n', 'is "exec" but gives 1 columns')

    def test_two_statements(self):
        self.query('-- name: blog_x\n-- exec\nDELETE FROM posts;\nDELETE FROM posts;\n', 'one statement', 5)

    def test_no_statement(self):
        self.query('-- name: blog_x\n-- exec\n', 'there is no SQL for sqlite', 2)

    def test_no_shape(self):
        self.query('-- name: blog_x\nDELETE FROM posts;\n', 'expected one of "-- row: …"', 2)

    def test_two_shapes(self):
        self.query('-- name: blog_x\n-- exec\n-- row: id int\nSELECT id FROM posts;\n', 'only one of row, rows, list, exec', 4)

    def test_unknown_directive(self):
        self.query('-- name: blog_x\n-- parms: id int\n-- exec\nDELETE FROM posts;\n', 'is "params" meant?', 3)

    def test_unknown_type(self):
        self.query('-- name: blog_x\n-- row: id integer\nSELECT id FROM posts;\n', 'unknown type "integer"', 3)

    def test_bad_field(self):
        self.query('-- name: blog_x\n-- row: id\nSELECT id FROM posts;\n', 'expected "<name> <type>"', 3)

    def test_doubled_name(self):
        self.query('-- name: blog_x\n-- exec\nDELETE FROM posts;\n-- name: blog_x\n-- exec\nDELETE FROM posts;\n', 'is taken by', 5)

    def test_foreign_name(self):
        self.query('-- name: post\n-- exec\nDELETE FROM posts;\n', 'are named blog_…', 2)

    def test_numbered_parameter(self):
        self.query('-- name: blog_x\n-- exec\nDELETE FROM posts WHERE id = $1;\n', 'write parameters as ":name"', 4)

    def test_sql_without_name(self):
        self.query('DELETE FROM posts;\n', 'before the first', 2)

    def test_missing_opening_comment(self):
        self.put('blog/sql/posts.sql', '-- name: blog_x\n-- exec\nDELETE FROM posts;\n')
        self.refused('expected a comment that says what', 'blog/sql/posts.sql:1')

    def test_migration_error_has_its_line(self):
        self.put('blog/migrations/0001_a.sql', 'CREATE TABLE a (x BIGINT);\n\nCREATE TABLE b (\n    y BIGINT,,\n);\n')
        self.refused('SQLite: near ","', 'blog/migrations/0001_a.sql:4')

    def test_migration_error_when_run(self):
        self.put('blog/migrations/0001_a.sql', 'CREATE TABLE a (x BIGINT NOT NULL);\n\nINSERT INTO a VALUES (NULL);\n')
        self.refused('NOT NULL constraint failed', 'blog/migrations/0001_a.sql:3')

    def test_migration_gap(self):
        self.put('blog/migrations/0001_a.sql', 'CREATE TABLE a (x BIGINT);\n')
        self.put('blog/migrations/0003_b.sql', 'CREATE TABLE b (x BIGINT);\n')
        self.refused('expected number 0002', 'blog/migrations/0003_b.sql')

    def test_migration_number_twice(self):
        self.put('blog/migrations/0001_a.sql', 'CREATE TABLE a (x BIGINT);\n')
        self.put('blog/migrations/0001_b.sql', 'CREATE TABLE b (x BIGINT);\n')
        self.refused('number 0001 is taken by', 'blog/migrations/0001_b.sql')

    def test_migration_name(self):
        self.put('blog/migrations/first.sql', 'CREATE TABLE a (x BIGINT);\n')
        self.refused('expected a file name like', 'blog/migrations/first.sql')

    def test_migration_for_one_engine_only(self):
        self.put('blog/migrations/0001_a.sqlite.sql', 'CREATE TABLE a (x BIGINT);\n')
        self.refused('there is no postgres text', 'blog/migrations/0001_a.sqlite.sql')

    def test_migration_with_its_own_transaction(self):
        self.put('blog/migrations/0001_a.sql', 'CREATE TABLE a (x BIGINT);\nBEGIN;\nCOMMIT;\n')
        self.refused('wraps each migration', 'blog/migrations/0001_a.sql:2')


if __name__ == '__main__':
    unittest.main()

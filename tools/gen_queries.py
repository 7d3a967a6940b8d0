#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles named SQL queries and migrations to typed C. The formats: docs/howto/query.md, docs/howto/migration.md.

    gen_queries.py --owner blog --dir src/services/blog --base src/platform --c blog_sql.c --h blog_sql.h [--depfile F]

Each query is prepared on a SQLite database that has been migrated with the base's migrations and then the owner's, so that
a misspelt column, a wrong number of columns or a missing parameter stops the build. PostgreSQL's texts are prepared by
tests/store. The output is a pure function of the .sql files.
"""
import argparse
import difflib
import os
import re
import sys

import sqlite_check
from gen_output import write_if_changed

ENGINES = ('sqlite', 'postgres')
C_TYPES = {'int': 'int64_t', 'real': 'double', 'bool': 'bool', 'text': 'struct str', 'blob': 'struct str'}
DB_TYPES = {'int': 'DB_INT', 'real': 'DB_REAL', 'bool': 'DB_BOOL', 'text': 'DB_TEXT', 'blob': 'DB_BLOB'}
DECLARED = {  # what a table's column may be declared as to be read as…
    'int': {'BIGINT', 'INTEGER', 'INT', 'SMALLINT'},
    'real': {'DOUBLE PRECISION', 'REAL'},
    'bool': {'BOOLEAN'},
    'text': {'TEXT', 'VARCHAR', 'CHAR'},
    'blob': {'BLOB'},
}
DIRECTIVES = ('name', 'params', 'row', 'rows', 'list', 'sorts', 'exec', 'writes', 'anew', 'sqlite', 'postgres')
# Names that a generated function uses itself, and words of C: a parameter or column of that name gets a `_` behind.
TAKEN = set('''c e row rows n arg affected p r s q page auto break case char const continue default do double else enum extern float
    for goto if inline int long register restrict return short signed sizeof static struct switch typedef union unsigned void
    volatile while bool true false NULL'''.split())
KEYWORDS = TAKEN - set('c e row rows n arg affected p r s q page'.split())
MAX_COLUMNS = 255


class Problem(Exception):
    def __init__(self, path, line, message):
        super().__init__(f'{path}:{line}: {message}')


class Field:
    """One parameter or column: `published_at int?`."""

    def __init__(self, name, kind, nullable):
        self.name, self.kind, self.nullable = name, kind, nullable


class Query:
    def __init__(self, path, line, name):
        self.path, self.line, self.name = path, line, name
        self.params, self.fields = [], []
        self.params_line = self.fields_line = line
        self.shape = None  # row, rows, list, exec
        self.sorts = []    # of a list: the columns that it can be in the order of
        self.writes = False
        self.anew = False
        self.like = None   # name of the query whose row struct it shares
        self.text = {}     # None (both), sqlite, postgres → (first line, [lines])

    @property
    def row(self):
        return self.like or self.name

    def problem(self, message, line=None):
        return Problem(self.path, line or self.line, message)


# --- reading ---------------------------------------------------------------------------------------------------------

def parse_fields(query, text, line):
    fields, seen = [], set()
    for part in text.split(','):
        words = part.split()
        if len(words) != 2:
            raise query.problem(f'expected "<name> <type>" between the commas, found "{part.strip()}"', line)
        name, kind = words
        nullable = kind.endswith('?')
        kind = kind.rstrip('?')
        if not re.fullmatch(r'[a-z][a-z0-9_]*', name):
            raise query.problem(f'"{name}" is not a name (lower-case letters, digits, _)', line)
        if kind not in C_TYPES:
            raise query.problem(f'unknown type "{kind}" of "{name}", expected one of {", ".join(C_TYPES)}', line)
        if name in seen:
            raise query.problem(f'"{name}" is declared twice', line)
        seen.add(name)
        fields.append(Field(name, kind, nullable))
    if len(fields) > MAX_COLUMNS:
        raise query.problem(f'{len(fields)} are too many, at most {MAX_COLUMNS}', line)
    return fields


def directive_of(line):
    """("params", "slug text") of a directive line, (None, …) of any other comment."""
    match = re.fullmatch(r'--\s*([a-z]+)\s*(:)?\s*(.*?)\s*', line)
    if not match:
        return None, None
    word, colon, rest = match.groups()
    if word in ('exec', 'writes', 'anew'):
        return (word, rest) if not rest or colon else (None, None)
    return (word, rest) if colon else (None, None)


class Reader:
    """Reads one .sql file into queries."""

    def __init__(self, path, lines):
        self.path, self.lines, self.at = path, lines, 0
        self.queries, self.query, self.engine, self.expect_more = [], None, None, None

    def read(self):
        for self.at, raw in enumerate(self.lines, 1):
            line = raw.rstrip()
            if line.startswith('--'):
                self.comment(line)
            elif self.query:
                self.body(line)
            elif line.strip():
                raise Problem(self.path, self.at, 'SQL before the first "-- name: …" line')
        return self.queries

    def comment(self, line):
        if self.expect_more:  # a list that ended in a comma goes on
            self.fields(self.expect_more, line[2:].strip())
            return
        word, rest = directive_of(line)
        if word not in DIRECTIVES and self.query and self.engine in self.query.text:
            self.query.text[self.engine][1].append('')  # keeps the count of lines
            return
        if word is None:
            return
        if word not in DIRECTIVES:
            near = difflib.get_close_matches(word, DIRECTIVES, 1, 0.7)
            if near and self.query:
                raise Problem(self.path, self.at, f'unknown directive "{word}:", is "{near[0]}" meant?')
            return
        if word == 'name':
            self.begin(rest)
        elif not self.query:
            raise Problem(self.path, self.at, f'"{word}" before the first "-- name: …" line')
        else:
            self.apply(word, rest)

    def begin(self, name):
        if not re.fullmatch(r'[a-z][a-z0-9_]*', name):
            raise Problem(self.path, self.at, f'expected "-- name: <lower_case_name>", found "{name}"')
        self.query, self.engine = Query(self.path, self.at, name), None
        self.queries.append(self.query)

    def apply(self, word, rest):
        query = self.query
        if word in ENGINES:
            if rest:
                raise query.problem(f'"-- {word}:" stands alone on its line, found "{rest}" behind it', self.at)
            if word in query.text:
                raise query.problem(f'a second "-- {word}:" in {query.name}', self.at)
            self.engine = word
            query.text[word] = (self.at + 1, [])
        elif query.text:
            raise query.problem(f'"-- {word}" must stand before the SQL of {query.name}', self.at)
        elif word == 'writes':
            query.writes = True
        elif word == 'anew':
            query.anew = True
        elif word == 'params':
            self.fields('params', rest)
        elif word == 'sorts':
            query.sorts = [name.strip() for name in rest.split(',')]
        else:
            if query.shape:
                raise query.problem(f'{query.name} has "{query.shape}" already, only one of row, rows, list, exec', self.at)
            query.shape = word
            if word == 'exec':
                query.writes = True
            elif re.fullmatch(r'like [a-z][a-z0-9_]*', rest):
                query.like, query.fields_line = rest.split()[1], self.at
            else:
                self.fields('row', rest)

    def fields(self, which, text):
        query = self.query
        self.expect_more = which if text.endswith(',') else None
        fields = parse_fields(query, text.rstrip(','), self.at)
        known = query.params if which == 'params' else query.fields
        for field in fields:
            if any(field.name == other.name for other in known):
                raise query.problem(f'"{field.name}" is declared twice', self.at)
        known.extend(fields)
        if which == 'params':
            query.params_line = self.at
        else:
            query.fields_line = self.at

    def body(self, line):
        self.expect_more = None
        if not line.strip() and self.engine not in self.query.text:
            return
        self.query.text.setdefault(self.engine, (self.at, []))[1].append(line)


TOKEN = re.compile(r"""
    (?P<skip> '(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | :: )
  | :(?P<param>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<dollar>\$[0-9]+|\?[0-9]*)
""", re.X | re.S)


def numbered(query, sql, first_line, mark):
    """The text with :name replaced by mark and number; comments dropped. Checks that names and declarations agree."""
    number = {field.name: i for i, field in enumerate(query.params, 1)}
    used = set()

    def replace(match):
        line = first_line + sql.count('\n', 0, match.start())
        if match['param'] is not None:
            name = match['param']
            if name not in number:
                near = difflib.get_close_matches(name, number, 1)
                hint = f', is ":{near[0]}" meant?' if near else f'; declare it: "-- params: … {name} <type>"'
                raise query.problem(f'{query.name}: parameter ":{name}" is not declared{hint}', line)
            used.add(name)
            return f'{mark}{number[name]}'
        if match['dollar'] and not (match['dollar'] == '?' and mark == '$'):  # jsonb has an operator ?
            raise query.problem(f'{query.name}: write parameters as ":name", not "{match["dollar"]}"', line)
        token = match[0]
        if token.startswith('--') or token.startswith('/*'):
            return '\n' * token.count('\n')  # lines stay where they are
        return token

    text = TOKEN.sub(replace, sql)
    for field in query.params:
        if field.name not in used:
            raise query.problem(f'{query.name}: parameter "{field.name}" is declared but not used', query.params_line)
    return text


def sort_value(field, name):
    """What a list is ordered by: NULL comes first, letters of either case stand together."""
    if field.kind == 'text':
        return f"LOWER(COALESCE({name}, ''))" if field.nullable else f'LOWER({name})'
    return f'COALESCE({name}, 0)' if field.nullable else name


def turns_of(query):
    """A list's statements: for each order, up and down, its beginning and what comes behind a row (struct db_page)."""
    known = {field.name: field for field in query.fields}
    for name in query.sorts:
        if name not in known or known[name].kind not in ('int', 'text'):
            raise query.problem(f'{query.name}: "-- sorts:" names "{name}", which is no int or text column of the list')
    if not query.sorts:
        raise query.problem(f'{query.name}: a list says what it can be sorted by: "-- sorts: created_at, name"')
    if query.fields[0].kind not in ('int', 'text') or query.fields[0].nullable:
        raise query.problem(f'{query.name}: the first column of a list is its key')
    for name in query.sorts:
        for word, mark in (('', '>'), (' DESC', '<')):
            for next_ in (False, True):
                yield turn_of(query, known[name], word, mark, next_)


def turn_of(query, by, word, mark, next_):
    key = query.fields[0]
    turn = Query(query.path, query.line, query.name)
    turn.like = query.like
    turn.shape, turn.fields, turn.fields_line, turn.params_line = 'rows', query.fields, query.fields_line, query.params_line
    turn.params = query.params + [Field('from_at', by.kind, False), Field('from_key', key.kind, False)] * next_ + [Field('lim', 'int', False)]
    value = sort_value(by, f'l.{by.name}')
    where = f' WHERE ({value}, l.{key.name}) {mark} ({sort_value(Field(by.name, by.kind, False), ":from_at")}, :from_key)' if next_ else ''
    order = f'{value}{word}' if by is key else f'{value}{word}, l.{key.name}{word}'
    for engine, (first, lines) in query.text.items():
        body = '\n'.join(lines).strip().rstrip(';')
        columns = ', '.join(f'l.{field.name}' for field in query.fields)
        turn.text[engine] = (first, f'SELECT {columns} FROM ({body}) l{where}\n ORDER BY {order} LIMIT :lim'.split('\n'))
    finish(turn)
    return turn


def finish(query):
    """Completes a query: its SQL for each engine."""
    if not query.shape:
        raise query.problem(f'{query.name}: expected one of "-- row: …", "-- rows: …", "-- list: …" or "-- exec"')
    if query.shape == 'list':
        query.turns = list(turns_of(query))
        return
    query.sql, query.sql_line = {}, {}
    for engine, mark in zip(ENGINES, '?$'):
        chosen = query.text.get(engine) or query.text.get(None)
        if not chosen or not any(line.strip() for line in chosen[1]):
            raise query.problem(f'{query.name}: there is no SQL for {engine}')
        first, lines = chosen
        text = numbered(query, '\n'.join(lines), first, mark).rstrip()
        query.sql[engine] = text[:-1].rstrip() if text.endswith(';') else text
        query.sql_line[engine] = first


def share_row(query, seen):
    """`-- rows: like other`: the columns of another query, and its struct."""
    other = seen.get(query.like)
    if not other or not other.fields or other.like:
        raise query.problem(f'{query.name}: "like {query.like}": no query of that name, with columns of its own, stands before it')
    query.fields = other.fields


def read_queries(owner, folder, depends):
    queries, seen = [], {}
    for path in listed(folder, depends):
        with open(path, encoding='utf-8') as file:
            lines = file.read().split('\n')
        if not lines[0].startswith('--') or directive_of(lines[0])[0] in DIRECTIVES:
            raise Problem(path, 1, 'expected a comment that says what the queries of this file are about')
        for query in Reader(path, lines).read():
            if owner != 'platform' and not query.name.startswith(owner + '_'):
                raise query.problem(f'queries of {owner} are named {owner}_…, found "{query.name}"')
            if query.name in seen:
                other = seen[query.name]
                raise query.problem(f'"{query.name}" is taken by {other.path}:{other.line}')
            seen[query.name] = query
            if query.like:
                share_row(query, seen)
            finish(query)
            queries.append(query)
    return queries


def listed(folder, depends):
    """The .sql files of a folder, sorted; the folder may be missing."""
    if not os.path.isdir(folder):
        depends.append(os.path.dirname(folder))
        return []
    depends.append(folder)
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith('.sql')]
    depends.extend(paths)
    return paths


# --- migrations ------------------------------------------------------------------------------------------------------

class Migration:
    def __init__(self, number, name):
        self.number, self.name, self.path, self.sql = number, name, {}, {}


def to_sqlite(sql):
    """The portable type names in SQLite's words. Lines stay where they are."""
    sql = re.sub(r'\bBYTEA\b', 'BLOB', sql, flags=re.I)
    # Only INTEGER PRIMARY KEY is the row's own key; BIGINT would cost a second index.
    return re.sub(r'\bBIGINT(\s+(?:NOT\s+NULL\s+)?PRIMARY\s+KEY)', r'INTEGER\1', sql, flags=re.I)


def read_migrations(folder, depends):
    found = {}
    for path in listed(folder, depends):
        base = os.path.basename(path)
        match = re.fullmatch(r'(\d{4})_([a-z0-9_]+)(?:\.(sqlite|postgres))?\.sql', base)
        if not match:
            raise Problem(path, 1, 'expected a file name like 0001_what.sql, 0001_what.sqlite.sql, 0001_what.postgres.sql')
        number, name, engine = int(match[1]), match[2], match[3]
        migration = found.setdefault(number, Migration(number, name))
        if migration.name != name:
            raise Problem(path, 1, f'number {number:04} is taken by {next(iter(migration.path.values()))}')
        migration.path[engine] = path
    for expected, number in enumerate(sorted(found), 1):
        if number != expected:
            raise Problem(next(iter(found[number].path.values())), 1, f'expected number {expected:04}: no gaps')
        load_migration(found[number])
    return [found[number] for number in sorted(found)]


def load_migration(migration):
    for engine in ENGINES:
        path = migration.path.get(engine) or migration.path.get(None)
        if not path:
            raise Problem(next(iter(migration.path.values())), 1,
                          f'there is no {engine} text: add {migration.number:04}_{migration.name}.{engine}.sql or the plain file')
        with open(path, encoding='utf-8') as file:
            sql = file.read()
        if not sql.strip():
            raise Problem(path, 1, 'the migration is empty')
        statement = re.search(r'^\s*(BEGIN|COMMIT|ROLLBACK)\s*(TRANSACTION)?\s*;', sql, re.I | re.M)
        if statement:
            raise Problem(path, sql.count('\n', 0, statement.start(1)) + 1,
                          f'{statement[1].upper()}: the migrator wraps each migration in a transaction itself')
        own = engine in migration.path
        migration.sql[engine] = to_sqlite(sql) if engine == 'sqlite' and not own else sql


def migrate(schema, migrations):
    for migration in migrations:
        sql = migration.sql['sqlite']
        try:
            schema.run(sql.replace("tokenize = 'words'", "tokenize = 'unicode61'"))  # which the program adds: src/db/sqlite_words.c
        except sqlite_check.SqlError as error:
            path = migration.path.get('sqlite') or migration.path[None]
            line = sql.count('\n', 0, max(error.offset, 0)) + 1
            raise Problem(path, line, f'SQLite: {error}') from None


# --- checking --------------------------------------------------------------------------------------------------------

def check(schema, query):
    if query.shape == 'list':
        for turn in query.turns:
            check(schema, turn)
        return
    sql = query.sql['sqlite']
    try:
        statement = schema.check(sql)
    except sqlite_check.SqlError as error:
        line = query.sql_line['sqlite'] + sql.count('\n', 0, max(error.offset, 0))
        raise query.problem(f'{query.name}: SQLite: {error}', line) from None
    if not statement.readonly and not query.writes:
        raise query.problem(f'{query.name} changes data: add the line "-- writes"')
    columns = statement.columns
    if query.shape == 'exec':
        if columns:
            raise query.problem(f'{query.name} is "exec" but gives {len(columns)} columns: declare "-- row: …" or "-- rows: …"')
        return
    if len(columns) != len(query.fields):
        raise query.problem(f'{query.name} declares {len(query.fields)} columns ({", ".join(f.name for f in query.fields)}) '
                            f'but the statement gives {len(columns)} ({", ".join(name for name, _ in columns)})',
                            query.fields_line)
    for i, (field, (name, declared)) in enumerate(zip(query.fields, columns), 1):
        check_column(query, i, field, name, declared)


def check_column(query, i, field, name, declared):
    if re.fullmatch(r'[a-z][a-z0-9_]*', name) and name != field.name:
        raise query.problem(f'{query.name}: column {i} is declared as "{field.name}" but the statement gives "{name}" '
                            f'(write "… AS {field.name}" if that is meant)', query.fields_line)
    if not declared:  # an expression: SQLite can not say
        return
    declared = re.sub(r'\s*\(.*\)', '', declared.upper()).strip()
    if any(declared in names for names in DECLARED.values()) and declared not in DECLARED[field.kind]:
        raise query.problem(f'{query.name}: column {i}, "{field.name}", is declared {field.kind} but the table says {declared}',
                            query.fields_line)


# --- writing ---------------------------------------------------------------------------------------------------------

def c_string(text, indent):
    """One C literal per line, byte for byte: migrations are compared by checksum."""
    out = []
    for line in text.split('\n'):
        line = line.replace('\\', '\\\\').replace('"', '\\"').replace('\t', '\\t').replace('\r', '\\r').replace('??', '?\\?')
        out.append(f'{indent}"{line}\\n"')
    if len(out) > 1 and text.endswith('\n'):
        out.pop()
    else:
        out[-1] = out[-1][:-3] + '"'
    return '\n'.join(out)


def compact(sql):
    """Without the empty lines that comments leave behind, unless one may stand inside a literal."""
    return sql if "'" in sql else '\n'.join(line.rstrip() for line in sql.split('\n') if line.strip())


def param_name(field):
    return field.name + '_' if field.name in TAKEN else field.name


def column_name(field):
    return field.name + '_' if field.name in KEYWORDS else field.name


def param_list(query):
    out = ''
    for field in query.params:
        kind = C_TYPES[field.kind]
        if field.kind in ('text', 'blob'):
            out += f', {kind} {param_name(field)}'
        elif field.nullable:
            out += f', const {kind} *{param_name(field)}'
        else:
            out += f', {kind} {param_name(field)}'
    return out


def param_value(field):
    name, head = param_name(field), f'.type = {DB_TYPES[field.kind]}'
    member = {'int': 'i', 'real': 'd', 'bool': 'b'}.get(field.kind, 's')
    if member == 's':
        null = f'.null = !{name}.p, ' if field.nullable else ''
        return f'{{ {head}, {null}.s = {name} }}'
    if field.nullable:
        return f'{{ {head}, .null = !{name}, .{member} = {name} ? *{name} : 0 }}'
    return f'{{ {head}, .{member} = {name} }}'


def signature(query, each=False):
    page = ', const struct db_page *page' if query.shape == 'list' else ''
    head = f'enum status q_{query.name}{"_each" if each else ""}(struct db_conn *c{param_list(query)}{page}, '
    struct = f'struct {query.row}_row'
    if each:
        kind = 'void' if query.shape == 'list' else struct
        return head + f'enum status (*row)(void *arg, const {kind} *row), void *arg, struct err *e)'
    if query.shape == 'exec':
        return head + 'int64_t *affected /* or NULL */, struct err *e)'
    if query.shape == 'row':
        return head + f'{struct} **row /* NULL: none */, struct err *e)'
    return head + f'{struct} **rows, size_t *n, struct err *e)'


def emit_header(owner, queries):
    guard = f'GH_GEN_{owner.upper()}_SQL_H'
    out = [f'/* Made by tools/gen_queries.py from the sql/ and migrations/ of {owner}. Do not edit. */', f'#ifndef {guard}',
           f'#define {guard}', '', '#include "db/db.h"', '']
    for query in queries:
        if query.shape != 'exec' and not query.like:
            out.append(f'struct {query.row}_row {{')
            for field in query.fields:
                out.append(f'\t{C_TYPES[field.kind]} {column_name(field)};')
                if field.nullable and field.kind not in ('text', 'blob'):
                    out.append(f'\tbool {field.name}_null;')
            out.append('};')
        out.append(signature(query) + ' MUST_CHECK;')
        if query.shape in ('rows', 'list'):
            out.append(signature(query, each=True) + ' MUST_CHECK;')
        out.append('')
    out += ['/* Ends with NULL. */', f'extern struct db_query *const {owner}_queries[];',
            f'extern const struct db_migration_set {owner}_migrations;', '', '#endif', '']
    return '\n'.join(out)


def param_types(name, params):
    return [f'static const enum db_type {name}_params[] = {{ {", ".join(DB_TYPES[f.kind] for f in params)} }};'] if params else []


def emit_columns(query):
    name, struct = query.name, f'struct {query.row}_row'
    out = []
    if query.fields:
        out.append(f'static const struct db_col {name}_cols[] = {{')
        for field in query.fields:
            null = f', .null_offset = offsetof({struct}, {field.name}_null)' \
                if field.nullable and field.kind not in ('text', 'blob') else ''
            nullable = ', .nullable = true' if field.nullable else ''
            out.append(f'\t{{ .name = "{field.name}", .type = {DB_TYPES[field.kind]}, '
                       f'.offset = offsetof({struct}, {column_name(field)}){nullable}{null} }},')
        out += ['};', f'_Static_assert(sizeof({struct}) <= UINT16_MAX, "row too large");']
    return out


def emit_statement(query, symbol):
    name, struct = query.name, f'struct {query.row}_row'
    out = param_types(symbol, query.params)
    out += [f'static struct db_query {symbol}_query = {{', f'\t.name = "{symbol}",', '\t.sql = {',
            f'\t\t[DB_SQLITE] =\n{c_string(compact(query.sql["sqlite"]), chr(9) * 3)},',
            f'\t\t[DB_POSTGRES] =\n{c_string(compact(query.sql["postgres"]), chr(9) * 3)},', '\t},']
    if query.params:
        out += [f'\t.params = {symbol}_params,', f'\t.param_count = {len(query.params)},']
    if query.fields:
        out += [f'\t.cols = {name}_cols,', f'\t.col_count = {len(query.fields)},', f'\t.row_size = sizeof({struct}),']
    if query.anew:
        out.append('\t.anew = true,')
    if query.writes:
        out.append('\t.writes = true,')
    return out + ['};']


def emit_each(query, bind, values):
    name, struct = query.name, f'struct {query.row}_row'
    return [f'struct {name}_each {{', f'\tenum status (*row)(void *arg, const {struct} *row);', '\tvoid *arg;', '};',
            f'static enum status {name}_one(void *arg, const void *row)', '{', f'\tstruct {name}_each *each = arg;',
            '\treturn each->row(each->arg, row);', '}', signature(query, each=True), '{'] + bind + [
            f'\tstruct {name}_each each = {{ row, arg }};',
            f'\treturn db_each(c, &{name}_query, {values}, {name}_one, &each, e);', '}', '']


def emit_list(query):
    """A list: one function, which chooses among the statements."""
    name, key = query.name, query.fields[0]
    out = emit_columns(query)
    symbols = [f'{name}_{i}' for i in range(len(query.turns))]
    for turn, symbol in zip(query.turns, symbols):
        out += emit_statement(turn, symbol)
    known = {field.name: field.kind for field in query.fields}
    kinds = ', '.join('true' if known[sort] == 'text' else 'false' for sort in query.sorts)
    out += [f'static struct db_query *const {name}_turns[] = {{ {", ".join(f"&{symbol}_query" for symbol in symbols)} }};',
            f'static const struct db_list {name}_list = {{',
            f'\t.turns = {name}_turns, .sorts = {len(query.sorts)}, .texts = (const bool[]){{ {kinds} }},',
            f'\t.text_key = {"true" if key.kind == "text" else "false"}, .params = {len(query.params)},', '};', '']
    bind = [f'\tstruct db_value p[{len(query.params)} + DB_PAGE_PARAMS] = {{'] + [f'\t\t{param_value(f)},' for f in query.params] + [
            '\t};', f'\tstruct db_query *turn = db_list_turn(&{name}_list, page, p);']
    out += [signature(query), '{'] + bind + ['\tvoid *r = NULL;', '\t*n = 0;', '\tenum status s = db_rows(c, turn, p, &r, n, e);',
            '\t*rows = r;', '\treturn s;', '}', '']
    return out + [signature(query, each=True), '{'] + bind + ['\treturn db_each(c, turn, p, row, arg, e);', '}', '']


def emit_query(query):
    if query.shape == 'list':
        return emit_list(query)
    name = query.name
    out = emit_columns(query) + emit_statement(query, name) + ['', signature(query), '{']
    values = 'NULL'
    bind = []
    if query.params:
        bind = ['\tconst struct db_value p[] = {'] + [f'\t\t{param_value(f)},' for f in query.params] + ['\t};']
        values = 'p'
    out += bind
    if query.shape == 'exec':
        out.append(f'\treturn db_exec(c, &{name}_query, {values}, affected, e);')
    elif query.shape == 'row':
        out += ['\tvoid *r = NULL;', f'\tenum status s = db_row(c, &{name}_query, {values}, &r, e);', '\t*row = r;', '\treturn s;']
    else:
        out += ['\tvoid *r = NULL;', '\t*n = 0;', f'\tenum status s = db_rows(c, &{name}_query, {values}, &r, n, e);',
                '\t*rows = r;', '\treturn s;']
    out += ['}', '']
    if query.shape == 'rows':
        out += emit_each(query, bind, values)
    return out


def emit_source(owner, queries, migrations, folder):
    out = [f'/* Made by tools/gen_queries.py from the sql/ and migrations/ of {owner}. Do not edit. */',
           f'#include "{folder}{owner}_sql.h"', '']
    for query in queries:
        out += emit_query(query)
    out.append(f'struct db_query *const {owner}_queries[] = {{')
    out += [f'\t&{name}_query,' for query in queries
            for name in ([f'{query.name}_{i}' for i in range(len(query.turns))] if query.shape == 'list' else [query.name])] + ['\tNULL,', '};', '']
    if migrations:
        out.append('static const struct db_migration list[] = {')
        for migration in migrations:
            out += ['\t{', f'\t\t.number = {migration.number},', f'\t\t.name = "{migration.name}",', '\t\t.sql = {']
            for engine, index in zip(ENGINES, ('DB_SQLITE', 'DB_POSTGRES')):
                out.append(f'\t\t\t[{index}] =\n{c_string(migration.sql[engine], chr(9) * 4)},')
            out += ['\t\t},', '\t},']
        out += ['};', '']
    rest = f', .list = list, .count = {len(migrations)}' if migrations else ''
    out += [f'const struct db_migration_set {owner}_migrations = {{ .owner = "{owner}"{rest} }};', '']
    return '\n'.join(out)


# --- the command -----------------------------------------------------------------------------------------------------

def generate(owner, folder, base, include='gen/'):
    """(header, source, files that they depend on)."""
    depends = []
    migrations = read_migrations(os.path.join(folder, 'migrations'), depends)
    queries = read_queries(owner, os.path.join(folder, 'sql'), depends)
    schema = sqlite_check.Schema()
    try:
        if base and os.path.abspath(base) != os.path.abspath(folder):
            migrate(schema, read_migrations(os.path.join(base, 'migrations'), depends))
        migrate(schema, migrations)
        for query in queries:
            check(schema, query)
    finally:
        schema.close()
    return emit_header(owner, queries), emit_source(owner, queries, migrations, include), depends


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--owner', required=True)
    parser.add_argument('--dir', required=True, help='the folder that holds sql/ and migrations/')
    parser.add_argument('--base', help='the folder whose migrations run first')
    parser.add_argument('--c', required=True)
    parser.add_argument('--h', required=True)
    parser.add_argument('--depfile')
    parser.add_argument('--include', default='gen/', help='what stands before the header\'s name in #include')
    options = parser.parse_args(arguments)
    try:
        header, source, depends = generate(options.owner, options.dir, options.base, options.include)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    write_if_changed(options.h, header)
    write_if_changed(options.c, source)
    if options.depfile:
        escaped = [path.replace(' ', '\\ ') for path in sorted(set(depends))]
        write_if_changed(options.depfile, f'{options.c}: {" ".join(escaped)}\n')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

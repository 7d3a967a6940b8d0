# SPDX-License-Identifier: Apache-2.0
"""Preparing statements on SQLite without running them.

Python's own sqlite3 module has no way to ask a statement for its columns, whether it writes, or where in the text an error
stands, so the library that the program links against is called directly.
"""
import ctypes
import ctypes.util

OK, ROW, DONE = 0, 100, 101
UTF8 = 1
FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
# What the program adds (src/db/sqlite_marks.c): names and numbers of arguments. Nothing is run, so they do nothing.
FUNCTIONS = (('search_marked', 2), ('search_snippet', 2))
NOTHING = FUNCTION(lambda context, count, values: None)


class SqlError(Exception):
    """What SQLite said, and at which character of the text (-1: unknown)."""

    def __init__(self, message, offset=-1):
        super().__init__(message)
        self.offset = offset


def _load():
    lib = ctypes.CDLL(ctypes.util.find_library('sqlite3') or 'libsqlite3.so.0')
    text, ptr, num = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int
    signatures = {
        'sqlite3_open': (num, [text, ctypes.POINTER(ptr)]),
        'sqlite3_close': (num, [ptr]),
        'sqlite3_errmsg': (text, [ptr]),
        'sqlite3_prepare_v2': (num, [ptr, ptr, num, ctypes.POINTER(ptr), ctypes.POINTER(ptr)]),
        'sqlite3_step': (num, [ptr]),
        'sqlite3_finalize': (num, [ptr]),
        'sqlite3_column_count': (num, [ptr]),
        'sqlite3_column_name': (text, [ptr, num]),
        'sqlite3_column_decltype': (text, [ptr, num]),
        'sqlite3_stmt_readonly': (num, [ptr]),
        'sqlite3_error_offset': (num, [ptr]),
        'sqlite3_create_function': (num, [ptr, text, num, num, ptr, FUNCTION, ptr, ptr]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name, None)
        if function is None and name == 'sqlite3_error_offset':  # younger than 3.38 only
            continue
        function.restype, function.argtypes = result, arguments
    return lib


class Statement:
    """What is known of a prepared statement."""

    def __init__(self, lib, handle):
        self.readonly = bool(lib.sqlite3_stmt_readonly(handle))
        self.columns = []  # (name, declared type or None)
        for i in range(lib.sqlite3_column_count(handle)):
            declared = lib.sqlite3_column_decltype(handle, i)
            self.columns.append((lib.sqlite3_column_name(handle, i).decode(), declared.decode() if declared else None))


class Schema:
    """A database in memory that migrations are run on and queries are prepared against."""

    def __init__(self):
        self.lib = _load()
        self.db = ctypes.c_void_p()
        if self.lib.sqlite3_open(b':memory:', ctypes.byref(self.db)) != OK:
            raise SqlError('SQLite can not open a database in memory')
        for name, count in FUNCTIONS:
            self.lib.sqlite3_create_function(self.db, name.encode(), count, UTF8, None, NOTHING, None, None)

    def close(self):
        if self.db:
            self.lib.sqlite3_close(self.db)
            self.db = None

    def _fail(self, raw, base):
        offset = -1
        if hasattr(self.lib.sqlite3_error_offset, 'argtypes'):
            offset = self.lib.sqlite3_error_offset(self.db)
        message = self.lib.sqlite3_errmsg(self.db).decode()
        at = base if offset < 0 else base + offset
        raise SqlError(message, len(raw[:at].decode(errors='replace')))

    def _prepare(self, raw, buffer, base):
        """The statement that begins at base, and where the next one does."""
        handle, tail = ctypes.c_void_p(), ctypes.c_void_p()
        start = ctypes.addressof(buffer) + base
        if self.lib.sqlite3_prepare_v2(self.db, start, -1, ctypes.byref(handle), ctypes.byref(tail)) != OK:
            self._fail(raw, base)
        return handle, base + (tail.value - start)

    def run(self, sql):
        """Executes every statement of a script."""
        raw = sql.encode()
        buffer, base = ctypes.create_string_buffer(raw), 0
        while base < len(raw):
            handle, end = self._prepare(raw, buffer, base)
            if handle:
                result = ROW
                while result == ROW:
                    result = self.lib.sqlite3_step(handle)
                if result != DONE:
                    lead = len(raw[base:]) - len(raw[base:].lstrip())
                    try:
                        self._fail(raw, base + lead)
                    finally:
                        self.lib.sqlite3_finalize(handle)
                self.lib.sqlite3_finalize(handle)
            base = end

    def check(self, sql):
        """Prepares exactly one statement."""
        raw = sql.encode()
        buffer = ctypes.create_string_buffer(raw)
        handle, end = self._prepare(raw, buffer, 0)
        if not handle:
            raise SqlError('there is no statement here', 0)
        statement = Statement(self.lib, handle)
        self.lib.sqlite3_finalize(handle)
        rest = raw[end:].lstrip()
        if rest:
            raise SqlError('a query is one statement, a second one begins here', len(raw[:len(raw) - len(rest)].decode()))
        return statement

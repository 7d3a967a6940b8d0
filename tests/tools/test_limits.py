#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Numbers that bound a text have names, and every number that has a name in src is a row of the limits: probed by a row of some tests/*/test_limits*.c, shown by a test that tests/limits.txt (or
limits.txt of a service) names, or said there to be no bound."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SRC = ROOT / "src"


def without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)


def is_number(value):
    return not re.search(r"__attribute__|struct|\"|[{]", value) and (re.search(r"\d", value) or re.search(r"\b[A-Z]\w+\b", value)) \
        and not re.fullmatch(r"\w+_t", value)


def numbers(path):
    """Names of the numbers that a file defines."""
    text = without_comments(path.read_text())
    for name, value in re.findall(r"^\s*#\s*define\s+([A-Z]\w*)[ \t]+([^\n]*\S)\s*$", text, re.M):
        if is_number(value):
            yield name
    for body in re.findall(r"\benum\s*\{([^}]*)\}", text):
        yield from re.findall(r"(?:^|,)\s*([A-Z]\w*)\s*=", body)
    yield from re.findall(r"^\s*static\s+const\s+(?:unsigned|int|long|size_t|u?int\d+_t|double)\s+(\w+)\s*=", text, re.M)


def defined():
    return {(path.relative_to(SRC).as_posix(), name) for path in sorted(SRC.rglob("*")) if path.suffix in (".c", ".h", ".re") for name in numbers(path)}


def listed():
    """(list, line number, file, name, kind, rest) of each name in the lists; kind is "-" or "test"."""
    for path in [ROOT / "tests/limits.txt", *sorted(SRC.glob("services/*/limits.txt"))]:
        folder = "" if path.parent == ROOT / "tests" else path.parent.relative_to(SRC).as_posix() + "/"
        file = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"{path.relative_to(ROOT)}:{number}"
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("["):
                file = folder + line.strip("[]")
                continue
            names, _, rest = line.partition("  ")
            rest = rest.strip()
            kind = "-" if rest[:1] == "-" else "test"
            for name in names.split():
                yield where, file, name, kind, rest


def probed():
    text = "".join(path.read_text() for path in sorted((ROOT / "tests").glob("*/test_limits*.c")))
    return set(re.findall(r'\{\s*"([\w/]+\.(?:c|h|re))",\s*"(\w+)",', text, re.M))


def test_there(said):
    """Is there what a row names: test_x.case, or the file of a script and words of it?"""
    file, words = (said.split(None, 1) + [""])[:2] if said.split()[0].endswith((".mjs", ".py")) else (None, None)
    if file:
        found = list((ROOT / "tests").glob(f"*/{file}"))
        return bool(found and words and words in found[0].read_text())
    stem, _, case = said.partition(".")
    for path in (ROOT / "tests").glob(f"*/{stem}.*"):
        if re.search(rf"^(?:static void |\s*def |[A-Z_]+_TEST\(){re.escape(case)}[()]", path.read_text(), re.M):
            return True
    return False


class Limits(unittest.TestCase):
    def test_every_number_has_a_row(self):
        rows = {(file, name) for _, file, name, _, _ in listed()}
        missing = [f"src/{file}: {name} is in no list of limits: is it a bound, and which test shows that it holds?"
                   for file, name in sorted(defined() - rows - probed())]
        self.assertEqual(missing, [])

    def test_every_row_has_a_number(self):
        there, once = defined(), set()
        wrong = [f"{where}: src/{file} has no {name}" for where, file, name, _, _ in listed() if (file, name) not in there]
        wrong += [f"tests/*/test_limits*.c: src/{file} has no {name}" for file, name in sorted(probed() - there)]
        for where, file, name, _, _ in listed():
            if (file, name) in once | probed():
                wrong.append(f"{where}: {name} of src/{file} has two rows")
            once.add((file, name))
        self.assertEqual(wrong, [])

    def test_every_test_is_there(self):
        wrong = [f"{where}: {name}: there is no {rest}" for where, _, name, kind, rest in listed() if kind == "test" and not test_there(rest)]
        wrong += [f"{where}: {name}: why?" for where, _, name, kind, rest in listed() if kind != "test" and len(rest) < 6]
        self.assertEqual(wrong, [])


# What bounds a text has a name: the size of a buffer (one of bounded parts needs none: buf_text), how much of a text is taken, and how long it
# may be. Small numbers are lengths of words and layouts of formats.
NUMBER = r"(?:\(size_t\)\s*)?\d+[uUlL]*(?:\s*(?:<<|\*)\s*\d+)?"
BARE = [(re.compile(rf"\bbuf_(?:arena|init)\([^;]*?,\s*(?!0\)){NUMBER}\s*\)"), "the size of a buffer"),
        (re.compile(r"\bstr_(?:utf8_)?(?:first|fit)\([^;]*?,\s*\d{2,}[uUlL]*\)"), "how much of a text is taken"),
        (re.compile(r"\.n\s*[<>]=?\s*(?:2[2-9]|[3-9]\d|\d{3,})\b"), "how long a text may be")]


class BareNumbers(unittest.TestCase):
    def bare(self, text):
        text = re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', "_", without_comments(text))
        return [(number, why) for number, line in enumerate(text.splitlines(), 1) for pattern, why in BARE if pattern.search(line)]

    def test_what_bounds_a_text_has_a_name(self):
        wrong = [f"{path.relative_to(ROOT)}:{number}: {why} is a bare number: give it a name, and a row"
                 for path in sorted(SRC.rglob("*")) if path.suffix in (".c", ".h", ".re") for number, why in self.bare(path.read_text())]
        self.assertEqual(wrong, [])

    def test_it_sees_them(self):
        for line in ("buf_arena(&b, a, 4096);", "buf_init(&b, (size_t)1 << 20);", "buf_arena(&b, f(x, y), 64 << 10);", "x = str_first(s, 200);", "str_utf8_fit(f(s), 60u)",
                     "if (!s.n || s.n > 254)"):
            self.assertTrue(self.bare(line), line)
        for line in ("buf_arena(&b, a, PAGE_MAX);", "buf_arena(&b, a, 0);", "buf_text(&b, a);", "buf_init(&b, 3 * s.n);", "str_first(s, 7)", "if (s.n > 20 || s.n < ID_MAX)",
                     "/* s.n > 200 */", 'LOG("buf_init(&b, 100)")'):
            self.assertFalse(self.bare(line), line)


# Fields of templates that are written by hand: the bound that the program keeps, and how many of a browser's units (UTF-16) one of it may be. A
# code is typed with blanks and dashes as people like.
FIELDS = {"former fresh password": ("services/identity/people/people.h", "PASSWORD_MAX", 1),
          "email": ("services/identity/people/people.h", "PERSON_EMAIL_MAX", 1),
          "handle": ("services/identity/people/people.h", "PERSON_HANDLE_MAX", 1),
          "bio": ("services/identity/signin/profile.c", "BIO_MAX", 1),
          "action": ("platform/audit/audit.h", "AUDIT_ACTION_MAX", 1),
          "actor": ("platform/audit/audit.h", "AUDIT_ACTOR_MAX", 1),
          "object": ("platform/audit/audit.h", "AUDIT_OBJECT_MAX", 1),
          "code user_code": None}
# The same name in several templates: by file.
FIELDS_OF = {"platform/templates/search.html": {"q": ("platform/search/search.h", "SEARCH_TYPED_MAX", 1)},
             "services/market/templates/admin.html": {"q": ("platform/tables/tables.h", "TABLE_SEARCH_MAX", 1)},
             "platform/templates/tables.html": {"q": ("platform/tables/tables.h", "TABLE_SEARCH_MAX", 1)},
             "services/identity/templates/identity.html": {"name": ("services/identity/signin/passkey.c", "NAME_MAX_", 1)},
             "services/identity/templates/signin.html": {"name": ("services/identity/people/people.h", "PERSON_NAME_MAX", 2)},
             "services/account/templates/account.html": {"name": ("services/identity/people/people.h", "PERSON_NAME_MAX", 2)}}


class Maxlengths(unittest.TestCase):
    def test_browsers_keep_the_bounds_that_the_program_keeps(self):
        known = {name: bound for names, bound in FIELDS.items() for name in names.split()}
        wrong = []
        for path in sorted(SRC.rglob("*.html")):
            file = path.relative_to(SRC).as_posix()
            for name, length in re.findall(r'<(?:input|textarea)(?:[^>]|->)*? name="(\w+)"(?:[^>]|->)*?maxlength="(\d+)"', path.read_text()):
                bound = FIELDS_OF.get(file, {}).get(name, known.get(name, ()))
                if bound == ():
                    wrong.append(f"src/{file}: {name}: which bound is its maxlength of {length}?")
                elif bound:
                    value = re.search(rf"\b{bound[1]}\s*=?\s*(\d+)", (SRC / bound[0]).read_text())
                    if not value or int(value[1]) * bound[2] != int(length):
                        wrong.append(f"src/{file}: {name}: a maxlength of {length}, while {bound[1]} is {value and value[1]}")
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main(verbosity=1)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of docs/STYLE.md that a machine can check, over every tracked file."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LAYERS = {"base": 0, "rt": 1, "db": 2, "net": 2, "gen": 3, "platform": 3, "services": 4, "main": 5}

# Rooms of a folder, lowest first: a room includes itself and those before it. A file of such a folder stands in a room, but for
# a service's own table, contract and generated parts.
ROOMS = {
    "platform": ["text", "core", "config", "crypto", "cache", "media", "peers", "work", "mail", "web", "forms", "search", "hub", "auth", "audit", "tables", "admin", "receive", "boot"],
    "net": ["forms", "conn", "client", "h1", "h2", "ws"],
    "services/identity": ["people", "oauth", "signin", "admin"],
}
SERVICE_ROOT = {"service.c", "contract.c"}


def room_of(path):
    """(folder with rooms, room) of a path below src, or None."""
    for folder, rooms in ROOMS.items():
        if path.startswith(folder + "/"):
            rest = path[len(folder) + 1:].split("/")
            return folder, rest[0] if len(rest) > 1 and rest[0] in rooms else None
    return None


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if found:
            yield number, found[1]


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns], cwd=ROOT,
                         capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).is_file()]


class Layers(unittest.TestCase):
    def test_includes_point_downward(self):
        wrong = []
        for path in tracked("src/*.c", "src/*.h", "src/*.re"):
            layer = path.relative_to(ROOT / "src").parts[0]
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = re.match(r'\s*#\s*include\s+"([a-z]+)/([^"]+)"', line)
                if not found or found[1] not in LAYERS:
                    continue
                here, there = LAYERS[layer], LAYERS[found[1]]
                if there > here or (there == here and found[1] != layer and {layer, found[1]} != {"gen", "platform"}):
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: {layer} may not include {found[1]}/{found[2]}")
        self.assertEqual(wrong, [])

    def test_services_do_not_reach_into_each_other(self):
        wrong = []
        for path in tracked("src/services/*.c", "src/services/*.h"):
            own = path.relative_to(ROOT / "src/services").parts[0]
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = re.match(r'\s*#\s*include\s+"services/(\w+)/(\S+)"', line)
                if found and found[1] != own:
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: includes services/{found[1]}/{found[2]}")
        self.assertEqual(wrong, [])

    def test_rooms_have_one_direction(self):
        wrong = []
        for path in tracked("src/*.c", "src/*.h", "src/*.re"):
            own = path.relative_to(ROOT / "src").as_posix()
            here = room_of(own)
            if not here:
                continue
            if not here[1]:
                if here[0].startswith("services/") and path.name in SERVICE_ROOT:
                    continue
                wrong.append(f"src/{own}: stands in no room of {here[0]} ({', '.join(ROOMS[here[0]])})")
                continue
            order = ROOMS[here[0]]
            for number, name in includes(path):
                there = room_of(name)
                if there and there[0] == here[0] and there[1] and order.index(there[1]) > order.index(here[1]):
                    wrong.append(f"src/{own}:{number}: {here[1]} may not include {name}: rooms go {' < '.join(order)}")
        self.assertEqual(wrong, [])

    def test_a_store_is_its_services_alone(self):
        """gen/<owner>_sql.h (and what else is a service's own) is included by its code, and by programs that test or measure it. What others may
        ask is gen/<owner>_contract.h."""
        wrong = []
        for path in tracked("src/services/*.c", "src/services/*.h", "src/platform/*.c", "src/platform/*.h"):
            parts = path.relative_to(ROOT / "src").parts
            for number, name in includes(path):
                found = re.fullmatch(r"gen/(\w+)_(?:sql|tpl|serve)\.h", name)
                if not found:
                    continue
                owners = {parts[1], "platform"} if parts[0] == "services" else {"platform", parts[1]}
                if found[1] not in owners and not found[1].startswith(parts[1] + "_"):
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: includes {name} of another")
        self.assertEqual(wrong, [])

    def test_headers_compile_alone(self):
        wrong = []
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        (Path(made.name) / "gen").mkdir()
        subprocess.run([sys.executable, "tools/gen_contracts.py", "--owner", "shapes", "--in", "src/platform/peers/shapes.dto", "--src", "src",
                        "--out", f"{made.name}/gen", "--shapes"], cwd=ROOT, check=True)
        for path in tracked("src/*.h"):
            name = path.relative_to(ROOT / "src")
            if set(re.findall(r'"gen/(\w+)\.h"', path.read_text())) - {"shapes_contract"}:
                continue  # needs a build folder; compiled there
            done = subprocess.run(["gcc", "-xc", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Werror", "-fsyntax-only",
                                   "-Isrc", f"-I{made.name}", *PKG_FLAGS, "-"], cwd=ROOT, input=f'#include "{name}"\n',
                                  capture_output=True, text=True)
            if done.returncode:
                wrong.append(f"{name}: {done.stderr.splitlines()[0] if done.stderr else 'fails'}")
        self.assertEqual(wrong, [])


PKG_FLAGS = subprocess.run(["pkg-config", "--cflags", "libpq", "libnghttp2", "jansson", "gumbo", "hiredis", "vips"],
                           capture_output=True, text=True).stdout.split()

# What C code must not call: unbounded, not thread-safe, or replaced by something of ours.
BANNED = ["strcpy", "strcat", "sprintf", "vsprintf", "gets", "strtok", "gmtime", "localtime", "asctime", "ctime", "rand",
          "alloca", "system", "popen", "tmpnam", "mktemp", "atoi", "atol", "strncpy", "strncat", "exit", "BrotliEncoderCompress"]


# Tables of a service (platform/core/service.h), and how many values of a row may stand without a name.
TABLES = {"route": 3, "fragment_def": 2, "event_handler": 0, "job_def": 0, "setting": 4, "role_def": 3, "notice_def": 3}


def values_of(row):
    """The values of a row of an initialiser, its strings and comments emptied."""
    row = re.sub(r'"(\\.|[^"\\])*"|/\*.*?\*/', '""', row, flags=re.S)
    return [value.strip() for value in row.split(",") if value.strip()]


class Tables(unittest.TestCase):
    def test_values_of_rows_have_names(self):
        wrong = []
        for path in tracked("src/*.c"):
            text = path.read_text()
            for kind, body in re.findall(r"const struct (\w+) \w+\[\] = \{\n(.*?)\n\};", text, re.S):
                for row in re.findall(r"^\t\{ (.*?) \},$", body, re.S | re.M) if kind in TABLES else []:
                    bare = [value for value in values_of(row) if not value.startswith(".")]
                    if len(bare) > TABLES[kind] and bare != ["0"] and "##" not in row:  # the latter: made from settings.def
                        wrong.append(f"{path.relative_to(ROOT)}: a row of struct {kind} has {len(bare)} values without a name: {row[:60]}")
        self.assertEqual(wrong, [])

    def test_each_service_is_in_the_list_and_has_a_folder(self):
        """services.def is the one list; the build, the tests of queries and the program make theirs from it."""
        listed = re.findall(r"^X\((\w+)\)", (ROOT / "src/platform/core/services.def").read_text(), re.M)
        folders = sorted({path.relative_to(ROOT / "src/services").parts[0] for path in tracked("src/services/*/*")})
        self.assertEqual(sorted(listed), folders)


INNER = re.compile(r"(_int|_internal|_parts)\.h$|^(rt|db)/internal\.h$")  # between the files of one room


def prototypes(path):
    """(line number, first line, has it a comment) of each function that a header declares. A comment stands before it or on its lines; one
    above a run of lines without an empty one speaks for all of them."""
    lines = re.sub(r"/\*.*?\*/", lambda m: "\x01" + "\n" * m[0].count("\n") + "\x01", path.read_text(), flags=re.S).splitlines()
    depth, spoken_for, i = 0, False, 0
    while i < len(lines):
        line = lines[i]
        if not line.strip():
            spoken_for = False
        elif depth == 0 and re.match(r"(?!typedef|static|extern|return)[a-z][\w ]*[ *]+\w+\([^;{]*(;|$)", line):
            first = i
            while ";" not in lines[i] and i + 1 < len(lines):
                i += 1
            text = "\n".join(lines[first:i + 1])
            yield first + 1, line, spoken_for or "\x01" in text
        else:
            spoken_for = spoken_for or ("\x01" in line and not line.strip(" \x01"))
            depth += line.count("{") - line.count("}")
        i += 1


class Lines(unittest.TestCase):
    def test_lines_fit_120_columns(self):
        wrong = []
        for folder in ("src", "tests", "bench"):
            for path in sorted((ROOT / folder).rglob("*.[ch]")):
                if "node_modules" in path.parts:
                    continue
                for number, line in enumerate(path.read_text().splitlines(), 1):
                    if len(line.expandtabs(8)) > 120 and not line.lstrip().startswith("#"):  # a macro's line may be one token
                        wrong.append(f"{path.relative_to(ROOT)}:{number}")
        self.assertEqual(wrong, [])


# Words that name nothing: a search for them finds everything.
NO_NAMES = {"take", "give", "hold", "one", "run", "piece"}


def functions_of(path):
    """(line number, name, parameters) of each function that a file defines."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), path.read_text(), flags=re.S)
    for found in re.finditer(r"^[a-z][\w ]*[ *]+(\w+)\(([^;{]*?)\)\s*\{", text, re.M):
        yield text.count("\n", 0, found.start()) + 1, found[1], " ".join(found[2].split())


class Names(unittest.TestCase):
    def test_a_search_finds_a_function_by_its_name(self):
        """A name of one word, as put or load, stands for one thing in the program: no two files define it with other parameters."""
        known, wrong = {}, []
        for path in tracked("src/*.c", "src/*.h"):
            own = path.relative_to(ROOT)
            for number, name, parameters in functions_of(path):
                if name in NO_NAMES:
                    wrong.append(f"{own}:{number}: {name}() does not say what it does")
                former = known.setdefault(name, (own, number, parameters)) if "_" not in name else None
                if former and former[0] != own and former[2] != parameters:
                    wrong.append(f"{own}:{number}: {name}() is another thing in {former[0]}:{former[1]}")
        self.assertEqual(wrong, [])

    def test_a_search_finds_a_struct_by_its_name(self):
        known, wrong = {}, []
        for path in tracked("src/*.c", "src/*.h"):
            for name in re.findall(r"^struct (\w+) \{", path.read_text(), re.M):
                former = known.setdefault(name, path)
                if name in NO_NAMES or former != path:
                    wrong.append(f"{path.relative_to(ROOT)}: struct {name}, also in {former.relative_to(ROOT)}")
        self.assertEqual(wrong, [])


class Css(unittest.TestCase):
    def test_sides_are_those_of_the_writing(self):
        """margin-inline-start, not margin-left: pages are laid out from right to left, too (docs/howto/language.md)."""
        wrong = []
        side = re.compile(r"(?:margin|padding|border)-(?:left|right)\b|^\s*(?:left|right):|(?:text-align|float|clear): (?:left|right)\b|"
                          r"(?:margin|padding): [^\s(]+ ([^\s(]+) [^\s(]+ (?!\1;)[^\s(]+;")
        for path in tracked("web/css/*.css"):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if side.search(line):
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
        self.assertEqual(wrong, [])


class Headers(unittest.TestCase):
    def test_public_functions_say_what_they_do(self):
        wrong = []
        for path in tracked("src/*.h"):
            name = path.relative_to(ROOT / "src").as_posix()
            wrong += [f"src/{name}:{number}: without a comment: {line}" for number, line, commented in ([] if INNER.search(name) else prototypes(path))
                      if not commented]
        self.assertEqual(wrong, [])


class Text(unittest.TestCase):
    def test_what_is_done_to_an_account_has_words(self):
        """A person's log says in words what the chain names: but what the program does by itself stands in nobody's."""
        told = (ROOT / "src/services/identity/signin/identity.c").read_text()
        missing = []
        for path in tracked("src/services/identity/*.c"):
            for line in path.read_text().splitlines():
                if re.search(r"\baction = ", line):
                    missing += [f"{path.relative_to(ROOT)}: {name}" for name in re.findall(r'"((?:person|member|invitation|oauth)\.\w+)"', line)
                                if f'{{ "{name}", "' not in told and not re.match(r"oauth\.(key|\w+_swept)", name)]
        self.assertEqual(missing, [])

    def test_buttons_of_templates_look_like_buttons(self):
        """One without a class is a browser's own grey one."""
        bare = [f"{path.relative_to(ROOT)}:{text[:m.start()].count(chr(10)) + 1}" for path in sorted((ROOT / "src").rglob("*.html"))
                for text in [path.read_text()] for m in re.finditer(r"<button\b[^>]*>", text) if "class=" not in m.group()]
        self.assertEqual(bare, [])

    def test_ids_of_templates_are_reserved(self):
        """Content must not have the id of something in the page around it (platform/text/html.c)."""
        own = re.search(r"reserved_ids\[\] = \{(.*?)\};", (ROOT / "src/platform/text/html.c").read_text(), re.S)[1]
        used = {name for path in tracked("src/*.html") for name in re.findall(r'\bid="([^"{}]+)"', path.read_text())}
        self.assertEqual(sorted(used - set(re.findall(r'"([^"]+)"', own)) - {"true"}), [])

    def test_tables_come_from_base(self):
        """uthash ends the process when memory is out, unless it is told otherwise first."""
        wrong = [str(path.relative_to(ROOT)) for path in tracked("src/*.c", "src/*.h")
                 if path.name != "table.h" and "#include <uthash.h>" in path.read_text()]
        self.assertEqual(wrong, [])

    def test_banned_functions(self):
        call = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
        wrong = []
        for path in tracked("src/*.c", "src/*.h", "src/*.re"):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                code = re.sub(r'"(\\.|[^"\\])*"', '""', line.split("//")[0])
                if code.lstrip().startswith("*") or code.lstrip().startswith("/*") or code.lstrip().startswith("__attribute__((visibility("):
                    continue  # the last: a definition of ours
                if call.search(code):
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
        self.assertEqual(wrong, [])

    def test_no_sql_in_c(self):
        sql = re.compile(r'"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|ALTER TABLE)\s', re.I)
        wrong = [f"{p.relative_to(ROOT)}:{n}" for p in tracked("src/*.c")
                 if not str(p).startswith(str(ROOT / "src/db")) and p.name != "redis.c"  # which has a SELECT of its own
                 for n, line in enumerate(p.read_text().splitlines(), 1) if sql.search(line)]
        self.assertEqual(wrong, [])

    def test_every_c_file_names_its_licence(self):
        wrong = [str(p.relative_to(ROOT)) for p in tracked("src/*.c", "src/*.h", "tests/*.c") if
                 "SPDX-License-Identifier: Apache-2.0" not in p.read_text()[:200]]
        self.assertEqual(wrong, [])

    def test_no_registry_hosts(self):
        hosts = re.compile(r"registry\.npmjs|deb\.debian\.org|nodesource\.com")
        wrong = [str(p.relative_to(ROOT)) for p in tracked("*.json", "*.sh", "*.py", "*.md", "*.txt", "run", "test")
                 if p != Path(__file__).resolve() and hosts.search(p.read_text(errors="replace"))]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main(verbosity=1)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The texts that people read, and their catalogues (docs/howto/language.md).

    tools/texts.py update     brings every src/<owner>/i18n/<tag>.po up to date: new texts, changed ones as fuzzy, none that are gone
    tools/texts.py check      what is missing, fuzzy or wrong; what is written past the catalogue. Fails when there is anything

Texts of templates are found by template_messages.py. In C a literal that looks like a sentence or a title (is_human) is one, unless it
is in a call that is for logs or machines, or in tools/texts_not_for_people.txt; and whatever stands in tr(), TR(), trn(), TR_NOOP().
"""
import difflib
import fnmatch
import glob
import os
import re
import sys

import po
from languages import languages
from template_messages import Messages, faults, is_human
from template_parse import Parser, TemplateError, lex

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NOT_FOR_PEOPLE = "tools/texts_not_for_people.txt"
MARKS = {"tr", "TR", "trn", "TR_NOOP"}
# Whose texts are for logs and machines.
MACHINES = {"LOG", "LS", "LT", "LI", "LF", "LB", "assert", "static_assert", "_Static_assert", "str_eqc", "str_starts", "str_find", "str_ends",
            "strcmp", "strncmp", "strcasecmp", "strstr", "http_header", "http_set_header", "http_add_header", "web_header", "printf",
            "fprintf", "fputs", "puts", "setlocale", "put_mailbox", "__attribute__"}
# Members of tables that people see, whatever they begin with.
SHOWN = re.compile(r"\.(?:title|label|help|hint|unit|placeholder|required|confirm|empty|done|search|group) = $")
# Whose texts go out as they are: written into a page or a letter, they would be past the catalogue.
RAW = {"STR", "arena_strf", "arena_printf", "buf_printf", "buf_puts", "BUF_LIT", "snprintf"}
ERRORS = {"err_set", "err_wrap", "err_errno"}
STRING = r'"(?:[^"\\\n]|\\.)*"'
STRINGS = re.compile(rf"{STRING}(?:\s*{STRING})*")
CONVERSION = re.compile(r"%(?:(\d+)\$)?([-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?)(hh|h|ll|l|z|j|t)?([a-zA-Z%])")


def unescape(text):
    """What C makes of it; None where it holds bytes that are no text."""
    simple = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'", "?": "?"}
    if re.search(r"\\[x0-7ab]", text):
        return None
    return re.sub(r"\\(.)", lambda m: simple.get(m[1], m[1]), text)


def bare(source):
    """Without comments and, as far as they hold no texts, preprocessor lines; every line where it was."""
    def blank(m):
        return re.sub(r"[^\n]", " ", m.group()) if m.group().startswith("/*") else m.group()

    source = re.sub(rf"{STRING}|/\*.*?\*/", blank, source, flags=re.S)
    return re.sub(r"^[ \t]*#[ \t]*(?:include|pragma|error)[^\n]*", lambda m: " " * len(m.group()), source, flags=re.M)


def caller(source, at):
    """Name and text so far of the call that a place in C is an argument of; ("", "") outside of any."""
    depth, i = 0, at - 1
    while i >= 0:
        c = source[i]
        if c in ")]":
            depth += 1
        elif c in "([":
            if depth == 0:
                name = re.search(r"(\w+)\s*$", source[max(0, i - 60):i])
                return (name[1] if name and c == "(" else ""), source[i:at]
            depth -= 1
        elif c in ";{}" and depth == 0:
            return "", ""
        elif c == '"':
            i -= 1
            while i >= 0 and (source[i] != '"' or source[i - 1] == "\\"):
                i -= 1
        i -= 1
    return "", ""


class Exceptions:
    """Lines of the file: "file <glob>" or "text <the text>", each with " -- why"."""

    def __init__(self, path):
        self.files, self.texts, self.used = [], set(), set()
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                line = line.strip()
                if not line or line.startswith("#"):
                    continue
                kind, _, rest = line.partition(" ")
                what, sep, _ = rest.partition(" -- ")
                if kind not in ("file", "text") or not sep:
                    raise SystemExit(f"{path}:{number}: \"file GLOB -- why\" or \"text TEXT -- why\" expected")
                if kind == "file":
                    self.files.append(what)
                else:
                    self.texts.add(unescape(what))

    def file(self, path):
        for g in self.files:
            if fnmatch.fnmatch(path, g):
                self.used.add(g)
                return True
        return False

    def text(self, text):
        self.used |= {text} & self.texts
        return text in self.texts

    def unused(self):
        return sorted((set(self.files) | self.texts) - self.used)


def http_of():
    with open(os.path.join(ROOT, "src/base/errors.def"), encoding="utf-8") as f:
        return {name: int(http) for name, http in re.findall(r"^X\((\w+),\s*(\d+)", f.read(), re.M)}


class Extraction:
    """texts: {owner folder: {msgid: po.Entry}} in the order of the sources. wrong: texts past the catalogue."""

    def __init__(self):
        self.texts, self.wrong = {}, []
        self.exceptions = Exceptions(os.path.join(ROOT, NOT_FOR_PEOPLE))
        self.http = http_of()

    def add(self, owner, path, msgid, plural=None, program=False):
        entries = self.texts.setdefault(owner, {})
        e = entries.get(msgid)
        if e is None:
            e = entries[msgid] = po.Entry(msgid, plural)
        if plural is not None and e.plural is None:
            e.plural = plural
        elif plural is not None and e.plural != plural:
            self.wrong.append(f"{path}: two plurals of \"{msgid}\"")
        if path not in e.where:
            e.where.append(path)
        if program and "program" not in e.notes:
            e.notes.append("program")

    # --- C ---

    def c_file(self, owner, path):
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            source = bare(f.read())
        routes = [m.span() for m in re.finditer(r"struct route \w+\[\] = \{.*?\n\};", source, re.S)]
        self.settings(owner, path, source)
        for m in STRINGS.finditer(source):
            literal = "".join(s[1:-1] for s in re.findall(STRING, m.group()))
            text = unescape(literal)
            name, call = caller(source, m.start())
            shown = SHOWN.search(source[max(0, m.start() - 20):m.start()]) and re.search(r"[a-z]", literal)
            if text is None or not (is_human(text) or name in MARKS or shown):
                continue
            self.c_text(owner, path, source, m, text, name, call, routes)

    def c_text(self, owner, path, source, m, text, name, call, routes):
        line = source.count("\n", 0, m.start()) + 1
        if name == "trn":
            first = re.match(rf"\(\s*({STRINGS.pattern})\s*,\s*({STRINGS.pattern})", source[m.start() - len(call):])
            if first and "," not in call:
                joined = ["".join(s[1:-1] for s in re.findall(STRING, first[i])) for i in (1, 2)]
                self.add(owner, path, unescape(joined[0]), unescape(joined[1]), program=True)
        elif name in MARKS:
            self.add(owner, path, text, program=True)
        elif name in MACHINES or re.search(r"\.summary = $", source[:m.start()][-12:]) or self.exceptions.text(text) or any(a <= m.start() < b for a, b in routes):
            pass
        elif name in RAW:
            self.wrong.append(f"{path}:{line}: \"{text[:60]}\" goes past the catalogue: TR() or tr()")
        elif name in ERRORS and self.status(call) >= 500:
            pass
        else:
            self.add(owner, path, text, program=True)

    def settings(self, owner, path, source):
        """Those that are changed on a page: its labels are made from their names (platform/admin/settings.c)."""
        for body in re.findall(r"struct setting \w+\[\] = \{\n(.*?)\n\};", source, re.S):
            for row in re.findall(r"\{ (\".*?) \}", body, re.S):
                key = re.match(r'"\w+", "(\w+)", (SET_\w+)', row)
                if not key or ".live = true" not in row:
                    continue
                choices = re.search(r'\.choices = "([^"]*)"', row)
                words = [key[1]] + (choices[1].split() if choices else []) + (["yes", "no"] if key[2] == "SET_BOOL" else [])
                for word in words:
                    self.add(owner, path, (word[0].upper() + word[1:]).replace("_", " "), program=True)

    def status(self, call):
        m = re.search(r"\bST_([A-Z_]+)", call)
        return self.http.get(m[1], 0) if m else 0

    # --- templates ---

    def template(self, owner, path):
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            _, templates = Parser(path, lex(path, f.read())).parse()
        messages = Messages(path, lambda msgid, plural, line: self.add(owner, path, msgid, plural),
                            lambda text, line: self.add(owner, path, text, program=True))
        for t in templates:
            messages.template(t.body)

    def all(self):
        def files(pattern):
            return sorted(os.path.relpath(p, ROOT) for p in glob.glob(os.path.join(ROOT, pattern), recursive=True))

        for path in files("src/**/templates/*.html"):
            self.template(owner_of(path), path)
        names = ["src/base/errors.def"] + files("src/net/forms/*.c") + files("src/net/conn/request.c") + [p for root in ("platform", "services") for ext in ("c", "h", "def")
                                                                    for p in files(f"src/{root}/**/*.{ext}")]
        for path in names:
            if not self.exceptions.file(path):
                self.c_file(owner_of(path), path)
        return self


def owner_of(path):
    """Whose catalogue: src/platform, src/services/<name>."""
    parts = path.split("/")
    return "/".join(parts[:3]) if parts[1] == "services" else "src/platform"


# --- conversions ----------------------------------------------------------------------------------------------------

def conversions(text):
    """{which argument: its type}; a * before it takes one, too."""
    out, n = {}, 0
    for m in CONVERSION.finditer(text):
        if m[4] == "%":
            continue
        if "*" in m[2] and not m[1]:
            n += 1
            out[n] = "*" + str(m[2].count("*"))
        n += 1
        out[int(m[1]) if m[1] else n] = (m[3] or "") + ("d" if m[4] in "di" else m[4])
    return out


def wrong_with(entry, lang):
    """What is wrong with an entry of a language that is to be complete; "" when nothing."""
    if entry.fuzzy:
        return "fuzzy: look at it, and take the mark away"
    forms = lang.forms if entry.plural is not None else 1
    if len(entry.strings) != forms:
        return f"{len(entry.strings)} forms, {forms} expected"
    if not all(entry.strings):
        return "missing"
    program = "program" in entry.notes
    for form, text in enumerate(entry.strings):
        english = entry.plural if form else entry.msgid
        why = ""
        if program and conversions(text) != conversions(english):
            why = "the conversions (%) are not those of the English text"
        elif any(w.endswith(".html") for w in entry.where) and not program:
            why = faults(entry.msgid, entry.plural, text)
        if why:
            return why
        if english.endswith("\n") != text.endswith("\n"):
            return "one ends with a line end, the other does not"
    return ""


# --- commands -------------------------------------------------------------------------------------------------------

HEADER = ("Project-Id-Version: guildhall\nLanguage: {tag}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
          "Content-Transfer-Encoding: 8bit\nPlural-Forms: {plurals}\n")
PLURALS = {1: "nplurals=1; plural=0;", 2: "nplurals=2; plural=(n != 1);"}


def complete():
    return [lang for lang in languages()[1:] if not lang.pseudo]


def po_path(owner, lang):
    return os.path.join(ROOT, owner, "i18n", lang.tag + ".po")


def merged(found, old, elsewhere):
    """The found entries with what is known of them."""
    gone = {k: e for k, e in old.items() if k not in found and any(e.strings)}
    out = []
    for msgid, e in found.items():
        entry = po.Entry(msgid, e.plural, None, e.where, e.notes)
        was = old.get(msgid)
        if was is None and msgid not in elsewhere:
            near = difflib.get_close_matches(msgid, gone, 1, 0.75)
            if near:
                entry.strings, entry.fuzzy = list(gone[near[0]].strings), True
        elif was is None:
            entry.strings = list(elsewhere[msgid].strings)
        else:
            entry.strings, entry.fuzzy = list(was.strings), was.fuzzy or (was.plural != e.plural and any(was.strings))
        if e.plural is not None and len(entry.strings) < 2:
            entry.strings = entry.strings + [""]
        out.append(entry)
    return out


def update():
    found = Extraction().all()
    for lang in complete():
        old = {owner: po.read(po_path(owner, lang)) for owner in found.texts}
        known = {k: e for _, entries in old.values() for k, e in entries.items() if e.whole(lang.forms)}
        for owner, texts in found.texts.items():
            header, entries = old[owner]
            out = merged(texts, entries, known)
            os.makedirs(os.path.dirname(po_path(owner, lang)), exist_ok=True)
            with open(po_path(owner, lang), "w", encoding="utf-8") as f:
                f.write(po.dump(header or HEADER.format(tag=lang.tag, plurals=PLURALS.get(lang.forms, "")), out))
            open_ = sum(not e.whole(lang.forms) for e in out)
            print(f"{os.path.relpath(po_path(owner, lang), ROOT)}: {len(out)} texts" + (f", {open_} to translate" if open_ else ""))
    return 0


def check_owner(owner, texts, lang, wrong):
    path = os.path.relpath(po_path(owner, lang), ROOT)
    _, entries = po.read(po_path(owner, lang))
    for msgid, e in texts.items():
        known = entries.get(msgid)
        why = "not in the catalogue" if known is None or known.plural != e.plural or set(known.notes) != set(e.notes) else wrong_with(known, lang)
        if why:
            wrong.append(f"{path}: {why}: \"{msgid[:90]}\" ({e.where[0]})")
    wrong += [f"{path}: no text of the program any more: \"{msgid[:90]}\"" for msgid in entries if msgid not in texts]
    return {k: tuple(e.strings) for k, e in entries.items() if "program" in e.notes}


def check():
    """→ lines of what is wrong."""
    found = Extraction().all()
    wrong = list(found.wrong)
    wrong += [f"{NOT_FOR_PEOPLE}: not needed: {u}" for u in found.exceptions.unused()]
    for lang in complete():
        said = {}
        for owner, texts in found.texts.items():
            for msgid, strings in check_owner(owner, texts, lang, wrong).items():
                if said.setdefault(msgid, strings) != strings:
                    wrong.append(f"{owner}: \"{msgid[:60]}\" is translated otherwise in another catalogue")
    return wrong


def main():
    what = sys.argv[1] if len(sys.argv) == 2 else ""
    try:
        if what == "update":
            return update()
        if what == "check":
            wrong = check()
            print("\n".join(wrong) + f"\n{len(wrong)} to mend: tools/texts.py update, then translate" if wrong else "every text is there")
            return 1 if wrong else 0
    except (TemplateError, po.PoError) as why:
        print(why, file=sys.stderr)
        return 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())

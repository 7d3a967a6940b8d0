# SPDX-License-Identifier: Apache-2.0
"""Catalogues in gettext's PO format: read and written as translators' tools do it. No contexts, no obsolete entries (git has those)."""
import re

ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class PoError(Exception):
    pass


class Entry:
    """msgid, plural (None: no plural form), strings (one, or one a form; "" where it is missing), where (files), notes (#.), fuzzy."""

    def __init__(self, msgid, plural=None, strings=None, where=(), notes=(), fuzzy=False):
        self.msgid, self.plural, self.fuzzy = msgid, plural, fuzzy
        self.strings, self.where, self.notes = list(strings or [""]), list(where), list(notes)

    def whole(self, forms):
        """Is each form there, and not one that waits for somebody to look at it?"""
        return not self.fuzzy and len(self.strings) == (forms if self.plural is not None else 1) and all(self.strings)


def unquote(path, number, text):
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        raise PoError(f"{path}:{number}: a quoted text is expected")
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), text[1:-1])


def parse(text, path="po"):
    """→ (header: text of the entry without msgid, entries)."""
    entries, fields, notes, last, begun = [], {}, {"where": [], "notes": [], "fuzzy": False}, None, 0

    def flush():
        nonlocal fields, notes, last
        if "msgid" in fields:
            strings = [fields[k] for k in sorted(k for k in fields if k.startswith("msgstr"))]
            if not strings:
                raise PoError(f"{path}:{begun}: msgid without msgstr")
            entries.append(Entry(fields["msgid"], fields.get("msgid_plural"), strings, **notes))
        fields, notes, last = {}, {"where": [], "notes": [], "fuzzy": False}, None

    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line:
            flush()
        elif line.startswith("#"):
            if fields:
                flush()
            if line.startswith("#:"):
                notes["where"] += line[2:].split()
            elif line.startswith("#."):
                notes["notes"].append(line[2:].strip())
            elif line.startswith("#,"):
                notes["fuzzy"] |= "fuzzy" in line
        elif line.startswith('"'):
            if last is None:
                raise PoError(f"{path}:{number}: a text of nothing")
            fields[last] += unquote(path, number, line)
        else:
            m = re.match(r"(msgid|msgid_plural|msgstr(?:\[\d\])?)\s+(\".*)$", line)
            if not m:
                raise PoError(f"{path}:{number}: not understood: {line[:60]}")
            if m[1] == "msgid" and fields:
                flush()
            last, begun = m[1], number
            if last in fields:
                raise PoError(f"{path}:{number}: {last} twice")
            fields[last] = unquote(path, number, m[2])
    flush()
    header = entries.pop(0).strings[0] if entries and entries[0].msgid == "" else ""
    seen = set()
    for e in entries:
        if e.msgid in seen:
            raise PoError(f"{path}: twice: {e.msgid[:60]!r}")
        seen.add(e.msgid)
    return header, entries


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n") + '"'


def field(name, text):
    lines = text.split("\n")
    if len(lines) == 1 or (len(lines) == 2 and not lines[1]):
        return f"{name} {quote(text)}\n"
    pieces = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return f'{name} ""\n' + "".join(quote(p) + "\n" for p in pieces)


def dump(header, entries):
    out = [field("msgid", "") + field("msgstr", header)]
    for e in entries:
        block = "".join(f"#. {n}\n" for n in e.notes)
        block += f"#: {' '.join(e.where)}\n" if e.where else ""
        block += "#, fuzzy\n" if e.fuzzy else ""
        block += field("msgid", e.msgid)
        if e.plural is None:
            block += field("msgstr", e.strings[0])
        else:
            block += field("msgid_plural", e.plural)
            block += "".join(field(f"msgstr[{i}]", s) for i, s in enumerate(e.strings))
        out.append(block)
    return "\n".join(out)


def read(path):
    """→ (header, {msgid: Entry}); nothing where there is no file."""
    try:
        with open(path, encoding="utf-8") as f:
            header, entries = parse(f.read(), path)
    except FileNotFoundError:
        return "", {}
    return header, {e.msgid: e for e in entries}

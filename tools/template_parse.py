# SPDX-License-Identifier: Apache-2.0
"""Templates, read: lex() cuts a file into text and tags, Parser makes a tree of nodes (docs/howto/template.md is the language)."""
import re


class TemplateError(Exception):
    def __init__(self, path, line, message):
        super().__init__(f"{path}:{line}: error: {message}")


# --- lexing ---------------------------------------------------------------------------------------------------------

class Token:
    """kind: text, expr, tag or comment."""
    __slots__ = ("kind", "text", "line")

    def __init__(self, kind, text, line):
        self.kind, self.text, self.line = kind, text, line


CLOSERS = {"{{": "}}", "{%": "%}", "{#": "#}"}
KINDS = {"{{": "expr", "{%": "tag", "{#": "comment"}


def find_close(path, src, start, opener, line):
    """Offset of the closer; C strings and character constants inside may hold anything."""
    closer = CLOSERS[opener]
    if opener == "{#":
        end = src.find(closer, start)
        if end < 0:
            raise TemplateError(path, line, "comment {# without #}")
        return end
    i, quote = start, None
    while i < len(src):
        c = src[i]
        if quote:
            if c == "\\":
                i += 1
            elif c == quote:
                quote = None
            elif c == "\n":
                raise TemplateError(path, line, f"unterminated {quote} in {opener} … {closer}")
        elif src.startswith(closer, i):
            return i
        elif c in "\"'":
            quote = c
        i += 1
    raise TemplateError(path, line, f"{opener} without {closer}")


def lex(path, src):
    tokens, i, line = [], 0, 1
    opener_re = re.compile(r"\{[{%#]")
    while i < len(src):
        m = opener_re.search(src, i)
        end = m.start() if m else len(src)
        if end > i:
            tokens.append(Token("text", src[i:end], line))
            line += src.count("\n", i, end)
        if not m:
            break
        opener = m.group()
        close = find_close(path, src, end + 2, opener, line)
        body = src[end + 2:close]
        text = body.strip() if opener != "{#" else body
        if opener == "{{" and not text:
            raise TemplateError(path, line, "empty {{ }}")
        lead = body[:len(body) - len(body.lstrip())].count("\n") if opener != "{#" else 0
        tokens.append(Token(KINDS[opener], text, line + lead))
        line += body.count("\n")
        i = close + 2
    return drop_tag_lines(tokens)


def drop_tag_lines(tokens):
    """A line that holds only tags and comments leaves nothing behind: not its indent, not its newline."""
    pieces = []  # text cut after each newline
    for t in tokens:
        if t.kind != "text":
            pieces.append(t)
            continue
        line = t.line
        for part in t.text.splitlines(keepends=True):
            pieces.append(Token("text", part, line))
            line += part.count("\n")
    out, row = [], []

    def flush():
        bare = any(t.kind in ("tag", "comment") for t in row) and all(
            t.kind in ("tag", "comment") or (t.kind == "text" and not t.text.strip()) for t in row)
        out.extend(t for t in row if t.kind != "comment" and not (bare and t.kind == "text"))
        row.clear()

    for t in pieces:
        row.append(t)
        if t.kind == "text" and t.text.endswith("\n"):
            flush()
    flush()
    return out


# --- parsing --------------------------------------------------------------------------------------------------------

class Node:
    """kind and what it needs: text(text) expr(text) if(branches=[(condition, line, body)], else_body) for(name, array, count)
    let(text) call(name, args) block(name, args) fragment(service, type, params) plural(count, branches as if's, else_body).
    Of template_messages.py: message(msgid, plural, tokens)."""

    def __init__(self, kind, line, **fields):
        self.kind, self.line, self.body = kind, line, []
        self.__dict__.update(fields)


class Template:
    def __init__(self, name, args, line, body):
        self.name, self.args, self.line, self.body = name, args, line, body


NAME = r"[a-z_][a-z0-9_]*"
CALL_RE = re.compile(rf"({NAME})\s*(?:\((.*)\))?\s*$", re.S)
STRING = r'"((?:[^"\\]|\\.)*)"'
ASSET_RE = re.compile(rf"\basset_url\(\s*{STRING}\s*\)")
FRAGMENT_RE = re.compile(rf"{STRING}\s+{STRING}(?:\s+{STRING})?\s*$", re.S)


def split_comma(text):
    """Split at the last comma outside brackets and strings; None when there is none."""
    depth, quote, at, i = 0, None, -1, 0
    while i < len(text):
        c = text[i]
        if quote:
            if c == "\\":
                i += 1
            elif c == quote:
                quote = None
        elif c in "\"'":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            at = i
        i += 1
    return None if at < 0 else (text[:at].strip(), text[at + 1:].strip())


class Parser:
    def __init__(self, path, tokens):
        self.path, self.tokens, self.i = path, tokens, 0

    def fail(self, line, message):
        raise TemplateError(self.path, line, message)

    def parse(self):
        includes, templates = [], []
        while self.i < len(self.tokens):
            t = self.tokens[self.i]
            self.i += 1
            if t.kind == "text":
                if t.text.strip():
                    self.fail(t.line, "text outside of a {% template %}")
                continue
            if t.kind == "expr":
                self.fail(t.line, "{{ }} outside of a {% template %}")
            word, _, rest = t.text.partition(" ")
            rest = rest.strip()
            if word == "include":
                m = re.fullmatch(r'"([^"\n]+)"|(<[^>\n]+>)', rest)
                if not m:
                    self.fail(t.line, '{% include "file.h" %} expected')
                includes.append((f'"{m.group(1)}"' if m.group(1) else m.group(2), t.line))
            elif word == "template":
                m = CALL_RE.match(rest)
                if not m or m.group(2) is None:
                    self.fail(t.line, "{% template name(C parameters) %} expected")
                body, _ = self.body(t, "template")
                templates.append(Template(m.group(1), m.group(2).strip(), t.line, body))
            elif word == "end":
                self.fail(t.line, "{% end %} without anything to end")
            else:
                self.fail(t.line, f"{{% {word} %}} outside of a {{% template %}}")
        return includes, templates

    def body(self, opener, what, stop=("end",)):
        """Nodes up to a stop tag, which is consumed and returned."""
        nodes = []
        while self.i < len(self.tokens):
            t = self.tokens[self.i]
            self.i += 1
            if t.kind in ("text", "expr"):
                nodes.append(Node(t.kind, t.line, text=t.text))
                continue
            word, _, rest = t.text.partition(" ")
            if word in stop:
                if word in ("end", "else") and rest.strip():
                    self.fail(t.line, f"{{% {word} %}} takes nothing")
                return nodes, t
            nodes.append(self.tag(t, word, rest.strip()))
        self.fail(opener.line, f"{{% {what} %}} without {{% end %}}")

    def tag(self, t, word, rest):
        handler = getattr(self, "tag_" + word, None) if re.fullmatch(r"[a-z]+", word) else None
        if handler:
            return handler(t, rest)
        if word in ("elif", "else"):
            self.fail(t.line, f"{{% {word} %}} without {{% if %}}")
        if word in ("template", "include"):
            self.fail(t.line, f"{{% {word} %}} inside a template: is an {{% end %}} missing?")
        known = ("if", "elif", "else", "for", "let", "call", "block", "fragment", "plural", "end")
        self.fail(t.line, f"unknown tag {{% {word} %}}; there are: " + ", ".join(known))

    def tag_if(self, t, rest):
        node = Node("if", t.line, branches=[], else_body=None)
        condition, line = rest, t.line
        while True:
            if not condition:
                self.fail(line, "a condition is missing")
            body, stop = self.body(t, "if", ("elif", "else", "end"))
            node.branches.append((condition, line, body))
            word, _, condition = stop.text.partition(" ")
            condition, line = condition.strip(), stop.line
            if word == "else":
                node.else_body, _ = self.body(stop, "else")
                return node
            if word == "end":
                return node

    def tag_plural(self, t, rest):
        if not rest:
            self.fail(t.line, "{% plural number %} expected")
        node = Node("plural", t.line, count=rest)
        node.body, stop = self.body(t, "plural", ("else", "end"))
        if not stop.text.startswith("else"):
            self.fail(t.line, "{% plural %} wants what is said of one, {% else %}, and what is said of others")
        node.other, _ = self.body(stop, "else")
        return node

    def tag_for(self, t, rest):
        m = re.match(rf"({NAME})\s+in\s+(.+)$", rest, re.S)
        parts = split_comma(m.group(2)) if m else None
        if not parts or not parts[0] or not parts[1]:
            self.fail(t.line, "{% for x in array, count %} expected")
        node = Node("for", t.line, name=m.group(1), array=parts[0], count=parts[1])
        node.body, _ = self.body(t, "for")
        return node

    def tag_let(self, t, rest):
        m = re.match(r"([A-Za-z_][\w\s*]*?)\s*=\s*([^=].*)$", rest, re.S)
        if not m:
            self.fail(t.line, "{% let name = expression %} expected")
        return Node("let", t.line, left=m.group(1), right=m.group(2))

    def named(self, t, kind, rest):
        m = CALL_RE.match(rest)
        if not m:
            self.fail(t.line, f"{{% {kind} name(arguments) %}} expected")
        return Node(kind, t.line, name=m.group(1), args=(m.group(2) or "").strip())

    def tag_call(self, t, rest):
        return self.named(t, "call", rest)

    def tag_block(self, t, rest):
        node = self.named(t, "block", rest)
        node.body, _ = self.body(t, "block")
        return node

    def tag_fragment(self, t, rest):
        m = FRAGMENT_RE.match(rest)
        if not m:
            self.fail(t.line, '{% fragment "service" "type" "name={{ value }}&…" %} expected')
        return Node("fragment", t.line, service=m.group(1), type=m.group(2), params=m.group(3) or "")

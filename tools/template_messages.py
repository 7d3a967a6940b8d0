# SPDX-License-Identifier: Apache-2.0
"""Texts of templates as messages of a catalogue (docs/howto/language.md).

Messages(where).template(nodes) → the same tree with Node("message") in place of what a person reads: sentences of text, with the
expressions and inline elements in them as places ("{name}", "<a>…</a>"), and the texts of attributes like alt and title. A sentence
ends where an element that is not inline begins or ends, or a tag that holds such ones. What has no letters is no message.
"""
import re

from languages import languages, pseudo
from template_parse import Node, TemplateError

INLINE = {"a", "abbr", "b", "bdi", "cite", "code", "em", "i", "kbd", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "time",
          "u", "var"}
TEXT_ATTRS = {"alt", "title", "placeholder", "aria-label", "aria-description", "data-label", "label"}  # and data-text-…
FIRST = 0xE000  # nodes in a string of source: one private character each
TOKEN = re.compile("<!--.*?-->|<![^>]*>|</?[a-zA-Z](?:[^>\"']|\"[^\"]*\"|'[^']*')*>|[\ue000-\uf8ff]|[^<\ue000-\uf8ff]+|<", re.S)
ATTR = re.compile(r"([\w:-]+)(\s*=\s*)(\"[^\"]*\"|'[^']*')")
PLACES = re.compile(r"\{\w+\}|</?[a-z]+\d*>")
DOT = re.compile(r"(?:\s|&nbsp;)*·(?:\s|&nbsp;)*")
LITERAL = re.compile(r'(?:\b(STR|TR|tr|tr_str|TR_NOOP)\(\s*)?"((?:[^"\\]|\\.)*)"')


def has_letters(text):
    return re.search(r"[^\W\d_]", re.sub(r"&#?\w+;", "", text)) is not None


def is_human(literal):
    """Does a C string look like one for a person? "Members", "A picture has …", "TLS is on here"; not "MiB", "ES256", "text/html"."""
    if not literal[:1].isupper():
        return False
    return len(re.findall(r"(?<= )[a-z]{2,}\b", literal)) >= 2 or re.match(r"\w-?(?:[^\W\d_A-Z’']+[a-z’']*(?:[ .,:?!…-]|$)| )", literal) is not None


class Item:
    """A piece of source. kind: text, tag, node, opaque (comments, scripts); node: of kind node; nodes: what a tag is made of."""

    def __init__(self, kind, line, text="", name="", closing=False, node=None, nodes=()):
        self.kind, self.line, self.text, self.name, self.closing = kind, line, text, name, closing
        self.node, self.nodes = node, list(nodes)


class Source:
    """Nodes as one string, and back."""

    def __init__(self, nodes):
        self.nodes, self.text, self.starts = [], "", []
        for n in nodes:
            self.starts.append((len(self.text), n.line))
            if n.kind == "text":
                self.text += n.text
            else:
                self.text += chr(FIRST + len(self.nodes))
                self.nodes.append(n)

    def line(self, at):
        start, line = max((s for s in self.starts if s[0] <= at), default=(0, 1))
        return line + self.text.count("\n", start, at)

    def node(self, char):
        i = ord(char) - FIRST if len(char) == 1 else -1
        return self.nodes[i] if 0 <= i < len(self.nodes) else None

    def back(self, text, at):
        """Nodes of a part of the string."""
        out = []
        for m in re.finditer("[\ue000-\uf8ff]|[^\ue000-\uf8ff]+", text):
            out.append(self.node(m.group()) or Node("text", self.line(at + m.start()), text=m.group()))
        return out


def itemize(nodes):
    s, items, at = Source(nodes), [], 0
    while at < len(s.text):
        m = TOKEN.match(s.text, at)
        token, line = m.group(), s.line(at)
        if s.node(token):
            items.append(Item("node", line, node=s.node(token)))
        elif re.match(r"</?[a-zA-Z]", token) and len(token) > 1:
            name = re.match(r"</?([a-zA-Z][\w-]*)", token)[1].lower()
            items.append(Item("tag", line, token, name, token[1] == "/", nodes=s.back(token, at)))
            if name in ("script", "style") and token[1] != "/":
                end = s.text.find("</" + name, m.end())
                end = len(s.text) if end < 0 else end
                items.append(Item("opaque", line, nodes=s.back(s.text[m.end():end], m.end())))
                at = end
                continue
        elif token[0] == "<":
            items.append(Item("opaque", line, nodes=s.back(token, at)))
        else:
            items.append(Item("text", line, token))
        at = m.end()
    return items


def branches(node):
    """The lists of nodes inside a tag of the template language."""
    if node.kind == "if":
        return [b for _, _, b in node.branches] + ([node.else_body] if node.else_body is not None else [])
    if node.kind == "plural":
        return [node.body, node.other]
    return [node.body]


def matches(items):
    """Index of the closing tag by that of the opening one, and the indexes of tags without their other half."""
    pairs, stack, lonely = {}, [], []
    for i, it in enumerate(items):
        if it.kind != "tag":
            continue
        if not it.closing:
            stack.append(i)
        elif stack and items[stack[-1]].name == it.name:
            pairs[stack.pop()] = i
        else:
            lonely.append(i)
    return pairs, set(lonely + stack)


def is_inline(it):
    if it.kind == "tag":
        return it.name in INLINE
    if it.kind == "node":
        return it.node.kind in ("expr", "call", "message") or (
            it.node.kind in ("if", "for", "plural") and all(is_inline_only(b) for b in branches(it.node)))
    return it.kind == "text"


def is_inline_only(nodes):
    items = itemize(nodes)
    return all(is_inline(it) for it in items) and not matches(items)[1]


class Messages:
    """found(msgid, plural, line): told of each message; program(text, line): of each C string for a person."""

    def __init__(self, path, found, program):
        self.path, self.found, self.program = path, found, program

    # --- the tree ---------------------------------------------------------------------------------------------------

    def template(self, nodes):
        out, run = [], []
        for it in itemize(nodes):
            if is_inline(it):
                run.append(it)
                continue
            out += self.run(run) + self.item(it)
            run = []
        return out + self.run(run)

    def item(self, it):
        """As it is, with what is inside."""
        if it.kind == "text":
            return [Node("text", it.line, text=it.text)]
        if it.kind == "tag":
            return self.attributes(it.nodes)
        return [self.inside(it.node)] if it.kind == "node" else it.nodes

    def inside(self, n):
        if n.kind == "if":
            n.branches = [(c, line, self.template(b)) for c, line, b in n.branches]
            n.else_body = None if n.else_body is None else self.template(n.else_body)
        elif n.kind == "plural":
            return self.plural(n)
        elif n.kind in ("for", "block"):
            n.body = self.template(n.body)
        for field in ("text", "args", "right"):
            if n.kind in ("expr", "call", "block", "let") and isinstance(getattr(n, field, None), str):
                setattr(n, field, self.literals(getattr(n, field), n.line))
        return n

    def literals(self, code, line):
        def change(m):
            wrapper, text = m[1], m[2]
            if not wrapper and not is_human(text) or wrapper == "STR" and not is_human(text):
                return m.group()
            self.program(re.sub(r"\\(.)", r"\1", text), line)
            return f'TR("{text}"' if wrapper == "STR" else m.group() if wrapper else f'tr("{text}")'

        return LITERAL.sub(change, code)

    def attributes(self, nodes):
        """The nodes of a tag, texts of its attributes as messages."""
        s, out, at = Source(nodes), [], 0
        for m in ATTR.finditer(s.text):
            value = m[3][1:-1]
            if not (m[1].lower() in TEXT_ATTRS or m[1].lower().startswith("data-text-")) or not has_letters(value):
                continue
            out += s.back(s.text[at:m.start(3) + 1], at)
            items = [Item("node", n.line, node=n) if n.kind != "text" else Item("text", n.line, n.text)
                     for n in s.back(value, m.start(3) + 1)]
            out += self.message(items, attr=True)
            at = m.end(3) - 1
        out += s.back(s.text[at:], at)
        for n in out:
            if n.kind == "if":
                n.branches = [(c, line, self.attributes(b)) for c, line, b in n.branches]
                n.else_body = None if n.else_body is None else self.attributes(n.else_body)
            elif n.kind == "expr":
                self.inside(n)
        return out

    # --- sentences --------------------------------------------------------------------------------------------------

    def run(self, items):
        """Text, inline elements and nodes, one after the other."""
        lead, items, tail = self.trimmed(items)
        return lead + self.sentence(items) + tail

    @staticmethod
    def trimmed(items):
        """Blank space at the ends, and what is between."""
        items, lead, tail = list(items), [], []
        if items and items[0].kind == "text":
            it = items[0]
            blank = re.match(r"(?:\s|&nbsp;)*", it.text).group()
            lead = [Node("text", it.line, text=blank)] if blank else []
            items[0] = Item("text", it.line + blank.count("\n"), it.text[len(blank):])
        if items and items[-1].kind == "text":
            it = items[-1]
            blank = re.search(r"(?:\s|&nbsp;)*$", it.text).group()
            tail = [Node("text", it.line + it.text[:len(it.text) - len(blank)].count("\n"), text=blank)] if blank else []
            items[-1] = Item("text", it.line, it.text[:len(it.text) - len(blank)])
        return lead, [it for it in items if it.kind != "text" or it.text], tail

    def sentence(self, items):
        if not any(it.kind == "text" and has_letters(it.text) for it in items):
            return [n for it in items for n in self.item(it)]
        pairs, lonely = matches(items)
        if lonely:
            at = min(lonely)
            return self.run(items[:at]) + self.item(items[at]) + self.run(items[at + 1:])
        if pairs.get(0) == len(items) - 1:
            return self.item(items[0]) + self.run(items[1:-1]) + self.item(items[-1])
        top = self.top_level(items, pairs)
        if not any(it.kind == "text" and has_letters(it.text) for _, it in top):
            return self.each(items, pairs)
        for i, it in top:
            m = DOT.search(it.text) if it.kind == "text" else None
            if m:
                return (self.run(items[:i] + [Item("text", it.line, it.text[:m.start()])]) +
                        [Node("text", it.line, text=m.group())] +
                        self.run([Item("text", it.line, it.text[m.end():])] + items[i + 1:]))
        return self.ends(items)

    @staticmethod
    def top_level(items, pairs):
        at, out = 0, []
        while at < len(items):
            out.append((at, items[at]))
            at = pairs.get(at, at) + 1
        return out

    def each(self, items, pairs):
        """No text between the elements: each says something of its own."""
        out = []
        for at, it in self.top_level(items, pairs):
            out += self.sentence(items[at:pairs[at] + 1]) if at in pairs else self.item(it)
        return out

    def ends(self, items):
        """A condition before or after a whole sentence is not a part of it."""
        def ended(text):
            return re.search(r"[.!?:·]\s*$", text) is not None

        first, last = items[0], items[-1]
        if last.kind == "node" and last.node.kind in ("if", "for") and items[-2].kind == "text" and ended(items[-2].text):
            return self.run(items[:-1]) + self.item(last)
        if first.kind == "node" and first.node.kind == "if":
            tails = [b[-1].text if b and b[-1].kind == "text" else "" for b in branches(first.node)]
            if all(ended(t) for t in tails):
                return self.item(first) + self.run(items[1:])
        return self.message(items)

    # --- messages ---------------------------------------------------------------------------------------------------

    def tokens(self, items, places, attr):
        """The text of items with names for what is not text; places: the nodes of each name."""
        def name_of(base, key, form):
            i = 1
            while True:
                name = form.format(base if i == 1 else f"{base}{i}")
                if places.get(name, (key,))[0] == key:
                    return name
                i += 1

        text, stack = "", []
        for it in items:
            if it.kind == "text":
                text += it.text
            elif it.kind == "tag" and not it.closing:
                name = name_of(it.name, it.text, "<{}>")
                places[name] = (it.text, it.nodes if attr else self.attributes(it.nodes))
                stack.append(name)
                text += name
            elif it.kind == "tag":
                name = "</" + stack.pop()[1:]
                places[name] = (it.text, it.nodes)
                text += name
            else:
                n = it.node
                words = re.findall(r"[a-z_][a-z0-9_]*", re.sub(r'"(?:[^"\\]|\\.)*"', "", n.text)) if n.kind == "expr" else []
                plain = words and ("(" not in n.text or re.match("tr$|tr_str$|local_|html_", words[0]))
                base = words[-1] if plain else words[0] if words else n.name if n.kind == "call" else n.kind
                key = n.text if n.kind == "expr" else id(n)
                name = name_of(base, key, "{{{}}}")
                if name not in places:
                    places[name] = (key, self.attributes([n]) if attr else [self.inside(n)])
                text += name
        return text if attr else re.sub(r"\s+", " ", text)

    def message(self, items, attr=False):
        places = {}
        line = items[0].line
        msgid = self.tokens(items, places, attr)
        self.found(msgid, None, line)
        return [Node("message", line, msgid=msgid, plural=None, count=None, attr=attr,
                     places={k: v[1] for k, v in places.items()})]

    def plural(self, n):
        places = {}
        texts = []
        for body in (n.other, n.body):
            if not is_inline_only(body):
                raise TemplateError(self.path, n.line, "{% plural %} holds text, inline elements and expressions only")
            texts.append(self.tokens(self.trimmed(itemize(body))[1], places, False))
        other, one = texts
        if not has_letters(PLACES.sub("", one)):
            raise TemplateError(self.path, n.line, "{% plural %} without words")
        self.found(one, other, n.line)
        return Node("message", n.line, msgid=one, plural=other, count=n.count, attr=False,
                    places={k: v[1] for k, v in places.items()})


class Catalogue:
    """Texts of one owner in every language. entries: {tag: {msgid: po.Entry}}."""

    def __init__(self, entries):
        self.entries, self.langs = entries, languages()

    def text(self, lang, msgid, plural=None, form=0):
        """Of one that is not there, or not whole, English."""
        english = plural if plural is not None and form else msgid
        if lang.pseudo:
            return pseudo(lang.tag, english)
        entry = self.entries.get(lang.tag, {}).get(msgid)
        if not entry or entry.plural != plural or not entry.whole(lang.forms):
            return english
        return entry.strings[min(form, len(entry.strings) - 1)]


def faults(msgid, plural, text, attr_or_plain=True):
    """What is wrong with a translation of a template's text; "" when nothing is. The places of a plural's form may be fewer."""
    want, have = sorted(PLACES.findall(plural or msgid)), sorted(PLACES.findall(text))
    if plural is None and want != have:
        return f"places {' '.join(want) or '(none)'} expected, found {' '.join(have) or '(none)'}"
    if plural is not None and not set(have) <= set(want) | set(PLACES.findall(msgid)):
        return f"places {' '.join(have)} are not those of the English text"
    rest = PLACES.sub("", text)
    if re.search(r"[<>{}]|&(?!#?\w+;)", rest):
        return "< > { } and & stand for themselves only as entities"
    stack = []
    for tag in re.findall(r"</?[a-z]+\d*>", text):
        if tag[1] != "/":
            stack.append(tag[1:])
        elif not stack or stack.pop() != tag[2:]:
            return f"{tag} closes nothing"
    return f"<{stack[-1]} is not closed" if stack else ""

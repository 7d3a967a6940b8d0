#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile HTML templates to C (docs/howto/template.md is the language).

    gen_templates.py --owner blog --dir src/services/blog/templates --out build/src/gen --depfile FILE

writes <owner>_tpl.h and <owner>_tpl.c. Three passes: lex() cuts a file into text and tags, parse() makes a tree, Emitter
walks it with an HTML tokeniser (Html) at its side that knows where each expression stands, and so which escaper it needs.
Every error names file and line; C errors do too, through #line.
"""
import argparse
import os
import re
import sys

import po
from gen_output import write_if_changed
from languages import languages
from template_messages import PLACES, Catalogue, Messages, faults
from template_parse import ASSET_RE, Parser, TemplateError, lex


# --- where in the HTML are we? --------------------------------------------------------------------------------------

URL_ATTRS = {"href", "src", "action", "poster", "srcset", "formaction", "data", "cite", "xlink:href", "ping", "background",
             "manifest"}
RAW_TEXT = {"script", "style"}
RCDATA = {"title", "textarea"}
NAME_CHAR = re.compile(r"[^\s/>=\"'<]")


class Html:
    """The states of the HTML standard's tokeniser (13.2.5) that matter here. A copy taken before a branch is merged with the
    state after it: expressions must stand in the same place whichever way was taken.

    state: text tag-open tag-name end-tag in-tag attr-name after-name before-value value bare-value comment markup
    raw: inside which element whose content is not markup (script, style, title, textarea), or None
    url: in a URL attribute: start, safe (a / ? # or a scheme has passed), value (after ?…=), open (an expression has passed),
    size (in a srcset, after the URL)
    """
    FIELDS = ("state", "tag", "attr", "quote", "raw", "script_type", "url", "value", "js", "pre", "space", "closing")

    def __init__(self):
        self.state, self.tag, self.attr, self.quote = "text", "", "", ""
        self.raw = None
        self.script_type, self.url, self.value, self.js = "", "", "", ""
        self.pre = 0
        self.space = False  # was the last thing written static white space?
        self.closing = ""   # of raw text: what may be its end tag; of a comment: "-", "--"

    def copy(self):
        other = Html()
        for f in self.FIELDS:
            setattr(other, f, getattr(self, f))
        return other

    def place(self):
        if self.state in ("tag-name", "in-tag", "attr-name", "after-name"):
            return "in a tag"
        if self.state == "value":
            return f'in the attribute {self.attr}'
        if self.state == "text":
            return f"in <{self.raw}>" if self.raw else "in text"
        return {"tag-open": "after <", "end-tag": "in an end tag", "before-value": f"after {self.attr}=",
                "bare-value": "in an unquoted attribute", "comment": "in a comment"}.get(self.state, "in a declaration")

    def where(self):
        """What must agree when two ways meet. The last attribute is nothing to the text after its tag."""
        if self.state == "text":
            return self.state, self.raw, self.js, self.pre
        return self.state, self.raw, self.attr, self.quote, self.js, self.pre

    def merge(self, other):
        """Become what holds on both ways; False when they end in different places."""
        in_tag = ("tag-name", "in-tag", "attr-name", "after-name")
        if self.state in in_tag and other.state in in_tag:
            if self.tag != other.tag:
                return False
            if self.state != other.state or self.attr != other.attr:
                self.state, self.attr = "in-tag", ""
        elif self.where() != other.where():
            return False
        if self.state == "value":
            pair = {self.url, other.url}
            if "size" in pair:
                self.url = "size"
            elif "open" in pair or ("start" in pair and len(pair) > 1):
                self.url = "open"
            elif self.url != other.url:
                self.url = "safe"
        self.space = self.space and other.space
        self.script_type = self.script_type if self.script_type == other.script_type else ""
        return True

    # -- static text; returns what to write (blank space folded where HTML allows it)
    def feed(self, text):
        out = []
        i = 0
        while i < len(text):
            c = text[i]
            step = getattr(self, "on_" + self.state.replace("-", "_"))
            before = self.state
            folds = before in ("text", "tag-name", "in-tag", "attr-name", "after-name") and not self.pre and (
                not self.raw)
            if c in " \t\n\r\f" and folds:
                j = i
                while j < len(text) and text[j] in " \t\n\r\f":
                    j += 1
                if not self.space:
                    out.append("\n" if before == "text" and "\n" in text[i:j] else " ")
                self.space = True
                if before != "text":
                    step(" ")
                i = j
                continue
            step(c)
            out.append(c)
            self.space = False
            i += 1
        return "".join(out)

    def dynamic(self):
        self.space = False

    def on_text(self, c):
        if self.raw:
            return self.on_raw(c)
        if c == "<":
            self.state = "tag-open"
        return None

    def on_raw(self, c):
        end = "</" + self.raw
        probe = self.closing + c
        if end.startswith(probe.lower()):
            self.closing = probe
        elif self.closing.lower() == end and c in " \t\n/>":
            self.state, self.closing, self.js = ("text" if c == ">" else "end-tag"), "", ""
            self.raw = None
            return
        else:
            self.closing = c if c == "<" else ""
        if self.raw == "script":
            self.track_js(c)

    def track_js(self, c):
        """js: "" or the open quote, or / (maybe a comment), //, /*, /** (maybe its end); a \\ after a quote skips one."""
        js = self.js
        if js and js[0] in "\"'`":
            if len(js) == 2:
                self.js = js[0]
            elif c == "\\":
                self.js = js + c
            elif c == js or (c == "\n" and js != "`"):
                self.js = ""
        elif js == "//":
            self.js = "" if c == "\n" else js
        elif js in ("/*", "/**"):
            self.js = "" if js == "/**" and c == "/" else ("/**" if c == "*" else "/*")
        elif js == "/" and c in "/*":
            self.js = js + c
        elif c == "/" and "json" not in self.script_type:
            self.js = "/"
        else:
            self.js = c if c in "\"'`" else ""

    def on_tag_open(self, c):
        if c == "!":
            self.state, self.closing = "markup", "!"
        elif c == "/":
            self.state, self.tag = "end-tag", ""
        elif c.isalpha():
            self.state, self.tag, self.script_type = "tag-name", c.lower(), ""
        else:
            self.state = "text"

    def on_markup(self, c):
        """<!doctype …> or the beginning of a comment."""
        self.closing += c
        if self.closing == "!--":
            self.state, self.closing = "comment", ""
        elif c == ">":
            self.state, self.closing = "text", ""

    def on_comment(self, c):
        if c == "-":
            self.closing = "--" if self.closing else "-"
        elif c == ">" and self.closing == "--":
            self.state, self.closing = "text", ""
        else:
            self.closing = ""

    def on_end_tag(self, c):
        if c == ">":
            self.state = "text"
            if self.tag == "pre":
                self.pre = max(0, self.pre - 1)
        elif c.isalnum():
            self.tag += c.lower()

    def on_tag_name(self, c):
        if c in " />":
            self.state = "in-tag"
            self.on_in_tag(c)
        else:
            self.tag += c.lower()

    def on_in_tag(self, c):
        if c == ">":
            self.state = "text"
            if self.tag == "pre":
                self.pre += 1
            if self.tag in RAW_TEXT or self.tag in RCDATA:
                self.raw, self.closing, self.js = self.tag, "", ""
        elif NAME_CHAR.match(c):
            self.state, self.attr = "attr-name", c.lower()
        elif c in "=\"'":
            raise ValueError(f"{c} where an attribute name is expected")

    def on_attr_name(self, c):
        if c == "=":
            self.state = "before-value"
        elif c == " ":
            self.state = "after-name"
        elif c in "/>":
            self.state = "in-tag"
            self.on_in_tag(c)
        elif c in "\"'<":
            raise ValueError(f"{c} in an attribute name")
        else:
            self.attr += c.lower()

    def on_after_name(self, c):
        if c == "=":
            self.state = "before-value"
        elif c != " ":
            self.state = "in-tag"
            self.on_in_tag(c)

    def on_before_value(self, c):
        if c in "\"'":
            self.state, self.quote, self.value = "value", c, ""
            self.url = "start" if self.attr in URL_ATTRS else ""
        elif c == ">":
            raise ValueError(f"{self.attr}= has no value")
        elif not c.isspace():
            self.state = "bare-value"
            self.value = c

    def on_value(self, c):
        if c == self.quote:
            if self.attr == "type" and self.tag == "script":
                self.script_type = self.value.lower()
            self.state, self.attr, self.url = "in-tag", "", ""
            return
        self.value += c
        if self.attr == "srcset" and c in ", \t\n":
            self.url = "start" if c == "," or self.url == "start" else "size"
        if not self.url:
            return
        if c in "?#/:" and self.url in ("start", "open"):
            if c == ":" and re.match(r"\s*(javascript|vbscript|data):$", self.value, re.I):
                raise ValueError(f"{self.value.strip()} in {self.attr}")
            self.url = "safe"
        if c == "=" and "?" in self.value:
            self.url = "value"
        elif self.url == "value":
            self.url = "safe"

    def on_bare_value(self, c):
        if c in " \t\n":
            self.state = "in-tag"
        elif c == ">":
            self.state = "in-tag"
            self.on_in_tag(c)
        elif c in "\"'=<`":
            raise ValueError(f"{c} in an unquoted attribute value")
        else:
            self.value += c

    # -- expressions
    def escaper(self):
        """The macro of platform/text/html.h for an expression that stands here."""
        if self.state == "text":
            if not self.raw:
                return "HTML_TEXT"
            if self.raw in RCDATA:
                return "HTML_RCDATA"
            if self.raw == "style":
                raise ValueError("an expression in <style>: no escaping makes that safe; use a class or a data- attribute")
            if self.js not in ("", "/"):
                where = "comment" if self.js.startswith("/") else "string"
                raise ValueError(f"an expression inside a {where} of a <script>: "
                                 "it brings its own quotes, so write it bare")
            return "HTML_JSON" if "json" in self.script_type else "HTML_JS"
        if self.state == "value":
            return self.attr_escaper()
        reasons = {
            "bare-value": "an expression in an unquoted attribute value: put quotes around it",
            "before-value": "an expression in an unquoted attribute value: put quotes around it",
            "comment": "an expression in a comment",
            "tag-open": "an expression in a tag name",
            "end-tag": "an expression in a tag name",
            "tag-name": "an expression in a tag name",
        }
        raise ValueError(reasons.get(self.state, f"an expression {self.place()}, outside of an attribute value"))

    def attr_escaper(self):
        if self.attr.startswith("on") or self.attr in ("style", "srcdoc"):
            raise ValueError(f"an expression in the attribute {self.attr}: no escaping makes that safe")
        if not self.url:
            return "HTML_ATTR"
        if self.url == "start":
            if self.value.strip() and self.attr != "srcset":
                raise ValueError(f"an expression after \"{self.value}\" could complete a scheme such as javascript: "
                                 "put a / ? or # before it")
            self.url = "open"
            return "HTML_URL"
        if self.url == "open":
            raise ValueError(f"a second expression in {self.attr} could complete a scheme such as javascript: "
                             "join them in C, or put a / ? or # between")
        return "HTML_URL_VALUE" if self.url == "value" else "HTML_ATTR"


# --- C out ----------------------------------------------------------------------------------------------------------

def c_literal(text, width=110):
    """A C string literal, cut into pieces; every byte outside printable ASCII as octal (never merges with what follows)."""
    pieces, current = [], ""
    special = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\", "?": "?"}
    for byte in text.encode("utf-8"):
        ch = chr(byte)
        current += special.get(ch) or (ch if 32 <= byte < 127 else f"\\{byte:03o}")
        if len(current) >= width:
            pieces.append(current)
            current = ""
    if current or not pieces:
        pieces.append(current)
    return "\n\t".join(f'"{p}"' for p in pieces)


class Texts:
    """What templates of one owner write, where it depends on the language: a string of all texts and where each begins, a language."""

    def __init__(self, langs):
        self.langs, self.rows = langs, []

    def add(self, row):
        """row: the text in each language, in the order of langs. → its number."""
        self.rows.append(row)
        return len(self.rows) - 1

    def c(self):
        if not self.rows:
            return ""
        out = ["\nstruct texts_ { const char *text; const uint32_t *at; };"]
        for i, lang in enumerate(self.langs):
            text, at = "", [0]
            for row in self.rows:
                text += row[i]
                at.append(at[-1] + len(row[i].encode()))
            out.append(f"static const char text_{lang.id}_[] =\n\t{c_literal(text)};")
            numbers = [", ".join(map(str, at[k:k + 16])) for k in range(0, len(at), 16)]
            out.append(f"static const uint32_t at_{lang.id}_[] = {{\n\t" + ",\n\t".join(numbers) + " };")
        rows = ", ".join(f"[LANG_{lang.id}] = {{ text_{lang.id}_, at_{lang.id}_ }}" for lang in self.langs)
        out.append(f"static const struct texts_ texts_[LANG_COUNT] = {{ {rows} }};\n")
        out.append("static void put_(struct buf *out, unsigned i)\n{\n\tconst struct texts_ *t = &texts_[lang_now()];\n"
                   "\tbuf_put(out, t->text + t->at[i], t->at[i + 1] - t->at[i]);\n}\n")
        return "\n".join(out)


class Emitter:
    """static: what is to be written next, pieces of text; one that depends on the language is a list, a text for each."""

    def __init__(self, path, assets=None, catalogue=None, texts=None):
        self.path, self.assets, self.catalogue, self.texts = path, assets, catalogue, texts
        self.lines, self.static, self.static_line = [], [], 0
        self.depth = 1
        self.html = Html()

    def fail(self, line, message):
        raise TemplateError(self.path, line, message)

    def put(self, line, code):
        self.flush()
        self.lines.append(f'#line {line} "{self.path}"')
        self.lines.append("\t" * self.depth + code)

    def flush(self):
        pieces, self.static = self.static, []
        row = ["".join(p if isinstance(p, str) else p[i] for p in pieces)
               for i in range(len(self.texts.langs) if self.texts else 1)]
        if any(row):
            code = f"BUF_LIT(out, {c_literal(row[0])});" if len(set(row)) == 1 else f"put_(out, {self.texts.add(row)});"
            self.lines.append(f'#line {self.static_line} "{self.path}"')
            self.lines.append("\t" * self.depth + code)

    def template(self, t):
        args = "struct buf *out" + (", " + t.args if t.args and t.args != "void" else "")
        self.lines += [f'#line {t.line} "{self.path}"', f"void tpl_{t.name}({args})", "{"]
        self.nodes(t.body)
        self.flush()
        if self.html.state != "text" or self.html.raw:
            self.fail(t.line, f"template {t.name} ends {self.html.place()}")
        self.lines += ["\t(void)out;", "}", ""]

    def nodes(self, nodes):
        for n in nodes:
            getattr(self, "node_" + n.kind)(n)

    def guard(self, line, fn, *args):
        try:
            return fn(*args)
        except ValueError as why:
            self.fail(line, str(why))

    def node_text(self, n):
        text = self.guard(n.line, self.html.feed, n.text)
        self.put_static(n.line, text)

    def put_static(self, line, piece):
        if piece and not self.static:
            self.static_line = line
        if piece:
            self.static.append(piece)

    # --- messages: texts with places, in each language ---

    def node_message(self, n):
        """A plural's forms are as many as the language with most has; a language with fewer never comes to the others."""
        langs = self.catalogue.langs
        if n.plural is None:
            return self.put_message(n, [self.catalogue.text(lang, n.msgid) for lang in langs])
        forms = max(lang.forms for lang in langs)
        before = self.html.copy()
        self.put(n.line, f"const unsigned form{n.line}_ = lang_form({n.count});")
        for form in range(forms):
            self.html = before.copy()
            last = form == forms - 1
            head = "} else {" if last and form else f"{'} else ' if form else ''}if (form{n.line}_ == {form}) {{"
            self.put(n.line, head if forms > 1 else "{")
            self.depth += 1
            self.put_message(n, [self.catalogue.text(lang, n.msgid, n.plural, form) for lang in langs])
            self.flush()
            self.depth -= 1
        self.lines.append("\t" * self.depth + "}")
        return None

    def put_message(self, n, texts):
        langs, cut = self.catalogue.langs, []
        for lang, text in zip(langs, texts):
            wrong = faults(n.msgid, n.plural, text) or ('" ends an attribute' if n.attr and '"' in text else "")
            if wrong:
                self.fail(n.line, f"{lang.tag}: {wrong}: {text}")
            cut.append(re.split(f"({PLACES.pattern})", text))
        orders = {}  # the order of places: the languages that have it
        for i, pieces in enumerate(cut):
            orders.setdefault(tuple(pieces[1::2]), []).append(i)
        if len(orders) == 1:
            return self.put_pieces(n, cut, list(range(len(langs))))
        before, after = self.html.copy(), None
        ways = [way for way in orders.values() if 0 not in way] + [orders[tuple(cut[0][1::2])]]
        for k, way in enumerate(ways):
            self.html = before.copy()
            which = " || ".join(f"lang_now() == LANG_{langs[i].id}" for i in way)
            self.put(n.line, ("} else {" if 0 in way else f"{'} else ' if k else ''}if ({which}) {{"))
            self.depth += 1
            self.put_pieces(n, cut, way)
            self.flush()
            self.depth -= 1
            if after is not None and not after.merge(self.html):
                self.fail(n.line, "the message ends differently in another language")
            after = after or self.html
        self.lines.append("\t" * self.depth + "}")
        self.html = after
        return None

    def put_pieces(self, n, cut, way):
        """Texts of the languages of `way`, the first one's English or standing for it; between them their places."""
        lead = cut[way[0]]
        for k, piece in enumerate(lead):
            if k % 2:
                self.nodes(n.places[piece])
                continue
            self.guard(n.line, self.html.feed, piece)
            row = [cut[i][k] if i in way else "" for i in range(len(cut))]
            self.put_static(n.line, row if any(row) else "")

    def node_expr(self, n):
        m = ASSET_RE.search(n.text)
        if m and self.assets is not None and m.group(1) not in self.assets:
            self.fail(n.line, f"no file {m.group(1)} among the assets in web/")
        macro = self.guard(n.line, self.html.escaper)
        self.html.dynamic()
        self.put(n.line, f"{macro}(out, ({n.text}));")

    def indented(self, body):
        self.depth += 1
        self.nodes(body)
        self.flush()
        self.depth -= 1

    def node_if(self, n):
        self.flush()
        before, after = self.html.copy(), None
        ways = [(("if" if i == 0 else "} else if") + f" ({c}) {{", line, body)
                for i, (c, line, body) in enumerate(n.branches)]
        if n.else_body is not None:
            ways.append(("} else {", n.line, n.else_body))
        for head, line, body in ways:
            self.html = before.copy()
            self.put(line, head)
            self.indented(body)
            if after is not None and not after.merge(self.html):
                self.fail(line, f"this branch ends {self.html.place()}, the one before it {after.place()}")
            after = after or self.html
        self.lines.append("\t" * self.depth + "}")
        if n.else_body is None and not after.merge(before):
            self.fail(n.line, f"{{% if %}} begins {before.place()} and ends {after.place()}")
        self.html = after

    def node_for(self, n):
        before = self.html.copy()
        x = n.name
        self.put(n.line, f"for (size_t {x}_i = 0, {x}_n = (size_t)({n.count}); {x}_i < {x}_n; {x}_i++) {{")
        self.depth += 1
        self.put(n.line, f"__auto_type {x} = &({n.array})[{x}_i]; const bool {x}_last = {x}_i + 1 == {x}_n; "
                         f"(void){x}; (void){x}_last;")
        self.depth -= 1
        self.html.dynamic()
        self.indented(n.body)
        self.lines.append("\t" * self.depth + "}")
        if self.html.url == "open" and before.url == "start":
            self.fail(n.line, f"a loop in {before.attr} could complete a scheme such as javascript: join the pieces in C")
        if not self.html.merge(before):
            self.fail(n.line, f"{{% for %}} begins {before.place()} and ends {self.html.place()}")

    def node_let(self, n):
        typed = n.left if re.search(r"[\s*]", n.left) else "__auto_type " + n.left
        name = re.search(r"\w+$", n.left).group()
        self.put(n.line, f"{typed} = {n.right}; (void){name};")

    def in_text(self, n, what):
        if self.html.state != "text" or self.html.raw:
            self.fail(n.line, f"{what} {self.html.place()}: it stands between elements only")

    def node_call(self, n):
        self.in_text(n, "{% call %}")
        self.html.dynamic()
        self.put(n.line, f"tpl_{n.name}(out{', ' + n.args if n.args else ''});")

    def node_block(self, n):
        self.in_text(n, "{% block %}")
        args = f"(out{', ' + n.args if n.args else ''});"
        self.put(n.line, f"tpl_{n.name}_open{args}")
        self.put(n.line, "{")
        self.html.dynamic()
        self.indented(n.body)
        self.in_text(n, "{% block %} ends")
        self.lines.append("\t" * self.depth + "}")
        self.put(n.line, f"tpl_{n.name}_close{args}")

    def node_fragment(self, n):
        self.in_text(n, "{% fragment %}")
        self.html.dynamic()
        head = f'html_fragment_marker(out, "{n.service}", "{n.type}", '
        if "{{" not in n.params:
            self.put(n.line, f'{head}STR("{n.params}"));')
            return
        self.put(n.line, "{")
        self.depth += 1
        self.put(n.line, "SCOPED_BUF params_; buf_init(&params_, 4096);")
        for i, part in enumerate(re.split(r"\{\{(.*?)\}\}", n.params)):
            if i % 2:
                self.put(n.line, f"HTML_URL_VALUE(&params_, ({part.strip()}));")
            elif part:
                self.put(n.line, f'BUF_LIT(&params_, "{part}");')
        self.put(n.line, f"{head}buf_str(&params_));")
        self.depth -= 1
        self.put(n.line, "}")


def compile_file(path, src, assets=None, catalogue=None, texts=None):
    """catalogue, texts: None: all stays English. → includes [(spec, line)], templates [(name, prototype, line, C lines)]."""
    includes, templates = Parser(path, lex(path, src)).parse()
    messages = Messages(path, lambda *_: None, lambda *_: None)
    out = []
    for t in templates:
        if catalogue:
            t.body = messages.template(t.body)
        e = Emitter(path, assets, catalogue, texts)
        e.template(t)
        args = "struct buf *out" + (", " + t.args if t.args and t.args != "void" else "")
        out.append((t.name, f"void tpl_{t.name}({args});", t.line, e.lines))
    return includes, out


def generate(owner, directory, shown_dir=None, assets=None, i18n=None):
    """assets: names that asset_url() may be given, or None. → (header text, source text, files read). Raises TemplateError; all files are read before anything is written."""
    files = []
    for base, dirs, names in os.walk(directory):
        dirs.sort()
        files += [os.path.join(base, n) for n in sorted(names) if n.endswith(".html")]
    includes, protos, bodies, seen = [], [], [], {}
    langs = languages()
    pos = {lang.tag: os.path.join(i18n, lang.tag + ".po") for lang in langs[1:] if not lang.pseudo} if i18n else {}
    catalogue = Catalogue({tag: po.read(path)[1] for tag, path in pos.items()})
    texts = Texts(langs)
    for path in files:
        with open(path, encoding="utf-8") as f:
            src = f.read()
        shown = os.path.join(shown_dir, os.path.relpath(path, directory)) if shown_dir else path
        inc, templates = compile_file(shown, src, assets, catalogue, texts)
        includes += [i for i, _ in inc if i not in includes]
        for name, proto, line, lines in templates:
            if name in seen:
                raise TemplateError(shown, line, f"template {name} is defined in {seen[name]} already")
            seen[name] = f"{shown}:{line}"
            protos.append(f'#line {line} "{shown}"\n{proto}')
            bodies += lines
    guard = f"GH_GEN_{owner.upper()}_TPL_H"
    made = "/* Generated by tools/gen_templates.py from the HTML in templates/. */\n"
    header = made + f"#ifndef {guard}\n#define {guard}\n\n" + '#include "platform/text/html.h"\n#include "platform/web/web.h"\n'
    header += "".join(f"#include {i}\n" for i in includes) + "\n" + "\n".join(protos) + "\n\n#endif\n"
    source = made + f'#include "gen/{owner}_tpl.h"\n\n#include "base/lang.h"\n'
    if owner != "platform":
        source += '#include "gen/platform_tpl.h"\n'
    source += texts.c()
    return header, source + "\n" + "\n".join(bodies) + "\n", files + [p for p in pos.values() if os.path.isfile(p)]


def write_depfile(path, targets, directory, files, i18n):
    """The folders are inputs too, so that a new file is noticed; a folder that is not there yet is watched for by its parent."""
    folders = {os.path.dirname(f) for f in files} | {directory} | ({i18n} if i18n else set())
    inputs = files + sorted(folders)
    for i, name in enumerate(inputs):
        while not os.path.exists(name):
            name = os.path.dirname(name) or "."
        inputs[i] = name
    with open(path, "w", encoding="utf-8") as f:
        f.write(" ".join(targets) + ": " + " ".join(p.replace(" ", "\\ ") for p in inputs) + "\n")


def asset_names(folder):
    """Names of files below a folder; web/src/x.mjs is bundled as x.js (tools/gen_modules.py)."""
    names = set()
    for base, dirs, found in os.walk(folder):
        dirs[:] = [d for d in dirs if d != 'node_modules']
        bundled = os.path.basename(base) == 'src'
        names |= {n[:-4] + '.js' if bundled and n.endswith('.mjs') else n for n in found}
    return names


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--owner", required=True)
    p.add_argument("--dir", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--i18n", help="folder of catalogues, <tag>.po; without it all stays English")
    p.add_argument("--assets", help="folder of static files: asset_url() of a name that is not there is an error")
    p.add_argument("--depfile")
    a = p.parse_args()
    assets = None
    if a.assets:
        assets = asset_names(a.assets)
    try:
        header, source, files = generate(a.owner, a.dir, os.path.relpath(a.dir), assets, a.i18n)
    except (TemplateError, po.PoError) as why:
        print(why, file=sys.stderr)
        return 1
    h, c = (os.path.join(a.out, f"{a.owner}_tpl.{x}") for x in "hc")
    write_if_changed(h, header)
    write_if_changed(c, source)
    if a.depfile:
        write_depfile(a.depfile, [c, h], a.dir, files, a.i18n)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/gen_templates.py: what it emits, and that each mistake is refused with its line."""
import os
import re
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import gen_templates as gt  # noqa: E402


def c_of(body, args="void"):
    """C statements of one template, without #line."""
    _, templates = gt.compile_file("t.html", "{% template t(" + args + ") %}" + body + "{% end %}")
    return [line.strip() for line in templates[0][3] if not line.startswith("#line")]


def code(body):
    return "\n".join(c_of(body)[2:-3])


class Output(unittest.TestCase):
    def test_static_text_is_one_literal(self):
        self.assertEqual(code("<p>a</p>{# note #}<b>c</b>"), 'BUF_LIT(out, "<p>a</p><b>c</b>");')

    def test_signature(self):
        self.assertEqual(c_of("x", "int a, const char *b")[0], "void tpl_t(struct buf *out, int a, const char *b)")
        self.assertEqual(c_of("x", "")[0], "void tpl_t(struct buf *out)")

    def test_quotes_backslash_and_utf8_survive(self):
        self.assertEqual(code('<p class="a">\\ ü1</p>'), 'BUF_LIT(out, "<p class=\\"a\\">\\\\ \\303\\2741</p>");')

    def test_blank_space_folds_but_not_in_pre_textarea_script(self):
        self.assertEqual(code("<p>a   b\n\n   c</p>"), 'BUF_LIT(out, "<p>a b\\nc</p>");')
        for tag in ("pre", "textarea", "script"):
            self.assertIn("a   b", code(f"<{tag}>a   b</{tag}>"))
        self.assertEqual(code('<p  class="a   b"\n   id="c">x</p>'), 'BUF_LIT(out, "<p class=\\"a   b\\" id=\\"c\\">x</p>");')

    def test_a_line_of_tags_leaves_nothing(self):
        body = "\n  <ul>\n  {% if a %}\n  <li>x</li>\n  {% end %}{# why #}\n  </ul>\n"
        out = code(body)
        self.assertNotIn('"\\n"', out)
        self.assertIn('"<li>x</li>\\n"', out.replace(" <li>", "<li>"))

    def test_line_directives_point_into_the_template(self):
        _, templates = gt.compile_file("dir/t.html", "{% template t(int a) %}\n<p>\n{{ a }}\n</p>{% end %}")
        lines = templates[0][3]
        at = next(i for i, line in enumerate(lines) if "HTML_TEXT" in line)
        self.assertEqual(lines[at - 1], '#line 3 "dir/t.html"')

    def test_for_and_else(self):
        out = code("{% for t in p->tags, f(a, b) %}{{ t->x }}{% if !t_last %},{% else %}.{% end %}{% end %}")
        self.assertIn("t_n = (size_t)(f(a, b));", out)
        self.assertIn("__auto_type t = &(p->tags)[t_i];", out)
        self.assertIn("} else {", out)

    def test_let_block_call(self):
        out = code("{% let n = f(x) %}{% let struct str s = g() %}{% block shell(p) %}{% call card(n, true) %}{% end %}")
        self.assertIn("__auto_type n = f(x); (void)n;", out)
        self.assertIn("struct str s = g(); (void)s;", out)
        self.assertLess(out.index("tpl_shell_open(out, p);"), out.index("tpl_card(out, n, true);"))
        self.assertLess(out.index("tpl_card(out, n, true);"), out.index("tpl_shell_close(out, p);"))

    def test_fragment(self):
        self.assertIn('html_fragment_marker(out, "account", "auth-menu", STR(""));', code('{% fragment "account" "auth-menu" %}'))
        out = code('{% fragment "blog" "link-card" "id={{ p->id }}&size=2" %}')
        self.assertIn("HTML_URL_VALUE(&params_, (p->id));", out)
        self.assertIn('BUF_LIT(&params_, "&size=2");', out)

    def test_strings_may_hold_closers(self):
        self.assertIn('f("%}", \'"\')', code("{% if f(\"%}\", '\"') %}x{% end %}"))


class Escapers(unittest.TestCase):
    CASES = [
        ("<p>{{ x }}</p>", "HTML_TEXT"),
        ("<title>{{ x }}</title>", "HTML_RCDATA"),
        ("<textarea>{{ x }}</textarea>", "HTML_RCDATA"),
        ('<p class="a {{ x }}">', "HTML_ATTR"),
        ("<p class='{{ x }}'>", "HTML_ATTR"),
        ('<a href="{{ x }}">', "HTML_URL"),
        ('<a href="/tag/{{ x }}">', "HTML_ATTR"),
        ('<a href="/search?q={{ x }}">', "HTML_URL_VALUE"),
        ('<a href="/s?page=2&q={{ x }}">', "HTML_URL_VALUE"),
        ('<a href="mailto:{{ x }}">', "HTML_ATTR"),
        ('<img srcset="/a 1x, {{ x }} 2x">', "HTML_URL"),
        ('<form ACTION="{{ x }}">', "HTML_URL"),
        ("<script>let a = {{ x }};</script>", "HTML_JS"),
        ("<script>let a = 'it'; /* it's */ f({{ x }});</script>", "HTML_JS"),
        ('<script type="application/ld+json">{"a": {{ x }}}</script>', "HTML_JSON"),
        ("<script>1</script><p>{{ x }}", "HTML_TEXT"),
        ("<style>a{}</style>{{ x }}", "HTML_TEXT"),
        ("<!-- c --><!doctype html>{{ x }}", "HTML_TEXT"),
        ('<input{% if c %} checked{% end %} value="{{ x }}">', "HTML_ATTR"),
        ('<a href="{% if c %}/x{% else %}/y{% end %}/{{ x }}">', "HTML_ATTR"),
        ('<img srcset="{% for v in a, n %}{{ v->url }} {{ v->w }}w{% if !v_last %}, {% end %}{% end %}" alt="{{ x }}">', "HTML_ATTR"),
    ]

    def test_by_place(self):
        for body, macro in self.CASES:
            with self.subTest(body):
                self.assertIn(f"{macro}(out, (x));", code(body))


class Refused(unittest.TestCase):
    CASES = [  # body after "{% template t(void) %}\n", line, part of the message
        ("<p class={{ x }}>", 2, "unquoted"),
        ("<{{ x }}>", 2, "tag name"),
        ("<p {{ x }}>", 2, "outside of an attribute value"),
        ("<!-- {{ x }} -->", 2, "in a comment"),
        ("<style>{{ x }}</style>", 2, "<style>"),
        ('<p onclick="f({{ x }})">', 2, "onclick"),
        ('<p style="{{ x }}">', 2, "style"),
        ("<script>let a = \"{{ x }}\"</script>", 2, "string"),
        ("<script>// {{ x }}\n</script>", 2, "comment"),
        ('<a href="java{{ x }}">', 2, "complete a scheme"),
        ('<a href="{{ a }}{{ x }}">', 2, "complete a scheme"),
        ('<a href="{% for v in a, n %}{{ v->x }}{% end %}">', 2, "loop in href"),
        ('<a href="javascript:{{ x }}">', 2, "javascript:"),
        ("\n\n{% if a %}<b{% end %}>", 4, "begins in text"),
        ('{% if a %}<p class="{% else %}<p id="{% end %}x">', 2, "this branch ends"),
        ("{% for x in a, b %}<p {% end %}>", 2, "begins in text"),
        ("<p class=\"{% call card() %}\">", 2, "{% call %} in the attribute class"),
        ("<script>", 1, "ends in <script>"),
        ("{% for x of a %}{% end %}", 2, "{% for x in array, count %} expected"),
        ("{% for x in a %}{% end %}", 2, "expected"),
        ("\n{% wibble %}", 3, "unknown tag"),
        ("{% else %}", 2, "without {% if %}"),
        ("{% if %}{% end %}", 2, "condition"),
        ("{% fragment account menu %}", 2, "expected"),
        ("{{ }}", 2, "empty"),
        ("{{ \"a }}", 2, "without }}"),
        ("{# never closed", 2, "without #}"),
        ("{% template u() %}{% end %}", 2, "missing"),
        ("<p a\"b>", 2, "attribute name"),
    ]

    def test_each(self):
        for body, line, part in self.CASES:
            with self.subTest(body):
                with self.assertRaises(gt.TemplateError) as caught:
                    gt.compile_file("t.html", "{% template t(void) %}\n" + body + "{% end %}")
                self.assertTrue(str(caught.exception).startswith(f"t.html:{line}: error: "), str(caught.exception))
                self.assertIn(part, str(caught.exception))

    def test_unknown_asset(self):
        src = '{% template t() %}<link href="{{ asset_url("css/a.css") }}">{% end %}'
        gt.compile_file("t.html", src, {"css/a.css"})
        with self.assertRaises(gt.TemplateError) as caught:
            gt.compile_file("t.html", src, {"css/b.css"})
        self.assertIn("css/a.css", str(caught.exception))

    def test_top_level(self):
        for src, part in [("hello", "text outside"), ("{{ x }}", "outside"), ("{% end %}", "anything to end"),
                          ("{% template t() %}a", "without {% end %}"), ("{% if a %}{% end %}", "outside")]:
            with self.subTest(src):
                with self.assertRaises(gt.TemplateError) as caught:
                    gt.compile_file("t.html", src)
                self.assertIn(part, str(caught.exception))


class Files(unittest.TestCase):
    def test_duplicate_names_over_files_and_the_header(self):
        with tempfile.TemporaryDirectory() as d:
            for name in ("a.html", "b.html"):
                with open(os.path.join(d, name), "w", encoding="utf-8") as f:
                    f.write('{% include "x/y.h" %}{% template same(void) %}{% end %}')
            with self.assertRaises(gt.TemplateError) as caught:
                gt.generate("own", d, "t")
            self.assertIn("t/b.html:1", str(caught.exception))
            os.unlink(os.path.join(d, "b.html"))
            header, source, files = gt.generate("own", d, "t")
            self.assertEqual(header.count('#include "x/y.h"'), 1)
            self.assertIn("void tpl_same(struct buf *out);", header)
            self.assertTrue(re.search(r'^#include "gen/own_tpl.h"', source, re.M))
            self.assertEqual(files, [os.path.join(d, "a.html")])


if __name__ == "__main__":
    unittest.main()

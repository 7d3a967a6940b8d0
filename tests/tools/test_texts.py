#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The catalogue's tools: how templates are cut into messages, what C texts are found, PO files, and translations in generated code."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import gen_templates as gt  # noqa: E402
import gen_texts  # noqa: E402
import languages  # noqa: E402
import po  # noqa: E402
import template_messages as tm  # noqa: E402
import texts  # noqa: E402
from template_parse import Parser, lex  # noqa: E402


def messages(body):
    """The messages of a template, in order; a plural as a pair."""
    found = []
    _, templates = Parser("t.html", lex("t.html", "{% template t() %}" + body + "{% end %}")).parse()
    tm.Messages("t.html", lambda m, p, line: found.append(m if p is None else (m, p)),
                lambda text, line: found.append("tr:" + text)).template(templates[0].body)
    return found


def compiled(body, german):
    """C of a template with these German texts."""
    entries = {m: po.Entry(m, s[0] if isinstance(s, tuple) else None, s[1:] if isinstance(s, tuple) else [s]) for m, s in german.items()}
    rows = gt.Texts(languages.languages())
    _, templates = gt.compile_file("t.html", "{% template t(int n, const char *a, const char *b) %}" + body + "{% end %}",
                                   catalogue=tm.Catalogue({"de": entries}), texts=rows)
    return "\n".join(line.strip() for line in templates[0][3] if not line.startswith("#line")), rows


class Messages(unittest.TestCase):
    def test_what_a_message_is(self):
        for body, wanted in [
            ("<h1>Sign in</h1>", ["Sign in"]),
            ("<p>\n  One\n  sentence.\n</p>", ["One sentence."]),
            ("<p>1 · 2</p><p>–</p>{{ x }}", []),
            ("<p>Page {{ v->n }} of {{ v->all }}</p>", ["Page {n} of {all}"]),
            ("<p>{{ n }} and {{ n }} and {{ m->n }}</p>", ["{n} and {n} and {n2}"]),
            ('<p>Try <a href="/x">again</a>, {{ who(w) }}.</p>', ["Try <a>again</a>, {who}."]),
            ('<p><a href="/x">Sign in</a></p>', ["Sign in"]),
            ("<a><strong>Name</strong><span>What it is</span></a>", ["Name", "What it is"]),
            ("<p><a>Archive</a> · <a>Topics</a></p>", ["Archive", "Topics"]),
            ("<p>since {{ a }} · last {{ b }}</p>", ["since {a}", "last {b}"]),
            ("<b>Here</b> and <b class=\"x\">there</b>", ["<b>Here</b> and <b2>there</b2>"]),
            ("<script>var x = 'Words here';</script><style>p { }</style><!-- A note -->", []),
        ]:
            with self.subTest(body):
                self.assertEqual(messages(body), wanted)

    def test_conditions(self):
        for body, wanted in [
            ("<p>{% if a %}Yes{% else %}No{% end %}</p>", ["Yes", "No"]),
            ("<p>An app{% if h %} at <b>{{ h }}</b>{% end %} asks.</p>", ["at <b>{h}</b>", "An app{if} asks."]),
            ("<p>Nothing yet.{% if x %} See the <a>list</a>.{% end %}</p>", ["Nothing yet.", "See the <a>list</a>."]),
            ("<p>Text{% if x %}<div>block</div>{% end %}more</p>", ["Text", "block", "more"]),
            ("{% if a %}<div class=\"b\">{% else %}<div>{% end %}In it</div>", ["In it"]),
        ]:
            with self.subTest(body):
                self.assertEqual(messages(body), wanted)

    def test_attributes(self):
        self.assertEqual(messages('<img alt="A hen" src="/Big hen.jpg"><input placeholder="Name" name="Full name">'), ["A hen", "Name"])
        self.assertEqual(messages('<nav aria-label="Page {{ n }}"></nav>'), ["Page {n}"])
        self.assertEqual(messages('<nav{% if x %} title="More"{% end %} data-text-gone="It is gone." data-x="Not me">'), ["It is gone.", "More"])
        self.assertEqual(messages('<p>Go <a title="Away" href="/">there</a> now</p>'), ["Away", "Go <a>there</a> now"])

    def test_plurals(self):
        self.assertEqual(messages("<p>{% plural n %}One hen{% else %}{{ n }} hens{% end %}</p>"), [("One hen", "{n} hens")])
        with self.assertRaises(gt.TemplateError):
            messages("{% plural n %}One{% end %}")
        with self.assertRaises(gt.TemplateError):
            messages("{% plural n %}<div>One</div>{% else %}Many{% end %}")

    def test_literals_in_expressions(self):
        self.assertEqual(messages('{{ x ? "Yes" : "lower" }}{% call t("Title here", STR("Other"), "web") %}'), ["tr:Yes", "tr:Title here", "tr:Other"])
        code, _ = compiled('{{ n ? "Yes" : "no" }}{% call t(STR("Other")) %}', {})
        self.assertIn('HTML_TEXT(out, (n ? tr("Yes") : "no"));', code)
        self.assertIn('tpl_t(out, TR("Other"));', code)


class Code(unittest.TestCase):
    def test_a_text_is_one_row_with_what_stands_around_it(self):
        code, rows = compiled("<p>Sign in</p>", {"Sign in": "Anmelden"})
        self.assertIn("put_(out, 0);", code)
        self.assertEqual(rows.rows[0][:2], ["<p>Sign in</p>", "<p>Anmelden</p>"])
        self.assertTrue(rows.rows[0][2].startswith("<p>["))

    def test_what_is_not_translated_stays_english(self):
        _, rows = compiled("<p>Sign in</p>", {})
        self.assertEqual(rows.rows[0][1], "<p>Sign in</p>")

    def test_what_depends_on_no_language_is_no_row(self):
        code, rows = compiled('<p class="a">{{ a }}</p>', {})
        self.assertIn('BUF_LIT(out, "<p class=\\"a\\">");', code)
        self.assertEqual(rows.rows, [])

    def test_places_in_the_same_order_are_written_once(self):
        code, _ = compiled("<p>{{ a }} of {{ b }}</p>", {"{a} of {b}": "{a} von {b}"})
        self.assertEqual(code.count("HTML_TEXT(out, (a));"), 1)

    def test_places_in_another_order(self):
        code, rows = compiled("<p>{{ a }} of {{ b }}</p>", {"{a} of {b}": "Von {b}: {a}"})
        way = code[code.index("if (lang_now() == LANG_DE) {"):code.index("} else {")]
        self.assertLess(way.index("(b)"), way.index("(a)"))
        self.assertIn("Von ", [row[1] for row in rows.rows])

    def test_forms_of_a_plural(self):
        code, rows = compiled("<p>{% plural n %}One hen{% else %}{{ n }} hens{% end %}</p>", {"One hen": ("{n} hens", "Ein Huhn", "{n} Hühner")})
        self.assertIn("= lang_form(n);", code)
        german = [row[1] for row in rows.rows]
        self.assertIn("Ein Huhn", german)
        self.assertIn(" Hühner", german)

    def test_a_translation_that_would_break_the_page_is_refused(self):
        for english, german in [("Sign in", "An<b>melden"), ("Sign in", "A & B"), ("Hello {a}", "Hallo"), ("Hello {a}", "Hallo {c}")]:
            with self.subTest(german), self.assertRaises(gt.TemplateError):
                compiled("<p>" + english.replace("{a}", "{{ a }}") + "</p>", {english: german})
        with self.assertRaises(gt.TemplateError):
            compiled('<img alt="A hen">', {"A hen": 'Ein "Huhn"'})


class Po(unittest.TestCase):
    def test_what_is_written_is_read(self):
        entries = [po.Entry('A "quote"\nand \\', None, ["Ein\tText\n"], ["a.html", "b.c"], ["program"]),
                   po.Entry("One", "{n}", ["Eins", "{n}"], fuzzy=True)]
        header, again = po.parse(po.dump("Language: de\n", entries))
        self.assertEqual(header, "Language: de\n")
        for a, b in zip(entries, again):
            self.assertEqual(vars(a), vars(b))

    def test_what_is_no_catalogue_is_refused(self):
        for text in ['msgid "a"\n', 'msgid "a"\nmsgstr b\n', "words\n", 'msgid "a"\nmsgstr ""\n\nmsgid "a"\nmsgstr ""\n']:
            with self.subTest(text), self.assertRaises(po.PoError):
                po.parse(text)

    def test_merging(self):
        found = {m: po.Entry(m) for m in ("Same", "Password was changed.", "Fresh thing")}
        old = {"Same": po.Entry("Same", None, ["Gleich"]), "Password was changed": po.Entry("Password was changed", None, ["Geändert"]),
               "Gone": po.Entry("Gone", None, ["Weg"])}
        same, changed, fresh = texts.merged(found, old, {})
        self.assertEqual((same.strings, same.fuzzy), (["Gleich"], False))
        self.assertEqual((changed.strings, changed.fuzzy), (["Geändert"], True))
        self.assertEqual((fresh.strings, fresh.fuzzy), ([""], False))


class InC(unittest.TestCase):
    def extract(self, source):
        e = texts.Extraction.__new__(texts.Extraction)
        e.texts, e.wrong, e.http = {}, [], texts.http_of()
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "x.txt"), "w") as f:
                f.write("text Firefox -- a name\n")
            e.exceptions = texts.Exceptions(os.path.join(folder, "x.txt"))
            with open(os.path.join(folder, "x.c"), "w") as f:
                f.write(source)
            e.c_file("o", os.path.join(folder, "x.c"))
        return {k: v.plural for k, v in e.texts.get("o", {}).items()}, e.wrong

    def test_what_is_a_text(self):
        for source, wanted in [
            ('static struct field f = { .label = "Your name", .name = "name" };', ["Your name"]),
            ('return err_set(e, ST_INVALID, "Please wait %d seconds.", n);', ["Please wait %d seconds."]),
            ('return err_set(e, ST_INTERNAL, "Nothing for people");', []),
            ('return err_set(e, ST_INVALID, "a cron line of %d fields", n);', []),
            ('LOG(WARN, ctx, "a.b", LS("why", "Because"));', []),
            ('a = tr("lower case"); b = TR_NOOP("active");', ["lower case", "active"]),
            ('x = c ? "Two " "parts" : "text/html";', ["Two parts"]),
            ('str_eqc(a, "Bearer"); n = "MiB"; k = "ES256"; agent("Firefox");', []),
            ('/* "A comment" */ #include "Some Thing.h"\n', []),
            ('static const struct route r[] = {\n\t{ "GET", "/", get, .help = "The page" },\n};', []),
        ]:
            with self.subTest(source):
                found, wrong = self.extract(source)
                self.assertEqual((list(found), wrong), (wanted, []))

    def test_plurals(self):
        self.assertEqual(self.extract('trn("One hen", "%lld hens", n)')[0], {"One hen": "%lld hens"})

    def test_settings_that_are_on_a_page(self):
        source = ('static const struct setting s[] = {\n\t{ "blog", "posts_per_page", SET_INT, "12", .live = true },\n'
                  '\t{ "blog", "hidden_one", SET_INT, "1" },\n\t{ "blog", "open", SET_BOOL, "no", .live = true },\n};')
        self.assertEqual(list(self.extract(source)[0]), ["Posts per page", "Open", "Yes", "No"])

    def test_what_goes_past_the_catalogue(self):
        for source in ['v.done = STR("Saved.");', 'arena_strf(a, "Page %d", n);', 'buf_puts(&b, c ? "Hello, you" : "");']:
            with self.subTest(source):
                found, wrong = self.extract(source)
                self.assertEqual((found, len(wrong)), ({}, 1))
        self.assertEqual(self.extract('arena_strf(a, tr("Page %d"), n); v.done = TR("Saved.");')[1], [])

    def test_conversions(self):
        german = next(lang for lang in languages.languages() if lang.tag == "de")
        for english, text, good in [("%s of %d", "%2$d von %1$s", True), ("%s of %d", "%s von %d", True), ("%s of %d", "%d von %s", False),
                                    ("%.*s: %lld", "%.*s: %d", False), ("5 %%", "5 %%", True), ("%s", "nichts", False)]:
            with self.subTest(text):
                why = texts.wrong_with(po.Entry(english, None, [text], ["a.c"], ["program"]), german)
                self.assertEqual(not why, good, why)

    def test_keys_are_those_of_the_program(self):
        """tests/unit/test_lang.c has the same."""
        self.assertEqual(gen_texts.key("", 0), 0xcbf29ce484222325)
        self.assertEqual(gen_texts.key("Sign in", 0), gen_texts.key("Sign in", 0))
        self.assertEqual(f"{gen_texts.key('Members', 0):016x} {gen_texts.key('Members', 1):016x}", KEYS)


KEYS = "9f5a5f23312798f0 f7e91c882ddff7f7"


class Catalogues(unittest.TestCase):
    def test_complete_languages_have_every_text(self):
        self.assertEqual(texts.check(), [], "tools/texts.py update, then translate what is listed (docs/howto/language.md)")


class Pseudo(unittest.TestCase):
    def test_long(self):
        text = languages.pseudo("en-XA", "Page {n} of <b>{all}</b>")
        self.assertTrue(text.startswith("[P") and text.endswith("]"))
        self.assertGreaterEqual(len(text), 2 * len("Page of"))
        self.assertEqual(tm.faults("Page {n} of <b>{all}</b>", None, text), "")
        self.assertEqual(texts.conversions(languages.pseudo("en-XA", "At most %d of %.*s")), texts.conversions("At most %d of %.*s"))
        self.assertEqual(languages.pseudo("en-XA", "{n}%%"), "{n}%%")

    def test_turned(self):
        text = languages.pseudo("ar-XB", "Page {n}&nbsp;here")
        self.assertEqual(text, "\u202ePage\u202c {n}&nbsp;\u202ehere\u202c")


if __name__ == "__main__":
    unittest.main()

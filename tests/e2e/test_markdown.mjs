// SPDX-License-Identifier: Apache-2.0
// Markdown beside other renderers: CommonMark's own examples with nothing added, and Ghost's renderer over what old posts have.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseFragment } from "parse5";
import { run } from "./lib.mjs";

const require = createRequire(import.meta.url);
const ghost = require("@tryghost/kg-markdown-html-renderer");
const examples = require("commonmark-spec").tests.map((t) => ({ ...t, markdown: t.markdown.replaceAll("→", "\t"), html: t.html.replaceAll("→", "\t") }));

const program = join(process.env.BUILD_DIR ?? "build", "tests/markdown");
const ours = (kind, texts) =>
	execFileSync(program, [kind], { input: texts.map((t) => `${t}\0`).join(""), maxBuffer: 1 << 28 }).toString().split("\0").slice(0, -1);

const address = (v) => {
	try {
		return encodeURI(decodeURI(v));
	} catch {
		return v;
	}
};
const SAID_OTHERWISE = new Set(["loading", "decoding", "rel"]);
const attribute = ({ name, value }) =>
	name === "style" && value.startsWith("text-align:") ? `align=${value.slice(11)}` : `${name}=${name === "href" || name === "src" ? address(value) : value}`;

/** What is in it, a line for each tag and text: white space beside them left out, but for <pre>. */
const shape = (html) => {
	const lines = [];
	const walk = (node, pre) => {
		for (const c of node.childNodes ?? []) {
			if (c.nodeName === "#text") {
				const text = pre ? c.value : c.value.replace(/\s+/g, " ").trim();
				if (text) lines.push(text);
			} else if (c.nodeName !== "#comment") {
				lines.push(`<${[c.nodeName, ...c.attrs.filter((a) => !SAID_OTHERWISE.has(a.name)).map(attribute).sort()].join(" ")}>`);
				walk(c, pre || c.nodeName === "pre");
				lines.push(`</${c.nodeName}>`);
			}
		}
	};
	walk(parseFragment(html), false);
	return lines.join("\n");
};

const differing = (texts, want, got) => texts.filter((_, i) => shape(want[i]) !== shape(got[i]));

/** Rules that came with 0.31, or that Ghost and md4c read as 0.29 had them: <textarea> as a block, symbols beside emphasis, two kinds of comment. */
const NEWER = [171, 354, 625, 626];

/** Inputs of our own, by what they are about; Ghost's renderer says what is right. */
const kinds = {
	breaks: ["one\ntwo\nthree", "one  \ntwo\\\nthree", "> said\n> she\n>\n> - a\n>   b", "- a\n  b\n- c", "**a\nb** `c\nd`"],
	headings: ["#Spring", "##Spring\n###Summer", "text\n#Autumn\nmore", "> ###Baking", "1. #in a list", "#hashtag and more", "####### seven", "#", "## C#", "# closed #", "#closed ##", "setext\n===\n\nsub\n---"],
	marks: ["H~2~O and x^2^+y^2^=z^2", "a ~b c~ d ~e~ f", "29^th^ ^a b^ ^c\\ d^", "~~x~~ ~y~ ~~~z~~~", "==urgent== == a == ==b **c** d==", "a==b==c ===d=== ====", "**==a==** ==**b**==", "~a^b^~ ^a~b~^ ==a~b~c==",
		"a\\~b\\~ \\==c== \\^d^ e\\^", "Ünïcode ==ä== ~ö~ „==q==“ x", "==a\nb==", "~a\nb~", "~~a\nb~~ c", "*a ==b* c==", "~~a ~b~ c~~", "`==a== ~b~`"],
	footnotes: ["a[^1] b[^name] c[^1] d[^none]\n\n[^1]: First.\n[^name]: https://example.org/", "a[^b]\n\n[^b]: Second line\ngoes on\n\n    and a paragraph\n\n        code\n\nAfter", "x^[inline *em* [l](http://example.org)] z^[open", "[^1]: unused\n\ntext",
		"text[^1].\n\n```\n[^1]: in code\n```\n\n[^1]: real", "- item[^1]\n- two\n\n[^1]: note\n\n    - a list\n    - in it", "a[^x]\n\n[^x]: see[^y]\n[^y]: deep", "[^note with space] x\n\n[^note with space]: y", "> quote[^1]\n\n[^1]: n", "[^1]\n\n[^1]:\n    para\n\n    two", "\\[^1] x\n\n[^1]: n"],
	links: ["see http://example.org/x_(y). And (http://example.org/z) end, https://example.org/?a=b&c=d#e!", "www.example.org is no link, me@example.org, a.b+c@sub.example.co.uk.", "<http://example.org/a> [x](http://example.org/b 'T') [http://example.org/c](http://example.org/d)",
		"`http://example.org` <a href=\"x\">http://example.org/in</a> http://example.org/out", "ftp://example.org/file and xhttp://example.org", "http://example.org/~tom/==x== http://example.org/a*b*c https://example.org/_x_/y_z_", "\"http://example.org/q\" 'http://example.org/r' http://example.org/s;",
		"http://localhost:8080/x http://127.0.0.1/ http://", "https://example.org... https://example.org?x https://example.org:80/z", "**https://example.org/** [x https://example.org](y)", "HTTP://EXAMPLE.ORG/X", "[a]: http://example.org/a_b_c \"T\"\n\n[a] [b][a] [c]", "x@y z@example.org. <me@example.org>"],
	tables: ["| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |\n| `x` | **y** | ~z~ |", "| a | b |\n| - | -:|\n| 1 | 2 |", "a | b\n--|--\n1 | 2 | 3\nx", "| a |\n|---|\n| \\| |\n\ntext", "```\n| a | b |\n| - | - |\n```"],
	lists: ["- [ ] todo\n- [x] done\n* [X] y", "5. five\n6. six", "1986\\. x", "- a\n\n- b\n- c\n\n      code", "line\n- item\nline\n1. one\n2) two"],
	pictures: ["![a *b* c](p.png \"Title & more\")\n[![i](q.png)](http://example.org)", "![](x%20y.png)", "![a][p]\n\n[p]: /q.png 'T'"],
	html: ["<div>\n**x**\n</div>\n\n<b>a</b> <br> x <em>y</em>", "<a name=\"top\"></a>\n\n[up](#top)", "a&amp;b &copy; &#64; &foo; &hellip;", "<!-- c -->\n\ntext"],
	code: ["```js\nlet a = '<b>';\n```\n\n~~~\ntilde\n~~~\n\n    indented\n", "`` a`b ``"],
};

const cases = {};
cases["CommonMark's examples"] = () => {
	const got = ours("commonmark", examples.map((t) => t.markdown));
	assert.equal(examples.length, 652);
	assert.deepEqual(examples.filter((t, i) => shape(t.html) !== shape(got[i])).map((t) => t.number), []);
};
for (const [name, texts] of Object.entries(kinds))
	cases[`as Ghost: ${name}`] = () => {
		const got = ours("ghost", texts);
		const want = texts.map((t) => ghost.render(t).replace(/(<h[1-6]) id="[^"]*"/g, "$1"));
		for (const [i, t] of texts.entries()) assert.equal(shape(got[i]), shape(want[i]), t);
	};
cases["as Ghost: CommonMark's examples"] = () => {
	const texts = examples.map((t) => t.markdown), want = texts.map((t) => ghost.render(t).replace(/(<h[1-6]) id="[^"]*"/g, "$1"));
	const wrong = differing(texts, want, ours("ghost", texts));
	const known = examples.filter((t) => [...NEWER, 76].includes(t.number)).map((t) => t.markdown); // 76: a backslash before the last #
	assert.deepEqual(wrong, known);
};
cases["ids of headings are Ghost's"] = () => {
	const texts = ["# Über uns", "# a - b & c", "# What's `new`? *Now*", "# 日本語 の", "# --x--", "## One.Two", "# <a name=\"x\"></a>Title"];
	const id = (html) => /<h[1-6] id="([^"]*)"/.exec(html)?.[1];
	assert.deepEqual(ours("body", texts).map(id), texts.map((t) => id(ghost.render(t))));
};

await run(cases);

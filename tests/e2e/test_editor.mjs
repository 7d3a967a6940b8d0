// SPDX-License-Identifier: Apache-2.0
// The block editor in a browser: writing with keys alone, slash menu, paste from Word, Google Docs, web pages and Markdown, files, saving by itself
// through a killed server and an ended session, two tabs that write the same post, a phone; and that no document is changed by being opened.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { addPerson, browser, freePort, run, serve } from "./lib.mjs";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "../fixtures");
const data = mkdtempSync(join(tmpdir(), "guildhall-editor-"));
const password = "a loaf on every table";
const ines = { email: "ines@example.org", name: "Inês Marques", password, owner: true };
addPerson(data, ines);
const port = await freePort(), args = ["--set", "rate.enabled=no"];
let site = await serve({ data, port, demo: true, args });
const base = `http://localhost:${port}`;
const chromium = await browser();
const context = await chromium.newContext({ viewport: { width: 1200, height: 900 }, locale: "en" });
const errors = [];
const open = async (path, ctx = context) => {
	const page = await ctx.newPage();
	page.on("pageerror", (e) => errors.push(e.stack));
	page.on("dialog", (d) => d.accept("https://mill.example/"));
	await page.goto(base + path);
	return page;
};
const signIn = async (ctx = context) => {
	const page = await open("/sign-in", ctx);
	await page.fill('[name="email"]', ines.email);
	await page.fill('[name="password"]', ines.password);
	await Promise.all([page.waitForURL((u) => u.pathname !== "/sign-in"), page.click('main form [type="submit"]')]);
	await page.goto(`${base}/auth/login?next=/write`);
	await page.close();
};
const editor = async (path = "/write/new", ctx = context) => {
	const page = await open(path, ctx);
	await page.waitForSelector(".ProseMirror");
	return page;
};
const stored = (page) => page.evaluate(() => guildhallWrite.toStored().root.children);
const types = async (page) => (await stored(page)).map((b) => b.type + (b.tag && b.type !== "list" ? `:${b.tag}` : b.listType ? `:${b.listType}` : ""));
const words = (block) => (block.children ?? []).map((c) => c.text ?? (c.type === "linebreak" ? "\n" : words(c))).join("");
/* The pages' policy lets nothing be made of strings, which is how playwright waits for a function. */
async function until(page, what, arg) {
	for (let i = 0; i < 600; i++) {
		if (await page.evaluate(what, arg)) return;
		await new Promise((r) => setTimeout(r, 50));
	}
	throw new Error(`never came: ${what}`);
}
const saved = (page) => page.waitForSelector('.write-status[data-kind="good"]');
const paste = (page, html, text = "") => page.evaluate(([h, t]) => {
	const d = new DataTransfer();
	if (h) d.setData("text/html", h);
	if (t) d.setData("text/plain", t);
	document.querySelector(".ProseMirror").dispatchEvent(new ClipboardEvent("paste", { clipboardData: d, bubbles: true, cancelable: true }));
}, [html, text]);
const sql = (text) => JSON.parse(execFileSync("python3", ["-c", "import sqlite3,sys,json;print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))", join(data, "blog.db"), text], { encoding: "utf8" }));
await signIn();

const cases = {};
cases["by the keys alone: heading, marks, list, quotation, slash menu, and it is saved by itself"] = async () => {
	const page = await editor();
	await page.focus(".write-title");
	await page.keyboard.type("By the keys");
	await page.keyboard.press("Enter");
	await page.keyboard.type("## A heading\nWords **in bold** and ");
	await page.keyboard.press("Control+i");
	await page.keyboard.type("slanted");
	await page.keyboard.press("Control+i");
	await page.keyboard.type(".\n- one\ntwo\n\n> Quoted.\n/divi\nThe end");
	assert.deepEqual(await types(page), ["extended-heading:h2", "paragraph", "list:bullet", "extended-quote", "horizontalrule", "paragraph"]);
	const blocks = await stored(page);
	assert.deepEqual(blocks[1].children.map((c) => [c.text, c.format]), [["Words ", 0], ["in bold", 1], [" and ", 0], ["slanted", 2], [".", 0]]);
	assert.deepEqual(blocks[2].children.map(words), ["one", "two"]);
	await saved(page);
	assert.match(page.url(), /\/write\/[0-9a-z]{13}$/);
	assert.deepEqual(sql("SELECT title, status FROM objects WHERE slug = 'by-the-keys'"), [["By the keys", "draft"]]);
	await Promise.all([page.waitForURL(/done=publish/), page.click('button[value="publish"]')]);
	const seen = await (await fetch(`${base}/by-the-keys/`)).text();
	assert.match(seen, /<p>Words <strong>in bold<\/strong> and <em>slanted<\/em>\.<\/p>/);
	assert.match(seen, /<hr>/);
};
cases["cards: a form each, a preview as readers see it; a script goes nowhere"] = async () => {
	const page = await editor();
	await page.fill(".write-title", "Cards");
	await page.click(".ProseMirror");
	await page.keyboard.type("/callout\n");
	await page.fill('[data-member="calloutText"]', "Bring a bag");
	await page.waitForSelector(".kg-callout-text >> text=Bring a bag");
	await page.evaluate(() => {
		const { view } = guildhallWrite;
		view.dispatch(view.state.tr.insert(0, view.state.schema.nodes.card.create({ data: { type: "html", version: 1, html: "<p>Seen<img src=x onerror='window.hit=1'></p><script>window.hit=1</" + "script><svg onload='window.hit=1'>" } })));
	});
	await page.waitForSelector('.write-card[data-type="html"] .write-card-shown >> text=Seen');
	assert.equal(await page.evaluate(() => window.hit), undefined);
	await saved(page);
	await page.close();
};

const sources = {
	Word: {
		html: `<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word"><head><style>p.MsoNormal{margin:0}</style><!--[if gte mso 9]><xml><o:x/></xml><![endif]--></head><body lang=EN-GB>
<!--StartFragment--><p class=MsoTitle>Minutes<o:p></o:p></p><h2>Present<o:p></o:p></h2><p class=MsoNormal><b>Ruth</b> and <i style='mso-bidi-font-style:normal'>Tom</i>, <span style='color:red'>late</span><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='font-family:Symbol;mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span><![endif]>Flour<o:p></o:p></p>
<p class=MsoListParagraphCxSpMiddle style='mso-list:l0 level2 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>o<span>&nbsp; </span></span><![endif]>Rye</p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·&nbsp;</span>Salt</p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>1.&nbsp;</span>First</p>
<table class=MsoTableGrid border=1><tr><td width=200><p class=MsoNormal>a</p></td><td><p class=MsoNormal onclick="hit()">b</p></td></tr></table><p class=MsoNormal>End<img src="file:///C:/clip.png"></p><!--EndFragment--></body></html>`,
		types: ["extended-heading:h1", "extended-heading:h2", "paragraph", "list:bullet", "list:number", "html", "paragraph"],
		check(b) {
			assert.deepEqual(b[2].children.slice(0, 3).map((c) => [c.text, c.format]), [["Ruth", 1], [" and ", 0], ["Tom", 2]]);
			assert.deepEqual(b[3].children.map((i) => i.children[0].type === "list" ? i.children[0].children.map(words) : words(i)), ["Flour", ["Rye"], "Salt"]);
			assert.doesNotMatch(JSON.stringify(b), /Mso|mso-|onclick|file:|·/);
		},
	},
	"Google Docs": {
		html: `<meta charset='utf-8'><b style="font-weight:normal;" id="docs-internal-guid-1a2b"><h2 dir="ltr"><span style="font-size:16pt;font-weight:400;">Orchard</span></h2><p dir="ltr"><span style="font-weight:400;">Pruning is on </span><span style="font-weight:700;font-style:italic;">Saturday</span><span style="font-weight:400;">, see </span><a href="https://www.google.com/url?q=https://mill.example/plan&amp;sa=D"><span style="text-decoration:underline;color:#1155cc;">the plan</span></a></p><ul><li dir="ltr" aria-level="1"><p dir="ltr" role="presentation"><span>Saws</span></p></li><ul><li dir="ltr" aria-level="2"><p role="presentation"><span>sharp ones</span></p></li></ul></ul><hr></b><br class="Apple-interchange-newline">`,
		types: ["extended-heading:h2", "paragraph", "list:bullet", "horizontalrule"],
		check(b) {
			assert.deepEqual(b[1].children.slice(0, 3).map((c) => [c.text, c.format]), [["Pruning is on ", 0], ["Saturday", 3], [", see ", 0]]);
			assert.equal(b[1].children[3].url, "https://mill.example/plan");
			assert.deepEqual(b[2].children.map((i) => i.children[0].type === "list" ? i.children[0].children.map(words) : words(i)), ["Saws", ["sharp ones"]]);
		},
	},
	"a web page": {
		html: `<article><h1 class="x" onclick="hit()">News</h1><div><p>One <a href="javascript:alert(1)">bad</a> and <a href="https://a.example/">good</a>.</p></div><blockquote><p>First</p><p>Second</p></blockquote><figure><img src="https://a.example/p.jpg" alt="A mill" width="640"><figcaption>At dusk</figcaption></figure><pre><code class="language-c">int a;\nint b;</code></pre><script>window.hit=1</script><iframe src="https://www.youtube.com/embed/abc"></iframe><p><img src="x" onerror="window.hit=1">last</p></article>`,
		types: ["extended-heading:h1", "paragraph", "extended-quote", "image", "codeblock", "embed", "paragraph"],
		check(b) {
			assert.equal(words(b[2]), "First\n\nSecond");
			assert.deepEqual([b[3].src, b[3].alt, b[3].caption], ["https://a.example/p.jpg", "A mill", "At dusk"]);
			assert.deepEqual([b[4].code, b[4].language], ["int a;\nint b;", "c"]);
			assert.doesNotMatch(JSON.stringify(b), /javascript:|onerror|onclick|script/);
		},
	},
	Markdown: {
		text: "# Title\n\nSome *words* and [a link](https://a.example/).\n\n- one\n- two\n\n```js\nlet a;\n```\n\n> said",
		types: ["extended-heading:h1", "paragraph", "list:bullet", "codeblock", "extended-quote"],
		check(b) {
			assert.equal(b[3].code, "let a;");
		},
	},
};
for (const [name, s] of Object.entries(sources))
	cases[`paste from ${name}`] = async () => {
		const page = await editor();
		await page.click(".ProseMirror");
		await paste(page, s.html, s.text);
		await until(page, (n) => guildhallWrite.toStored().root.children.length >= n, s.types.length);
		const got = await types(page);
		assert.deepEqual(got.at(-1) === "paragraph" && got.length > s.types.length ? got.slice(0, -1) : got, s.types);
		s.check(await stored(page));
		assert.equal(await page.evaluate(() => window.hit), undefined);
	};

cases["a picture is sent with its progress, gets words, and readers see it"] = async () => {
	const page = await editor();
	await page.fill(".write-title", "A picture");
	await page.click(".ProseMirror");
	await page.evaluate((bytes) => {
		const d = new DataTransfer();
		d.items.add(new File([Uint8Array.from(bytes)], "mill.png", { type: "image/png" }));
		document.querySelector(".ProseMirror").dispatchEvent(new ClipboardEvent("paste", { clipboardData: d, bubbles: true, cancelable: true }));
	}, [...readFileSync(join(fixtures, "media/metadata.png"))]);
	await page.waitForSelector('.write-card[data-type="image"] img[src^="/media/"]');
	await page.click('.write-card[data-type="image"] .link-button');
	await page.fill('[data-member="alt"]', "The mill in the morning");
	await saved(page);
	await Promise.all([page.waitForURL(/done=publish/), page.click('button[value="publish"]')]);
	assert.match(await (await fetch(`${base}/a-picture/`)).text(), /<img [^>]*src="\/media\/[^"]+" srcset="[^"]+"[^>]*alt="The mill in the morning"/);
};
cases["a killed server: what was typed meanwhile is saved when it is back, also after the page was closed"] = async () => {
	const page = await editor();
	await page.fill(".write-title", "Through the night");
	await page.click(".ProseMirror");
	await page.keyboard.type("Before. ");
	await saved(page);
	const url = new URL(page.url()).pathname;
	site.process.kill("SIGKILL");
	await site.exit;
	await page.keyboard.type("Meanwhile.");
	await page.waitForSelector('.write-status[data-kind="bad"]');
	await page.close({ runBeforeUnload: false });
	site = await serve({ data, port, demo: true, args });
	const again = await editor(url);
	assert.equal(words((await stored(again))[0]), "Before. Meanwhile.");
	// It may say "saved" of what was there before: the store is asked until it has the rest.
	const kept = () => sql(`SELECT source FROM drafts WHERE title = 'Through the night'`)[0][0];
	for (let i = 0; i < 200 && !/Before\. Meanwhile\./.test(kept()); i++) await new Promise((r) => setTimeout(r, 100));
	assert.match(kept(), /Before\. Meanwhile\./);
	await again.close();
};
cases["an ended session: the text stays, a way to sign in is shown, and then it is saved"] = async () => {
	const ctx = await chromium.newContext({ locale: "en" });
	await signIn(ctx);
	const page = await editor("/write/new", ctx);
	await page.fill(".write-title", "Signed out");
	await page.click(".ProseMirror");
	await page.keyboard.type("Before. ");
	await saved(page);
	const cookies = await ctx.cookies();
	await ctx.clearCookies();
	await page.keyboard.type("After.");
	await page.waitForSelector(".write-status a");
	assert.equal(words((await stored(page))[0]), "Before. After.");
	await ctx.addCookies(cookies);
	await saved(page);
	assert.match(sql(`SELECT source FROM drafts WHERE title = 'Signed out'`)[0][0], /Before\. After\./);
	await ctx.close();
};
cases["two tabs in one post: shown to each other; both texts when both write, and neither is lost"] = async () => {
	const one = await editor();
	await one.fill(".write-title", "Two hands");
	await one.click(".ProseMirror");
	await one.keyboard.type("Common. ");
	await saved(one);
	const two = await editor(new URL(one.url()).pathname);
	await one.waitForSelector(".write-others >> text=Inês Marques");
	await two.waitForSelector(".write-others >> text=Inês Marques");
	await one.click(".ProseMirror");
	await one.keyboard.press("Control+End");
	await one.keyboard.type("By one.");
	await saved(one);
	await two.click(".ProseMirror");
	await two.keyboard.press("Control+End");
	await two.keyboard.type("By two.");
	await two.waitForSelector("dialog.write-clash");
	assert.match(await two.textContent("dialog.write-clash"), /Common\. By one\.[\s\S]*Common\. By two\./);
	await two.click('[data-choose="theirs"]');
	await saved(two);
	assert.equal(words((await stored(two))[0]), "Common. By one.");
	const kept = sql("SELECT r.source FROM revisions r JOIN objects o ON o.id = r.object_id WHERE o.slug = 'two-hands'").map(String);
	assert.ok(kept.some((s) => s.includes("Common. By one.")) && kept.some((s) => s.includes("Common. By two.")), kept.join());
	await one.close();
	await two.close();
};
cases["no document is changed by being opened: those of real exports, in all their shapes"] = async () => {
	const page = await editor();
	const docs = [];
	for (const file of ["ghost6-lexical.json", "odd-unknown-cards.json", "ok-wide.json"])
		for (const post of JSON.parse(readFileSync(join(fixtures, "ghost", file), "utf8")).db[0].data.posts ?? []) {
			try {
				docs.push(JSON.parse(post.lexical));
			} catch {
				/* no document: the import takes the HTML beside it */
			}
		}
	assert.ok(docs.length > 10, `${docs.length} documents`);
	const changed = await page.evaluate((all) => { const sorted = (v) => JSON.stringify(v, (k, o) => (o && typeof o === "object" && !Array.isArray(o) ? Object.fromEntries(Object.entries(o).sort()) : o)); return all.map((d, i) => (sorted(guildhallWrite.roundTrip(d)) === sorted(d) ? null : i)).filter((i) => i !== null); }, docs);
	assert.deepEqual(changed, []);
};
cases["… and such as nobody has written: members that are missing, odd or of another type"] = async () => {
	const page = await editor();
	let seed = 7;
	const random = (n) => ((seed = (seed * 1103515245 + 12345) % 2147483648), seed % n);
	const odd = () => [null, true, 3.5, "x", [], {}, [1], { a: { b: null } }][random(8)];
	const name = () => ["paragraph", "extended-heading", "list", "listitem", "extended-text", "text", "link", "linebreak", "extended-quote", "aside", "image", "unheard-of"][random(12)];
	const node = (depth) => {
		const out = { type: name(), version: 1 };
		if (random(4)) out.children = Array.from({ length: random(4) }, () => (depth > 4 ? { type: "extended-text", text: "deep", format: random(256) } : node(depth + 1)));
		if (random(2)) out.text = "word".slice(random(4));
		if (random(3) === 0) out.format = [0, 1, 3, 255, "left", -1][random(6)];
		if (random(3) === 0) out.tag = ["h2", "h9", "ul", "ol", 7][random(5)];
		if (random(3) === 0) out.listType = ["bullet", "number", "check", 1][random(4)];
		if (random(5) === 0) out[["style", "x", "start", "url", "checked"][random(5)]] = odd();
		return out;
	};
	const docs = Array.from({ length: 2000 }, () => ({ root: { type: "root", children: Array.from({ length: 1 + random(4) }, () => (random(9) ? node(0) : odd())), more: odd() }, outer: odd() }));
	const changed = await page.evaluate((all) => { const sorted = (v) => JSON.stringify(v, (k, o) => (o && typeof o === "object" && !Array.isArray(o) ? Object.fromEntries(Object.entries(o).sort()) : o)); return all.map((d) => { const back = guildhallWrite.roundTrip(d); return sorted(back) === sorted(d) ? null : [d, back]; }).filter(Boolean).slice(0, 1); }, docs);
	assert.deepEqual(changed, []);
};
cases["every post of the demonstration opens, and saves as it was"] = async () => {
	for (const [id, source] of sql("SELECT CAST(o.id AS TEXT), r.source FROM objects o JOIN revisions r ON r.id = o.revision_id WHERE o.type IN ('post','page') AND r.format = 'lexical' AND o.origin LIKE 'ghost:%' LIMIT 6")) {
		const text = (BigInt(id)).toString(2).padStart(65, "0").match(/.{5}/g).map((b) => "0123456789abcdefghjkmnpqrstvwxyz"[parseInt(b, 2)]).join("");
		const page = await editor(`/write/${text}`);
		assert.deepEqual(await page.evaluate(() => guildhallWrite.toStored()), JSON.parse(source));
		await page.close();
	}
};
cases["on a phone: nothing is wider than the screen, and the tools can be reached"] = async () => {
	const ctx = await chromium.newContext({ viewport: { width: 375, height: 720 }, hasTouch: true, isMobile: true, locale: "en" });
	await signIn(ctx);
	const page = await editor("/write/new", ctx);
	await page.tap(".write-title");
	await page.keyboard.type("On the way");
	await page.tap(".ProseMirror");
	await page.keyboard.type("Short.");
	await page.tap('.write-tools [aria-label="Blocks"]');
	await page.tap('.write-menu >> text="Button"');
	await page.fill('[data-member="buttonText"]', "Come in");
	await saved(page);
	assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
	assert.ok((await types(page)).includes("button"));
	await ctx.close();
};
cases["right to left: each block by its own words"] = async () => {
	const page = await editor();
	await page.click(".ProseMirror");
	await page.keyboard.type("שלום עולם\nHello");
	assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll(".ProseMirror > p")].slice(0, 2).map((p) => getComputedStyle(p).direction)), ["rtl", "ltr"]);
};
cases["no script of ours failed"] = async () => assert.deepEqual(errors, []);

/* A page that a failed case has left holds a stream, and a browser has few for one host. */
for (const [name, fn] of Object.entries(cases))
	cases[name] = async () => {
		try {
			await fn();
		} finally {
			for (const ctx of chromium.contexts()) for (const page of ctx.pages()) {
				await page.evaluate(() => localStorage.clear()).catch(() => null); // what is kept for a new post would be in the next one
				await page.close();
			}
		}
	};
await run(cases, async () => {
	await chromium.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

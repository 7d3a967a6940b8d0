// SPDX-License-Identifier: Apache-2.0
// Comments of members under posts: a form on a page that is kept for everybody, what waits and is shown, answers, one's own, what is decided about
// them, who is told, and that nobody reads what is said under a post that is not theirs to read.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, everyLook, run, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-comments-")), password = "seven grey herons by the weir";
const olga = { email: "olga@example.org", name: "Olga Owner", password, owner: true };
const mo = { email: "mo@example.org", name: "Mo Member", password }, nia = { email: "nia@example.org", name: "Nia <b>New</b>", password };
for (const p of [olga, mo, nia]) addPerson(data, p);
const site = await serve({ data, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`, post = "/about-talking/", gated = "/the-accounts-in-plain-words/";
const chrome = await browser();
const sql = (file, text) => JSON.parse(execFileSync("python3", ["-c", "import json,sqlite3,sys;print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))", join(data, file), text], { encoding: "utf8" }));
const until = async (what, fn) => {
	for (let i = 0; i < 600; i++) {
		const found = await fn();
		if (found) return found;
		await new Promise((r) => setTimeout(r, 100));
	}
	throw new Error(`never: ${what}`);
};
const as = async (who) => {
	const agent = new Agent(base);
	await agent.signIn(who);
	await agent.go("/account/auth/login");
	await agent.go("/auth/login?next=/");
	return agent;
};
const told = (title) => until(`told: ${title}`, () => sql("account.db", "SELECT title, url FROM inbox").find(([t]) => t === title));
const idOf = (words) => sql("blog.db", `SELECT CAST(id AS TEXT) FROM comments WHERE text = '${words}'`)[0]?.[0];
/** The part of a page that is about comments. */
const talk = (page) => /<section class="narrow comments"[\s\S]*?(?=<section class="more|<\/main>)/.exec(page.text)?.[0] ?? "";
const boxForm = (page) => [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes("/comments/on/"));
/** Says something by the form of the post's page, as a browser does. */
const say = async (agent, words, path = post) => {
	const page = await agent.go(path), { action } = Agent.form(page, boxForm(page));
	return agent.go(action, { method: "POST", headers: { origin: base, "sec-fetch-site": "same-origin" }, body: new URLSearchParams({ text: words }) });
};
/** Olga ticks the comment with those words, and does something to it. */
const decide = async (agent, words, what) => {
	const page = await agent.go("/admin/comments?state=" + (what === "show" ? "waiting" : ""));
	const row = new RegExp(`<tr[^>]*>(?:(?!</tr>)[\\s\\S])*${words}[\\s\\S]*?</tr>`).exec(page.text)[0];
	const n = [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes('name="key"'));
	return agent.submit(page, { do: what, key: /name="key" value="([^"]*)"/.exec(row)[1] }, n);
};

const cases = {};
cases["an owner writes a post, and a visitor comes from its page to the form by signing in"] = async () => {
	const owner = await as(olga), page = await owner.go("/write/new");
	const n = [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes('name="title"'));
	await owner.submit(page, { title: "About talking", text: "Words of the post.", do: "publish" }, n);
	const context = await chrome.newContext({ viewport: { width: 390, height: 844 }, isMobile: true }), tab = await context.newPage();
	await tab.goto(base + post);
	await tab.click("text=Sign in to comment");
	await tab.waitForURL(/\/sign-in\?/);
	await tab.fill("[name=email]", mo.email);
	await tab.fill("[name=password]", password);
	await tab.click('.form button[type="submit"]:not(.quiet-button)');
	await tab.waitForURL(/\/comments\/on\//);
	assert.match(await tab.locator("h1").innerText(), /Comment on “About talking”/);
	await tab.click("text=Back to the post");
	await tab.waitForURL(base + post);
	await tab.fill("#comments textarea", "first words\n\nof https://example.org/a <i>mine</i>");
	await tab.click("#comments button[type=submit]");
	await tab.waitForURL(/#own-comments-head/);
	const own = await tab.locator(".own-comments").innerText();
	assert.match(own, /first words/);
	assert.match(own, /when an editor has looked at it/);
	assert.equal(await tab.locator(".own-comments i").count(), 0, "what was typed is no markup");
	assert.equal(await tab.locator('.own-comments .said a[href="https://example.org/a"][rel~="nofollow"]').count(), 1);
	await context.close();
};
cases["what waits is shown to nobody else; whoever decides is told, and shows it"] = async () => {
	const visitor = new Agent(base), other = await as(nia), owner = await as(olga);
	for (const agent of [visitor, other]) assert.doesNotMatch((await agent.go(post)).text, /first words/);
	const [, url] = await told("A comment on “About talking” waits to be looked at");
	assert.equal(new URL(url, base).pathname, "/admin/comments");
	const done = await decide(owner, "first words", "show");
	assert.match(done.text, /Shown/);
	assert.match(talk(await visitor.go(post)), /<b>Mo Member<\/b>[\s\S]*first words/);
	await told("Mo Member commented on “About talking”");
	await told("Your comment under “About talking” is shown now");
};
cases["the next one is shown at once, and answers stand below what they answer"] = async () => {
	const member = await as(mo), other = await as(nia), owner = await as(olga);
	const page = await say(member, "second words");
	assert.match(page.url.hash, /^#comment-/);
	assert.match(talk(await new Agent(base).go(post)), /second words/);
	const [, link] = /second words[\s\S]*?href="([^"]*\/comments\/on\/[^"]*)"/.exec(talk(page));
	const form = await other.go(Agent.unescape(link));
	assert.match(form.text, /Answer Mo Member/);
	assert.match(form.text, /<blockquote class="said">\s*<p>second words/);
	const n = boxForm(form);
	await other.submit(form, { text: "an answer" }, n);
	await decide(owner, "an answer", "show");
	assert.match(talk(await new Agent(base).go(post)), /class="below"[\s\S]*Nia &lt;b&gt;New&lt;\/b&gt;[\s\S]*to Mo Member[\s\S]*an answer/);
	await told("Nia <b>New</b> answered you under “About talking”");
};
cases["one's own is changed and deleted by nobody else"] = async () => {
	const member = await as(mo), other = await as(nia);
	const page = await member.go(post), [, link] = /href="(\/comments\/[^"/]*)">Change or delete/.exec(page.text);
	assert.equal((await other.go(link)).status, 404);
	assert.equal((await other.go(link, { method: "POST", headers: { "sec-fetch-site": "same-origin" }, body: new URLSearchParams({ do: "delete" }) })).status, 404);
	let form = await member.go(link);
	const empty = await member.submit(form, { text: "  ", do: "save" }, boxOwn(form, 0));
	assert.equal(empty.status, 422);
	await member.submit(form, { text: "other words", do: "save" }, boxOwn(form, 0));
	let seen = talk(await new Agent(base).go(post));
	assert.match(seen, /changed later[\s\S]*other words/);
	assert.doesNotMatch(seen, /second words/);
	form = await member.go(link);
	await member.submit(form, { do: "delete" }, boxOwn(form, 1));
	seen = talk(await new Agent(base).go(post));
	assert.doesNotMatch(seen, /other words/);
	assert.match(seen, /an answer/);
	assert.equal(idOf("other words"), undefined, "it is kept nowhere");
};
const boxOwn = (page, which) => [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].map((m, i) => [m[0], i]).filter(([t]) => t.includes("/comments/"))[which][1];
cases["what is too long comes back with every word; a browser that does not say where it came from gets a token"] = async () => {
	const member = await as(mo);
	const words = "x".repeat(4001), page = await say(member, words);
	assert.equal(page.status, 422);
	assert.ok(page.text.includes(words));
	const fits = await say(member, "y".repeat(4000));
	assert.match(fits.url.hash, /^#comment-/);
	const kept = await member.go(post), { action, fields } = Agent.form(kept, boxForm(kept));
	assert.equal(fields.csrf, undefined, "the page is everybody's");
	const asked = await member.go(action, { method: "POST", body: new URLSearchParams({ text: "quiet words" }) });
	assert.match(asked.text, /quiet words/);
	assert.match(asked.text, /name="csrf"/);
	assert.equal(idOf("quiet words"), undefined);
	const elsewhere = await member.go(action, { method: "POST", headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" }, body: new URLSearchParams({ text: "forged words" }) });
	assert.notEqual(elsewhere.status, 200);
	assert.equal(idOf("forged words"), undefined);
	assert.equal((await new Agent(base).fetch(action, { method: "POST", headers: { "sec-fetch-site": "same-origin" }, body: new URLSearchParams({ text: "nobody's words" }) })).status >= 400, true);
	assert.equal(idOf("nobody''s words"), undefined);
};
cases["what is hidden and deleted is had back as it was"] = async () => {
	const owner = await as(olga), visitor = new Agent(base);
	for (const what of ["hide", "delete"]) {
		const done = await decide(owner, "first words", what);
		assert.doesNotMatch((await visitor.go(post)).text, /first words/, what);
		const back = [...done.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes('value="back"'));
		await owner.submit(done, { do: "back" }, back);
		assert.match((await visitor.go(post)).text, /first words/, what);
	}
	assert.equal((await (await as(mo)).go("/admin/comments")).status, 403);
	assert.match((await owner.go("/admin/audit?chain=blog&action=comment.")).text, /comment\.hidden[\s\S]*comment\.added/);
};
cases["under a post for members nobody else reads or writes a word"] = async () => {
	const member = await as(mo), visitor = new Agent(base);
	await say(member, "members words", gated);
	assert.match((await member.go(gated)).text, /members words/);
	for (const path of [gated, "/", "/rss/", "/feed.json", "/atom.xml", "/search/?q=members+words"]) assert.doesNotMatch((await visitor.go(path)).text, /<p>members words|Sign in to comment/, path);
};
cases["a post, and the site, take none any more: what is there stays"] = async () => {
	const owner = await as(olga), member = await as(mo);
	const id = /\/comments\/on\/([0-9a-z]+)/.exec((await member.go(post)).text)[1];
	let page = await owner.go(`/write/${id}`);
	const n = [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes('name="no_comments"'));
	await owner.submit(page, { no_comments: "1", do: "save" }, n);
	page = await member.go(post);
	assert.match(talk(page), /first words[\s\S]*Comments are closed/);
	assert.doesNotMatch(talk(page), /<textarea|>Answer</);
	assert.equal((await member.go(`/comments/on/${id}`)).status, 403);
	page = await owner.go(`/write/${id}`);
	const { fields } = Agent.form(page, n);
	assert.ok(fields.no_comments, "the form says so");
	const off = await serve({ data, demo: false, args: ["--set", "rate.enabled=no", "--set", "blog.comments=no"] });
	const seen = (await new Agent(`http://localhost:${off.port}`).go("/what-is-behind-the-blue-door/")).text;
	assert.match((await new Agent(base).go("/what-is-behind-the-blue-door/")).text, /Sign in to comment/);
	assert.doesNotMatch(seen, /Sign in to comment|id="comments"/);
	assert.equal(await off.stop(), 0);
};
everyLook(cases, { chrome, base, email: olga.email, password, paths: [post, gated, "/what-is-behind-the-blue-door/", "/admin/comments", "/admin/comments?state=waiting"] });

await run(cases, async () => {
	await chrome.close();
	assert.equal(await site.stop(), 0);
	rmSync(data, { recursive: true, force: true });
});

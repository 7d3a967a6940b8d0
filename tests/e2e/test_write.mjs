// SPDX-License-Identifier: Apache-2.0
// Writing without JavaScript: a post from its first word to its readers, as a form; who may do what; two people who save the same post; a
// scheduled post; the bin.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, freePort, run, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-write-"));
const password = "a loaf on every table";
const ines = { email: "ines@example.org", name: "Inês Marques", password, owner: true };
const tom = { email: "tom@example.org", name: "Tom Okafor", password };
const ada = { email: "ada@example.org", name: "Ada Byrne", password };
const eve = { email: "eve@example.org", name: "Eve Nobody", password };
for (const who of [ines, tom, ada, eve]) addPerson(data, who);
const site = await serve({ data, port: await freePort(), demo: false, args: ["--set", "rate.enabled=no"] });
const base = site.url.replace("127.0.0.1", "localhost");
const as = async (who) => {
	const agent = new Agent(base);
	await agent.signIn(who);
	await agent.go("/auth/login?next=/write");
	return agent;
};
const sql = (file, text) => execFileSync("python3", ["-c", "import sqlite3,sys;print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall())", join(data, file), text], { encoding: "utf8" }).trim();
const visitor = () => new Agent(base);
const formAt = (page) => [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes("data-write"));
const send = (agent, page, values, what) => {
	const { action, fields } = Agent.form(page, formAt(page));
	const body = new FormData();
	for (const [k, v] of Object.entries({ ...fields, ...values, do: what })) if (k !== "image") body.append(k, v);
	return agent.go(action, { method: "POST", body });
};

const cases = {};
let address;
cases["a first post: written as Markdown, published, and at once where readers look"] = async () => {
	const agent = await as(ines);
	assert.match((await visitor().go("/")).text, /<h1/); // is kept from now on
	let page = await agent.go("/write");
	assert.match(page.text, /There is nothing yet/);
	page = await agent.go("/write/new");
	page = await send(agent, page, { title: "Bread on Fridays", text: "We bake **every** Friday.\n\n- rye\n- oat\n\n> Come early." , tags: "Bakery, News" }, "save");
	assert.equal(page.status, 200, page.text);
	assert.match(page.text, /Saved\./);
	address = page.url.pathname;
	assert.equal((await visitor().go("/bread-on-fridays/")).status, 404);
	page = await send(agent, page, {}, "publish");
	assert.match(page.text, /Published: it is to be seen/);
	const seen = await visitor().go("/bread-on-fridays/");
	assert.equal(seen.status, 200);
	assert.match(seen.text, /We bake <strong>every<\/strong> Friday\./);
	assert.match(seen.text, /<li>rye<\/li><li>oat<\/li>/);
	assert.match(seen.text, /Inês Marques/);
	assert.match((await visitor().go("/")).text, /Bread on Fridays/);
	assert.match((await visitor().go("/tag/bakery/")).text, /Bread on Fridays/);
	assert.match((await visitor().go("/search/?q=friday")).text, /Bread on/);
};
cases["what is changed is read when it is published, not before; a new address leads on from the old one"] = async () => {
	const agent = await as(ines);
	let page = await agent.go(address);
	page = await send(agent, page, { text: "We bake on Saturdays.", slug: "bread" }, "save");
	assert.match(page.text, /Changes are not published yet/);
	assert.match((await visitor().go("/bread/")).text, /<strong>every<\/strong> Friday/);
	assert.equal((await visitor().fetch("/bread-on-fridays/")).status, 301);
	page = await send(agent, page, {}, "publish");
	assert.match((await visitor().go("/bread/")).text, /on Saturdays/);
};
cases["two people: the second one is shown both texts, and loses none"] = async () => {
	const one = await as(ines), two = await as(ines);
	const first = await one.go(address), second = await two.go(address);
	await send(one, first, { text: "The text of one." }, "save");
	const clash = await send(two, second, { text: "The text of two." }, "save");
	assert.equal(clash.status, 409);
	assert.match(clash.text, /The text of one\./);
	assert.match(clash.text, /<textarea[^>]*name="text"[^>]*>\s*The text of two\./);
	const done = await send(two, clash, {}, "save");
	assert.match(done.text, /Saved\./);
	assert.match((await one.go(address)).text, /<textarea[^>]*name="text"[^>]*>\s*The text of two\./);
	assert.equal(sql("blog.db", "SELECT count(*) FROM revisions WHERE source LIKE '%The text of one.%'"), "[(1,)]");
};
cases["members only: what visitors may find goes with who may read"] = async () => {
	const agent = await as(ines);
	let page = await agent.go(address);
	page = await send(agent, page, { text: "A secret of the bakery: patience.", visibility: "public" }, "publish");
	assert.match((await visitor().go("/search/?q=patience")).text, /<mark>/);
	page = await send(agent, page, { visibility: "members" }, "save");
	assert.doesNotMatch((await visitor().go("/bread/")).text, /patience/);
	assert.doesNotMatch((await visitor().go("/search/?q=patience")).text, /<mark>/);
	assert.doesNotMatch((await visitor().go("/")).text, /patience/);
	assert.doesNotMatch((await visitor().go("/rss/")).text, /patience/);
};
cases["unlisted, a draft again, deleted, brought back"] = async () => {
	const agent = await as(ines);
	let page = await send(agent, await agent.go(address), { visibility: "public" }, "unlist");
	assert.equal((await visitor().go("/bread/")).status, 200);
	assert.doesNotMatch((await visitor().go("/")).text, /Bread on Fridays/);
	page = await send(agent, page, {}, "publish");
	assert.match((await visitor().go("/")).text, /Bread on Fridays/);
	const list = await agent.go("/write");
	const id = address.split("/").at(-1);
	const rows = [...list.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes(`value="${id}"`));
	let told = await agent.submit(list, { key: id, do: "delete" }, rows);
	assert.match(told.text, /Deleted: 1/);
	assert.equal((await visitor().go("/bread/")).status, 404);
	const undo = [...told.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes("undelete") && m[0].includes('name="keys"'));
	told = await agent.submit(told, { do: "undelete" }, undo);
	assert.match(told.text, /Brought back: 1/);
	assert.equal((await visitor().go("/bread/")).status, 200);
	page = await send(agent, await agent.go(address), {}, "draft");
	assert.match(page.text, /It is a draft again/);
	assert.equal((await visitor().go("/bread/")).status, 404);
};
cases["revisions: what differs is shown, and one is brought back without losing what was there"] = async () => {
	const agent = await as(ines);
	let page = await agent.go("/write/new");
	page = await send(agent, page, { title: "Weir", text: "The same.\n\nOld words.\n\nThe end." }, "save");
	const at = page.url.pathname;
	page = await send(agent, page, { text: "The same.\n\nNew words.\n\nThe end." }, "save");
	let list = await agent.go(`${at}/revisions`);
	const old = [...list.text.matchAll(/revisions\?from=([0-9a-z]{13})/g)].map((m) => m[1]).at(-1);
	list = await agent.go(`${at}/revisions?from=${old}`);
	assert.match(list.text, /<del dir="auto">Old words\.<\/del>\s*<ins dir="auto">New words\.<\/ins>/);
	const restore = [...list.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes('name="revision"'));
	page = await agent.submit(list, {}, restore);
	assert.match(page.text, /<textarea[^>]*name="text"[^>]*>\s*The same\.\s+Old words\./);
	list = await agent.go(`${at}/revisions`);
	assert.equal([...list.text.matchAll(/revisions\?from=/g)].length, 3);
	// what is equal is folded but for what stands beside a difference
	const lines = (last) => [...Array.from({ length: 9 }, (_, i) => `Line ${i}.`), last].join("\n\n");
	page = await send(agent, await agent.go(at), { text: lines("Was.") }, "save");
	page = await send(agent, page, { text: lines("Is.") }, "save");
	const was = [...(await agent.go(`${at}/revisions`)).text.matchAll(/revisions\?from=([0-9a-z]{13})/g)].map((m) => m[1])[1];
	const diff = (await agent.go(`${at}/revisions?from=${was}`)).text.match(/<div class="write-diff">([\s\S]*?)<\/div>/)[1];
	assert.deepEqual([...diff.matchAll(/<(p|ins|del)[^>]*>([^<]*)</g)].map((m) => m[2]), ["…", "Line 7.", "Line 8.", "Was.", "Is."]);
	// a text of very many lines differs as a whole, and is shown
	const many = (word) => Array.from({ length: 601 }, (_, i) => `${word} ${i}.`).join("\n\n");
	page = await send(agent, await agent.go(at), { text: many("before") }, "save");
	page = await send(agent, page, { text: many("after") }, "save");
	list = await agent.go(`${at}/revisions`);
	const long = [...list.text.matchAll(/revisions\?from=([0-9a-z]{13})/g)].map((m) => m[1])[1];
	list = await agent.go(`${at}/revisions?from=${long}`);
	assert.ok(list.text.indexOf(">before 600.<") < list.text.indexOf(">after 0.<") && list.text.includes(">after 600.<"));
};
cases["a draft is looked at as each kind of reader, and by a link until it is withdrawn"] = async () => {
	const agent = await as(ines);
	let page = await agent.go("/write/new");
	page = await send(agent, page, { title: "Secret plan", text: "Nobody knows.", visibility: "members" }, "save");
	const at = page.url.pathname;
	assert.doesNotMatch((await agent.go(`${at}/preview?as=visitor`)).text, /Nobody knows/);
	page = await agent.go(`${at}/preview?as=member`);
	assert.match(page.text, /Nobody knows/);
	const forms = (p) => [...p.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)];
	const make = (p) => agent.submit(p, {}, forms(p).findIndex((m) => m[0].includes("Make a link")));
	page = await make(page);
	const link = new URL(page.text.match(/<code>([^<]+\/preview\/[^<]+)<\/code>/)[1]).pathname;
	assert.match((await visitor().go(link)).text, /Nobody knows/);
	assert.match((await visitor().go(link)).text, /noindex/);
	assert.equal((await visitor().go("/secret-plan/")).status, 404);
	assert.ok(!sql("blog.db", "SELECT hash FROM preview_links").includes(link.split("/").at(-1)));
	page = await agent.go(`${at}/preview`);
	await agent.submit(page, {}, forms(page).findIndex((m) => m[0].includes('name="link"')));
	assert.equal((await visitor().go(link)).status, 404);
	for (let i = 0; i < 20; i++) page = await make(await agent.go(`${at}/preview`));
	assert.equal(page.status, 200);
	assert.equal((await make(await agent.go(`${at}/preview`))).status, 409, "at most twenty such links");
};
cases["a time to publish: in the site's zone, not in the past; until then nobody sees it"] = async () => {
	const agent = await as(ines);
	let page = await agent.go("/write/new");
	page = await send(agent, page, { title: "Next year", text: "Soon." }, "save");
	assert.match(page.text, /Times are those of/);
	assert.equal((await send(agent, page, { date: "2001-02-03", time: "10:00" }, "schedule")).status, 422);
	assert.equal((await send(agent, page, { date: "", time: "" }, "schedule")).status, 422);
	page = await send(agent, page, { date: "2199-02-03", time: "10:30" }, "schedule");
	assert.match(page.text, /Scheduled\./);
	assert.match(page.text, /value="10:30"/);
	assert.equal((await visitor().go("/next-year/")).status, 404);
	assert.match(sql("blog.db", "SELECT status FROM objects WHERE slug = 'next-year'"), /scheduled/);
	page = await send(agent, page, {}, "publish");
	assert.equal((await visitor().go("/next-year/")).status, 200);
};
cases["nobody writes who was not asked to"] = async () => {
	const agent = await as(eve);
	for (const path of ["/write", "/write/new", address]) assert.equal((await agent.go(path)).status, 403, path);
	assert.equal((await visitor().go("/write")).url.pathname, "/sign-in");
};

await run(cases, async () => {
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

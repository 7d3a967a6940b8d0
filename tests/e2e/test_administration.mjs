// SPDX-License-Identifier: Apache-2.0
// The administration: an owner of a new site finds the first steps, names the site, gives it a logo, a colour and menus, changes settings that
// count at once in every process, and sees who changed what. Nobody else gets in.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, everyLook, freePort, run, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-administration-"));
const password = "a loaf on every table";
const ines = { email: "ines@example.org", name: "Inês Marques", password, owner: true };
const tom = { email: "tom@example.org", name: "Tom Okafor", password };
addPerson(data, ines);
addPerson(data, tom);
const port = await freePort(), second = await freePort();
const args = ["--set", "rate.enabled=no", "--set", "blog.feed_posts=7"];
const site = await serve({ data, port, demo: false, args });
const other = await serve({ data, port: second, demo: false, args: [...args, "--set", `server.base_url=http://localhost:${port}`] });
const base = `http://localhost:${port}`;
const as = async (who) => {
	const agent = new Agent(base);
	await agent.signIn(who);
	await agent.go("/account/auth/login");
	return agent;
};
const wrongs = (page) => [...page.text.matchAll(/class="wrong"[^>]*>([^<]*)</g)].map((m) => m[1]);
const formOf = (page, marker) => [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes(marker));
const count = (file, sql) => Number(execFileSync("python3", ["-c", "import sqlite3,sys;print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])", join(data, file), sql], { encoding: "utf8" }));
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");

const cases = {};
cases["nobody but administrators: every page of it"] = async () => {
	const agent = await as(tom);
	for (const path of ["/admin/", "/admin/site", "/admin/menus", "/admin/settings", "/admin/members", "/admin/operations", "/admin/operations/live?of=operations.x", "/admin/dead-letters"]) {
		assert.equal((await agent.go(path)).status, 403, path);
		assert.equal((await new Agent(base).go(path)).url.pathname, "/sign-in", path);
	}
	const page = await agent.go("/account");
	assert.doesNotMatch(page.text, /\/admin\//);
};
cases["the site is named: first steps, each field's rule, a logo, and every page says it at once"] = async () => {
	const agent = await as(ines);
	let page = await agent.go("/admin/");
	assert.match(page.text, /First steps/);
	assert.equal(page.text.match(/class="is-done"/g), null);
	page = await agent.go("/admin/site");
	const send = (more, logo) => {
		const body = new FormData();
		for (const [k, v] of Object.entries({ ...Agent.form(page).fields, ...more })) if (v !== undefined && k !== "logo" && k !== "icon") body.append(k, v);
		if (logo) body.append("logo", new Blob([logo]), "logo.png");
		return agent.go("/admin/site", { method: "POST", body });
	};
	const wrong = await send({ title: " ", accent: "red", lang: "xx", timezone: "Mars/Base" }, Buffer.from("no picture"));
	assert.equal(wrong.status, 422);
	assert.equal(wrongs(wrong).length, 5, wrongs(wrong).join());
	const large = await send({}, Buffer.alloc((10 << 20) + 1));
	assert.deepEqual([large.status, wrongs(large)], [422, ["A picture has at most 10 MB."]]);
	page = wrong;
	const saved = await send({ title: "Weir & Mill", description: "Bread, and what belongs to it.", accent: "#8a3b12", lang: "sv", timezone: "Europe/Lisbon" }, png);
	assert.match(saved.text, /Saved\./);
	const front = await new Agent(base).go("/");
	assert.match(front.text, /Weir &amp; Mill/);
	assert.match(front.text, /<h1 lang="sv" dir="ltr">/);
	assert.match((await new Agent(base).go("/theme.css")).text, /#8a3b12/);
	const logo = (await agent.go("/admin/site")).text.match(/class="sign" src="([^"]+)"/)[1];
	assert.equal((await fetch(base + logo)).status, 200);
	assert.match((await agent.go("/account")).text, /Weir &amp; Mill/);
	assert.equal((await agent.go("/admin/")).text.match(/class="is-done"/g).length, 1);
	page = await agent.go("/admin/site");
	const gone = await send({ no_logo: "1" });
	assert.doesNotMatch(gone.text, /class="sign"/);
	assert.equal(count("blog.db", "SELECT COUNT(*) FROM audit_log WHERE action = 'site.changed'"), 2);
};
cases["menus: entries by their place, half of one is refused with its text, one without words goes"] = async () => {
	const agent = await as(ines);
	let page = await agent.go("/admin/menus");
	const primary = () => formOf(page, "menu=primary");
	page = await agent.submit(page, { primary_label_1: "About", primary_url_1: "/about/", primary_label_2: "Half", primary_url_3: "javascript:alert(1)", primary_label_3: "Bad" }, primary());
	assert.equal(page.status, 422);
	assert.equal(wrongs(page).length, 2);
	assert.match(page.text, /value="Half"/);
	page = await agent.submit(page, { primary_url_2: "https://example.org/", primary_label_2: "Elsewhere", primary_place_2: "1", primary_label_3: "", primary_url_3: "" }, primary());
	assert.match(page.text, /Saved\./);
	const nav = (await new Agent(base).go("/")).text.match(/<nav class="nav-wide"[\s\S]*?<\/nav>/)[0];
	assert.deepEqual([...nav.matchAll(/>([^<]+)<\/a>/g)].map((m) => m[1]), ["Elsewhere", "About"]);
	page = await agent.submit(page, { primary_label_1: "", primary_url_1: "" }, primary());
	assert.doesNotMatch((await new Agent(base).go("/")).text.match(/<nav class="nav-wide"[\s\S]*?<\/nav>/)[0], /Elsewhere/);
	const long = await agent.submit(page, { primary_label_1: "x".repeat(61), primary_url_1: "/x/" }, primary());
	assert.deepEqual([long.status, wrongs(long).length], [422, 1]);
	// Twenty-nine entries, and no more; three lines are left to add.
	const many = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [[`primary_label_${i + 1}`, `E${i}`], [`primary_url_${i + 1}`, `/e${i}/`], [`primary_place_${i + 1}`, `${i + 1}`]]).flat());
	assert.match((await agent.submit(page, many(30), primary())).text, /At most 29 entries/);
	page = await agent.submit(page, many(29), primary());
	assert.equal([...page.text.matchAll(/name="primary_label_\d+"/g)].length, 32, "entries, and no more");
	const below = { ...many(4), primary_below_1: "1", primary_below_2: "1", primary_below_4: "1" };
	for (let i = 5; i <= 32; i++) below[`primary_label_${i}`] = below[`primary_url_${i}`] = "";
	page = await agent.submit(page, below, primary());
	const tree = (await new Agent(base).go("/")).text.match(/<nav class="nav-wide"[\s\S]*?<\/nav>/)[0].replace(/\s*\n\s*/g, "");
	assert.match(tree, /E0<\/a><ul><li><a href="\/e1\/">E1<\/a><\/li><\/ul><\/li><li><a href="\/e2\/">E2<\/a><ul><li><a href="\/e3\/">E3/, "the first of all stands by itself");
	page = await agent.submit(page, {}, primary());
	assert.equal((await new Agent(base).go("/")).text.match(/<nav class="nav-wide"[\s\S]*?<\/nav>/)[0].replace(/\s*\n\s*/g, ""), tree, "saved again, it is as it was");
	assert.equal((await agent.go("/admin/menus?menu=other", { method: "POST", body: new URLSearchParams({ ...Agent.form(page).fields }) })).status, 404);
	const open = /<ol class="steps">.*?<\/ol>/s.exec((await agent.go("/admin/")).text)[0].match(/<li><a href="[^"]+"/g);
	assert.deepEqual(open, ['<li><a href="/market/admin/products/new"'], "all of the site's are done");
	const shelf = await agent.go("/market/admin/products/new");
	await agent.submit(shelf, { title: "Rye", page: "shop", status: "active", price: "3.20", unit: "piece", stock: "unlimited" },
		[0, 1, 2].find((n) => "gtin" in Agent.form(shelf, n).fields));
	assert.equal((await agent.go("/admin/")).text.match(/First steps/), null, "all done");
};
cases["settings: checked as in the file, in force at once in both processes, kept over a start, and it is known who changed what"] = async () => {
	const agent = await as(ines);
	let page = await agent.go("/admin/settings");
	assert.match(page.text, /blog\.feed_posts[\s\S]*?--set/, "what the command line gave is shown, not changed");
	const blog = () => formOf(page, "service=blog"), identity = () => formOf(page, "service=identity");
	assert.equal(Agent.form(page, blog()).fields.feed_posts, undefined);
	assert.ok(!("database" in Agent.form(page, blog()).fields), "the operator's own");
	page = await agent.submit(page, { posts_per_page: "0" }, blog());
	assert.equal(page.status, 422);
	assert.equal(wrongs(page).length, 1);
	assert.match(page.text, /value="0"/);
	page = await agent.submit(page, { posts_per_page: "5" }, blog());
	assert.match(page.text, /Saved\./);
	page = await agent.submit(page, { sign_up: "invitation" }, identity());
	assert.doesNotMatch((await new Agent(base).go("/sign-up")).text, /name="password"/, "at once");
	for (let i = 0; ; i++) {
		const elsewhere = await (await fetch(`http://localhost:${second}/sign-up`)).text();
		if (!/name="password"/.test(elsewhere)) break;
		assert.ok(i < 300, "in the other process, too");
		await new Promise((r) => setTimeout(r, 100));
	}
	const log = await agent.go("/admin/audit?chain=identity&action=setting.");
	assert.match(log.text, /identity\.sign_up/);
	assert.match(log.text, /Inês Marques/);
	const agentJson = await agent.fetch("/admin/settings?service=identity", { method: "POST", headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify({ leaving_days: "400" }) });
	assert.equal(agentJson.status, 422);
	assert.deepEqual((await agentJson.json()).errors.map((e) => e.pointer), ["#/leaving_days"]);
	await other.stop();
	const third = await serve({ data, port: second, demo: false, args });
	assert.doesNotMatch(await (await fetch(`http://localhost:${second}/sign-up`)).text(), /name="password"/, "after a start");
	await third.stop();
};

cases["what was given up is listed by service and kind, tried again, or dropped after a question"] = async () => {
	const agent = await as(ines), sql = (text) => execFileSync("python3", ["-c", `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
db.executescript(sys.argv[2])
db.commit()`, join(data, "identity.db"), text]);
	assert.match((await agent.go("/admin/dead-letters")).text, /Nothing was given up/);
	sql(`INSERT INTO jobs_dead (id, kind, payload, priority, attempts, error, died_at) VALUES (101, 'no.such_work', '{"n":1}', 0, 5, 'the first <reason>', 1), (102, 'mail.other', '{}', 0, 5, 'second', 2);
		INSERT INTO activities (id, type, object, payload, at, done, run_at, attempt, error) VALUES (103, 'loaf.baked', '7', '{}', 3, true, 3, 12, 'nobody listens');`);
	assert.match((await agent.go("/admin/operations")).text, /href="\/admin\/dead-letters\?service=identity&amp;what=jobs">3</);
	let page = await agent.go("/admin/dead-letters?service=identity&q=first");
	assert.match(page.text, /the first &lt;reason&gt;/);
	assert.doesNotMatch(page.text, /mail\.other/);
	const key = page.text.match(/name="key" value="([0-9a-z]{13})"/)[1];
	page = await agent.submit(page, { do: `retry:${key}` }, formOf(page, key));
	assert.match(page.text, /Tried again: 1/);
	// No job of that kind is known, so it comes back with another reason.
	for (let i = 0; i < 100 && !/no.such_work/.test(page.text); i++) {
		await new Promise((r) => setTimeout(r, 100));
		page = await agent.go("/admin/dead-letters?service=identity");
	}
	assert.doesNotMatch(page.text, /the first/);
	page = await agent.go("/admin/dead-letters?service=identity&what=events");
	assert.match(page.text, /loaf\.baked[\s\S]*nobody listens/);
	const event = page.text.match(/name="key" value="([0-9a-z]{13})"/)[1];
	page = await agent.submit(page, { do: "drop", key: event }, formOf(page, event));
	assert.match(page.text, /nobody is told/);
	page = await agent.submit(page, { do: "drop" }, formOf(page, event));
	assert.match(page.text, /Dropped: 1/);
	assert.doesNotMatch(page.text, /loaf\.baked/);
	assert.equal(count("identity.db", "SELECT COUNT(*) FROM activities WHERE id = 103 AND error IS NULL"), 1);
	assert.match((await agent.go("/admin/audit?chain=identity&action=job.tried_again")).text, /job\.tried_again/);
};
const chrome = await browser();
cases["operations are drawn, and move on with each sample; a page without JavaScript has the numbers"] = async () => {
	const context = await chrome.newContext({ viewport: { width: 1280, height: 900 } }), page = await context.newPage();
	await page.goto(`${base}/account/auth/login`);
	await page.locator("[name=email]").fill(ines.email);
	await page.locator("[name=password]").fill(password);
	await page.locator("form button[type=submit]").first().click();
	await page.waitForURL(/\/account/);
	const wrong = [];
	page.on("pageerror", (e) => wrong.push(e.message));
	page.on("console", (m) => m.type() === "error" && wrong.push(m.text()));
	await page.goto(`${base}/admin/operations`);
	const plots = await page.locator(".plot").count();
	assert.ok(plots >= 16, plots);
	await page.locator(".plot canvas").nth(plots - 1).waitFor();
	const read = page.waitForEvent("response", { predicate: (r) => r.url().includes("/admin/operations/live") });
	await page.reload();
	assert.equal((await read).headers()["content-type"].split(";")[0], "text/event-stream");
	const published = page.locator(".plot", { hasText: "Live updates" }).locator("dd").first();
	for (let i = 0; i < 600 && !(Number(await published.textContent()) > 0); i++) await page.waitForTimeout(100);
	assert.ok(Number(await published.textContent()) > 0, "a sample came after the page");
	assert.deepEqual(wrong, []);
	await context.close();
	const agent = await as(ines);
	assert.match((await agent.go("/admin/operations")).text, /<dt>resident<\/dt><dd>[\d.]+M<\/dd>/);
	assert.equal((await agent.fetch("/admin/operations/live?of=people")).status, 400);
};
everyLook(cases, { chrome, base, email: ines.email, password, paths: ["/admin/", "/admin/site", "/admin/menus", "/admin/settings", "/admin/members", "/admin/operations", "/admin/dead-letters"] });

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

// SPDX-License-Identifier: Apache-2.0
// Redirects that an administrator keeps: added, followed with and without the last slash, changed, removed and brought back; what would go round is refused;
// redirects files of Ghost in and out.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, clean, run, screens, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-redirects-")), password = "seven grey herons by the weir";
const olga = { email: "olga@example.org", name: "Olga Owner", password, owner: true };
const mo = { email: "mo@example.org", name: "Mo Member", password };
for (const p of [olga, mo]) addPerson(data, p);
const site = await serve({ data, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`, visitor = new Agent(base);
const as = async (who) => {
	const agent = new Agent(base);
	await agent.signIn(who);
	await agent.go("/account/auth/login");
	await agent.go("/auth/login?next=/");
	return agent;
};
const owner = await as(olga);
const wrongs = (page) => [...page.text.matchAll(/class="wrong"[^>]*>([^<]*)</g)].map((m) => m[1]);
const formWith = (page, mark) => [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes(mark));
const put = async (from, to, more = { for_good: "1" }) => {
	const page = await owner.go("/admin/redirects"), { action, fields } = Agent.form(page, formWith(page, 'name="from"'));
	return owner.go(action, { method: "POST", headers: { "sec-fetch-site": "same-origin" }, body: new URLSearchParams({ csrf: fields.csrf, from, to, ...more }) });
};
const leads = async (path) => {
	const answer = await visitor.fetch(path);
	return [answer.status, answer.headers.get("location")];
};

const cases = {};
cases["one is added and followed, for good or for now, here or elsewhere"] = async () => {
	await put("/old-page/", "/archive/");
	assert.deepEqual(await leads("/old-page/"), [301, "/archive/"]);
	await put("/shop/bread.html", "/tags/?a=1#b", {});
	assert.deepEqual(await leads("/shop/bread.html"), [302, "/tags/?a=1#b"]);
	assert.deepEqual(await leads("/shop/bread.html/"), [302, "/tags/?a=1#b"], "with a slash at its end");
	await put("/elsewhere", "https://example.org/there");
	assert.deepEqual(await leads("/elsewhere/"), [301, "https://example.org/there"], "without the one at its end");
	assert.equal((await leads("/nowhere-at-all/"))[0], 404);
};
cases["what is there is changed in the same form"] = async () => {
	const list = await owner.go("/admin/redirects"), [, link] = /href="([^"]*from=%2Fold-page%2F)"/.exec(list.text);
	const page = await owner.go(link), n = formWith(page, 'name="from"');
	const { fields } = Agent.form(page, n);
	assert.deepEqual([fields.from, fields.to], ["/old-page/", "/archive/"]);
	const saved = await owner.submit(page, { to: "/tags/" }, n);
	assert.match(saved.text, /Saved\./);
	assert.deepEqual(await leads("/old-page/"), [301, "/tags/"]);
};
cases["what would go round, or is no address, is refused beside its field, and comes back as it was typed"] = async () => {
	const refused = async (from, to, why) => {
		const page = await put(from, to);
		assert.equal(page.status, 422, `${from} ${to}`);
		assert.match(wrongs(page).join(), why, `${from} ${to}`);
		assert.ok(page.text.includes(`value="${from}"`), from);
	};
	await refused("/a/", "/a/", /leads back/);
	await refused("/a/", "/a", /leads back/);
	await refused("/a/", "/a/?x=1", /leads back/);
	await put("/b/", "/c/");
	await put("/c/", "/d/");
	await refused("/d/", "/b/", /leads back/);
	await refused("no-slash", "/b/", /begins with one slash/);
	await refused("//host/", "/b/", /begins with one slash/);
	await refused("/a?b", "/b/", /begins with \? or #/);
	await refused("/a/", "javascript:alert(1)", /not an address/);
	await refused("/archive/", "/b/", /page at this address/);
	await refused("/what-is-behind-the-blue-door/", "/b/", /page at this address/);
	await refused(`/${"x".repeat(200)}`, "/b/", /too long/);
	assert.match((await put(`/${"x".repeat(199)}`, "/b/")).text, /Saved\./);
	for (let i = 0; i < 12; i++) await put(`/hop${i}/`, `/hop${i + 1}/`);
	assert.match((await put("/far2/", "/hop2/")).text, /Saved\./);
	await refused("/far/", "/hop1/", /over too many/);
};
cases["one is removed and brought back, and all of it is in the audit"] = async () => {
	const page = await owner.go("/admin/redirects?q=old-page"), removed = await owner.submit(page, { do: "remove", key: "/old-page/" }, formWith(page, 'name="key"'));
	assert.match(removed.text, /Removed: 1/);
	assert.equal((await leads("/old-page/"))[0], 404);
	const back = await owner.submit(removed, { do: "back" }, formWith(removed, 'value="back"'));
	assert.match(back.text, /Brought back: 1/);
	assert.deepEqual(await leads("/old-page/"), [301, "/tags/"]);
	assert.match((await owner.go("/admin/audit?chain=blog&action=redirect.")).text, /redirect\.removed[\s\S]*redirect\.set/);
};
/** Sends a file as the page's form does. */
const bring = async (name, text) => {
	const page = await owner.go("/admin/redirects"), { action, fields } = Agent.form(page, formWith(page, 'type="file"'));
	const body = new FormData();
	body.append("csrf", fields.csrf);
	body.append("file", new Blob([text]), name);
	return owner.go(action, { method: "POST", headers: { "sec-fetch-site": "same-origin" }, body });
};
const problem = (page) => Agent.unescape(/class="problem"[^>]*>([^<]*)</.exec(page.text)?.[1] ?? "");
cases["a redirects file of Ghost is taken over, as JSON and as YAML; patterns of many addresses are named"] = async () => {
	assert.match((await bring("redirects.json", JSON.stringify([
		{ from: "^/ghost-a\\.html/?$", to: "https://example.org/a", permanent: true },
		{ from: "/ghost-b", to: "/archive/", permanent: false },
	]))).text, /Saved\./);
	assert.deepEqual(await leads("/ghost-a.html"), [301, "https://example.org/a"]);
	assert.deepEqual(await leads("/ghost-b/"), [302, "/archive/"]);
	assert.match((await bring("redirects.yaml", "301:\n  /ghost-c/: /tags/\n302:\n  /ghost-d/: https://example.org/d\n")).text, /Saved\./);
	assert.deepEqual(await leads("/ghost-c/"), [301, "/tags/"]);
	assert.deepEqual(await leads("/ghost-d/"), [302, "https://example.org/d"]);
	const left = await bring("redirects.json", JSON.stringify([
		{ from: "^/old/(.*)$", to: "/$1", permanent: true },
		{ from: "/ghost-e/", to: "//example.org/", permanent: true },
		{ from: "/archive/", to: "/tags/", permanent: true },
		{ from: "/ghost-f/", to: "/ghost-f/", permanent: true },
		{ from: "/ghost-g/", to: "/tags/", permanent: true },
	]));
	assert.equal(left.status, 422);
	assert.match(problem(left), /1 were taken over, 4 were left out: \^\/old\/\(\.\*\)\$ \(a pattern of many addresses\), .*no address.*page at this address.*leads back/);
	assert.deepEqual(await leads("/ghost-g/"), [301, "/tags/"]);
	assert.equal((await leads("/ghost-e/"))[0], 404);
};
cases["what is no such file is said, and too large a one is refused"] = async () => {
	const row = (i) => ({ from: `/many-${i}/`, to: "/tags/", permanent: true });
	assert.match(problem(await bring("a.json", "{}")), /no redirects file/);
	assert.match(problem(await bring("a.json", '[{"from":"/a/"}]')), /Redirect 1 of the file/);
	assert.match(problem(await bring("a.yaml", "a: [")), /neither JSON nor YAML/);
	assert.match(problem(await bring("a.yaml", "500:\n  /a/: /b/\n")), /below 301 and 302/);
	assert.match(problem(await bring("a.yaml", "301:\n  - /a/\n")), /Line 2/);
	assert.match(problem(await bring("a.json", `${" ".repeat(2 * 1024 * 1024)}[]`)), /at most 2 MB/);
	assert.match(problem(await bring("a.json", JSON.stringify(Array.from({ length: 5001 }, (_, i) => row(i))))), /at most 5000/);
	assert.equal((await leads("/many-1/"))[0], 404, "nothing of it");
};
cases["all of it leaves as a file of Ghost's, and that file changes nothing"] = async () => {
	const first = (await owner.go("/admin/redirects.json")).text, list = JSON.parse(first);
	assert.deepEqual(list.find((r) => r.from.includes("ghost-a")), { from: "^/ghost-a\\.html/?$", to: "https://example.org/a", permanent: true });
	for (const r of list) assert.ok(new RegExp(r.from), r.from);
	await bring("redirects.json", first);
	const again = JSON.parse((await owner.go("/admin/redirects.json")).text);
	assert.deepEqual(again.map((r) => r.to), list.map((r) => r.to));
};
cases["nobody but administrators"] = async () => {
	assert.equal((await (await as(mo)).go("/admin/redirects")).status, 403);
	assert.equal((await new Agent(base).go("/admin/redirects")).url.pathname, "/sign-in");
};
cases["on a phone and a desktop, in light and dark: nothing wider than the screen, nothing for axe to find"] = async () => {
	const chrome = await browser();
	for (const screen of ["phone", "desktop"])
		for (const colorScheme of ["light", "dark"]) {
			const context = await chrome.newContext({ ...screens[screen], colorScheme }), page = await context.newPage();
			await page.goto(`${base}/account/auth/login`);
			await page.locator("[name=email]").fill(olga.email);
			await page.locator("[name=password]").fill(password);
			await page.locator("form button[type=submit]").first().click();
			await page.waitForURL(/\/account/);
			await page.goto(`${base}/admin/redirects`);
			await page.locator("summary:has-text('redirects file')").click();
			await clean(page, `${screen} ${colorScheme}`);
			await context.close();
		}
	await chrome.close();
};

await run(cases, async () => {
	assert.equal(await site.stop(), 0);
	rmSync(data, { recursive: true, force: true });
});

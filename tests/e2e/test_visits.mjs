// SPDX-License-Identifier: Apache-2.0
// Visits: what pages tell is counted by the day, without cookies and without anything of a person; machines, those who ask not to be counted and made-up
// addresses are not; a chart with the same as a table, a file, and a switch.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, clean, run, screens, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-visits-")), password = "seven grey herons by the weir";
addPerson(data, { email: "olga@example.org", name: "Olga Owner", password, owner: true });
addPerson(data, { email: "mo@example.org", name: "Mo Member", password });
const site = await serve({ data, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();
const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36";
const olga = new Agent(base);
await olga.signIn({ email: "olga@example.org", password });
await olga.go("/auth/login?next=/");

/** Somebody who reads, and no machine. */
const reader = async (screen, more = {}) => {
	const context = await chrome.newContext({ ...screens[screen], userAgent: agent, ...more });
	await context.addInitScript(() => Object.defineProperty(navigator, "webdriver", { get: () => false }));
	return context.newPage();
};
const open = async (page, path, options) => {
	const told = page.waitForResponse((a) => new URL(a.url()).pathname === "/visits");
	await page.goto(base + path, options);
	assert.equal((await told).status(), 202);
};
const tell = (fields, headers = {}) => fetch(`${base}/visits`, { method: "POST", headers: { "user-agent": agent, origin: base, ...headers }, body: new URLSearchParams(fields) });
const rows = async () => (await olga.go("/admin/visits.csv")).text.trim().split("\r\n").slice(1).map((l) => l.split(","));
/** [visits, views] of the page at that path so far. */
const numbers = async (path, name) => {
	const row = (await rows()).find((r) => r[2] === path && (!name || r[1] === name));
	return row ? row.slice(-2).map(Number) : [0, 0];
};
const until = async (path, wanted, name) => {
	for (let i = 0; ; i++) {
		const now = await numbers(path, name);
		if (String(now) === String(wanted)) return;
		assert.ok(i < 150, `${path}: ${now} and not ${wanted}`);
		await new Promise((r) => setTimeout(r, 200));
	}
};
const slug = (await (await fetch(`${base}/feed.json`)).json()).items[0].url.replace(/^https?:\/\/[^/]+/, "");

const cases = {};
cases["readers on phone and desk are counted: where they begin a visit, and each page; no cookie is set for it"] = async () => {
	for (const screen of ["phone", "desktop"]) {
		const page = await reader(screen);
		await open(page, slug, { referer: "https://www.News.example/today" });
		const told = page.waitForResponse((a) => new URL(a.url()).pathname === "/visits");
		await page.evaluate(() => (location.href = "/")); // from a page of ours
		await told;
		assert.deepEqual((await page.context().cookies()).map((c) => c.name), []);
		await page.context().close();
	}
	await until(slug, [2, 2]);
	await until("", [0, 2], "The front page");
};
cases["machines, those who ask not to be counted, and made-up addresses are not counted"] = async () => {
	const asked = [];
	for (const more of ["webdriver", "globalPrivacyControl"]) {
		const page = more === "webdriver" ? await (await chrome.newContext({ userAgent: agent })).newPage() : await reader("desktop");
		if (more !== "webdriver") await page.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { get: () => true }));
		page.on("request", (r) => new URL(r.url()).pathname === "/visits" && asked.push(more));
		await page.goto(base + slug, { waitUntil: "load" });
		await page.context().close();
	}
	assert.deepEqual(asked, []);
	for (const [fields, headers] of [[{ path: slug }, { "user-agent": "Googlebot/2.1" }], [{ path: slug }, { "user-agent": "SomeCrawler" }], [{ path: slug, from: "<b>" }, {}], [{ path: "no path" }, {}],
		[{ path: "/there-is-none/" }, {}], [{ path: `/${"x".repeat(191)}` }, {}], [{ path: slug, from: "x".repeat(192) }, {}]])
		assert.equal((await tell(fields, headers)).status, 202);
	assert.equal((await tell({ path: slug }, { origin: "https://elsewhere.example" })).status, 403);
	await tell({ path: slug, from: `${"x".repeat(183)}.example` });
	await tell({ path: `/tag/${"x".repeat(186)}` });
	await until("", [1, 1], "Lists");
	await until(slug, [3, 3]);
	assert.ok(!(await rows()).some((r) => /none/.test(r.join())));
};
for (const screen of ["phone", "desktop"])
	for (const colorScheme of ["light", "dark"])
		cases[`who edits sees it: a chart, the same as a table, pages and sources (${screen}, ${colorScheme})`] = async () => {
			const page = await (await chrome.newContext({ ...screens[screen], colorScheme })).newPage();
			await page.goto(`${base}/admin/visits`);
			await page.fill("[name=email]", "olga@example.org");
			await page.fill("[name=password]", password);
			await page.click('main form button[type="submit"]');
			await page.waitForURL(/admin\/visits/);
			await page.click("text=7 days");
			await page.waitForURL(/days=7/);
			assert.equal(await page.locator(".visits-chart rect").count(), 7);
			await page.click("text=The chart as a table");
			assert.equal(await page.locator("details tbody tr").count(), 7);
			assert.match(await page.locator(".visits-lists").innerText(), /news\.example\s+2/);
			await clean(page, "visits");
			await page.context().close();
		};
cases["members see nothing of it; days that make no sense are a month"] = async () => {
	const mo = new Agent(base);
	await mo.signIn({ email: "mo@example.org", password });
	await mo.go("/auth/login?next=/");
	for (const path of ["/admin/visits", "/admin/visits.csv"]) assert.equal((await mo.go(path)).status, 403, path);
	for (const [days, bars] of [["365", 365], ["366", 30], ["0", 30], ["x", 30]]) assert.equal((await olga.go(`/admin/visits?days=${days}`)).text.split("<rect ").length - 1, bars, days);
};
cases["switched off, pages tell nothing and nothing is counted"] = async () => {
	const off = await serve({ args: ["--set", "rate.enabled=no", "--set", "blog.visits=no"] });
	const page = await (await fetch(`${off.url}/`)).text();
	assert.ok(!page.includes("visits.js"));
	await off.stop();
};

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

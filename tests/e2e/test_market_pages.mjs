// SPDX-License-Identifier: Apache-2.0
// Market pages as a keeper edits them: made, moved, hidden and back, another address with the former one leading there, a currency that stays where there are
// prices; and the shop beside a page of the site, as visitors see it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addPerson, browser, clean, run, screens, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-pages-")), password = "seven grey herons by the weir";
addPerson(data, { email: "olga@example.org", name: "Olga Owner", password, owner: true });
const site = await serve({ data, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();
const main = (page) => page.locator("main").innerText();
const as = async (screen, path) => {
	const page = await (await chrome.newContext(screens[screen])).newPage();
	await page.goto(base + path);
	await page.fill("[name=email]", "olga@example.org");
	await page.fill("[name=password]", password);
	await page.click('main form button[type="submit"]');
	await page.waitForURL((u) => u.pathname === path);
	return page;
};
const save = (page) => page.locator('main form.form button[type="submit"]').first().click();
const keeper = { desktop: await as("desktop", "/market/admin/pages"), phone: await as("phone", "/market/admin/pages") };
const titles = async () => (await (await fetch(`${base}/market/`, { headers: { accept: "application/json" } })).json()).pages.map((p) => p.title);
const row = (page, name) => page.locator(`main tr:has-text("${name}")`).first();
/** What is kept follows within moments: asked until it is so. */
const until = async (what, holds) => {
	let is;
	for (const end = Date.now() + 30e3; Date.now() < end; await new Promise((done) => setTimeout(done, 100)))
		if (holds((is = await what()))) return is;
	assert.fail(`not so: ${JSON.stringify(is)}`);
};

const cases = {};
for (const screen of ["desktop", "phone"])
	cases[`a page is made, with what is wrong beside its field (${screen})`] = async () => {
		const page = keeper[screen];
		await page.goto(`${base}/market/admin/pages`);
		await clean(page, "the list of market pages");
		await page.click('main a:has-text("A new market page")');
		await page.fill("[name=title]", `Stall, ${screen}`);
		await page.fill("[name=slug]", "cycles");
		await page.fill("[name=currency]", "eur");
		await save(page);
		await page.waitForSelector("#w-slug");
		assert.match(await main(page), /The market itself has this address/);
		assert.match(await main(page), /Three letters/);
		await clean(page, "a new market page");
		await page.fill("[name=slug]", "");
		await page.fill("[name=currency]", "CHF");
		await page.selectOption("[name=state]", "open");
		await save(page);
		await page.waitForURL(/done=saved/);
		assert.equal(await page.inputValue("[name=slug]"), `stall-${screen}`);
		await page.fill("[name=currency]", "EUR");
		await page.selectOption("[name=layout]", "lines");
		await save(page);
		await page.waitForURL(/done=saved/);
		assert.equal(await page.inputValue("[name=currency]"), "EUR");
		await until(titles, (all) => all.includes(`Stall, ${screen}`));
	};
cases["another address: the former one leads there, with what was asked and to products"] = async () => {
	const page = keeper.desktop;
	await page.goto(`${base}/market/admin/pages`);
	await page.click('main a:has-text("Bakery")');
	await page.fill("[name=currency]", "CHF");
	await save(page);
	await page.waitForSelector("#w-currency");
	assert.match(await main(page), /There are prices on this page/);
	await page.fill("[name=currency]", "EUR");
	await page.fill("[name=slug]", "tools");
	await save(page);
	await page.waitForSelector("#w-slug");
	await page.fill("[name=slug]", "old-mill");
	await save(page);
	await page.waitForURL(/done=saved/);
	const moved = async (path) => {
		const answer = await fetch(base + path, { redirect: "manual" });
		return [answer.status, answer.headers.get("location")];
	};
	await until(() => moved("/market/bakery/?sort=cheap"), ([status]) => status === 301);
	for (const rest of ["?sort=cheap", "dark-rye", "feed.rss", "feed.json"]) {
		const [status, to] = await moved(`/market/bakery/${rest}`);
		assert.deepEqual([status, new URL(to, base).pathname + new URL(to, base).search], [301, `/market/old-mill/${rest}`]);
		assert.equal((await fetch(`${base}/market/old-mill/${rest}`)).status, 200);
	}
};
for (const screen of ["desktop", "phone"])
	cases[`moved, hidden, deleted, and each taken back (${screen})`] = async () => {
		const page = keeper[screen], name = `Stall, ${screen}`, before = await titles(), list = `${base}/market/admin/pages`;
		await page.goto(list);
		await row(page, name).locator('button[value^="up:"]').click();
		await page.waitForURL(/done=up/);
		const after = await until(titles, (all) => all.indexOf(name) === before.indexOf(name) - 1);
		assert.equal(after.length, before.length);
		for (const [what, gone] of [["hide", true], ["drop", true], ["close", false]]) {
			await page.goto(list);
			await row(page, name).locator('input[name="key"]').check();
			await page.locator(`button[name="do"][value="${what}"]`).click();
			await page.waitForURL(new RegExp(`done=${what}`));
			await until(titles, (all) => all.includes(name) !== gone);
			if (what === "drop") await clean(page, "a page that was deleted");
			await page.locator('form:has([name="keys"]) button').click();
			await page.waitForURL((u) => !u.search.includes(`done=${what}`));
			await until(titles, (all) => all.includes(name));
		}
		await page.goto(list);
		await row(page, "Orchard").locator('input[name="key"]').check();
		await page.locator('button[name="do"][value="drop"]').click();
		await page.waitForFunction(() => /still has products/.test(document.querySelector("main").innerText));
	};
cases["a shop stands beside a page of the site"] = async () => {
	const page = keeper.desktop;
	await page.goto(`${base}/market/admin/pages`);
	await page.click('main a:has-text("Orchard")');
	const choice = await page.locator("[name=container] option").allInnerTexts();
	assert.ok(choice.length > 2, choice.join());
	await page.selectOption("[name=container]", { label: "Join" });
	const title = await page.locator("[name=container] option:checked").innerText();
	await save(page);
	await page.waitForURL(/done=saved/);
	assert.equal(await page.locator("[name=container] option:checked").innerText(), title);
	const map = await (await fetch(`${base}/sitemap.xml`)).text();
	const all = [];
	for (const [, url] of map.matchAll(/<loc>([^<]+)<\/loc>/g)) if (/sitemap/.test(url)) all.push(...(await (await fetch(url)).text()).matchAll(/<loc>([^<]+)<\/loc>/g));
	let path = "";
	for (const [, url] of [...map.matchAll(/<loc>([^<]+)<\/loc>/g), ...all]) {
		const text = /sitemap/.test(url) ? "" : await (await fetch(url)).text();
		if (text.includes(`>${title}</h1>`)) path = new URL(url).pathname;
	}
	assert.ok(path, `a page called ${title}`);
	await until(async () => (await fetch(base + path)).text(), (text) => text.includes("beside-shop"));
	for (const screen of ["desktop", "phone"]) {
		const visitor = await (await chrome.newContext(screens[screen])).newPage();
		await visitor.goto(base + path);
		await clean(visitor, `a page with its shop (${screen})`);
		assert.ok((await visitor.locator(".beside-shop li").count()) >= 1);
		await visitor.locator(".beside-shop h2 a").click();
		await visitor.waitForURL(/\/market\/orchard\/$/);
		await visitor.context().close();
	}
};
for (const screen of ["desktop", "phone"])
	cases[`a category gets another name, and its former address leads there (${screen})`] = async () => {
		const page = keeper[screen], [was, now] = screen === "desktop" ? ["Bread", "Loaves"] : ["Loaves", "Bread, rolls"];
		const shown = async (slug) => (await (await fetch(`${base}/market/old-mill/?category=${slug}`, { headers: { accept: "application/json" } })).json()).products.map((p) => p.handle);
		await page.goto(`${base}/market/admin/categories`);
		await clean(page, "the list of categories");
		await page.locator("main td a", { hasText: new RegExp(`^${was}$`) }).click();
		const before = await shown(was.toLowerCase());
		assert.ok(before.length > 1, before.join());
		await page.fill("[name=name]", now);
		await save(page);
		if (now.includes(",")) {
			await page.waitForSelector("#w-name");
			await clean(page, "a category");
			await page.fill("[name=name]", "Bread and rolls");
			await save(page);
		}
		await page.waitForURL(/done=saved/);
		const slug = now.includes(",") ? "bread-and-rolls" : now.toLowerCase();
		const answer = await until(() => fetch(`${base}/market/old-mill/?sort=name&category=${was.toLowerCase()}`, { redirect: "manual" }), (a) => a.status === 301);
		assert.match(answer.headers.get("location"), new RegExp(`/market/old-mill/\\?category=${slug}&sort=name$`));
		assert.deepEqual(await shown(slug), before);
	};
cases["two categories become one, when that is said"] = async () => {
	const page = keeper.desktop;
	await page.goto(`${base}/market/admin/categories`);
	await page.locator("main td a", { hasText: /^Bread and rolls$/ }).click();
	await page.fill("[name=name]", "Pantry");
	await save(page);
	await page.waitForSelector("#w-name");
	await page.check("[name=merge]");
	await save(page);
	await page.waitForURL(/done=saved/);
	assert.equal(await page.inputValue("[name=name]"), "Pantry");
	await page.goto(`${base}/market/admin/categories?q=bread`);
	assert.equal(await page.locator("main td a", { hasText: /^Bread/ }).count(), 0);
};
cases["a page that shows a line for each thing"] = async () => {
	const page = keeper.phone;
	await page.goto(`${base}/market/admin/pages`);
	await page.click('main a:has-text("Orchard")');
	await page.selectOption("[name=layout]", "lines");
	await save(page);
	await page.waitForURL(/done=saved/);
	for (const screen of ["desktop", "phone"]) {
		const visitor = await (await chrome.newContext(screens[screen])).newPage();
		await until(async () => (await visitor.goto(`${base}/market/orchard/`), visitor.locator(".cards.lines > li").count()), (n) => n > 3);
		await clean(visitor, `lines (${screen})`);
		await visitor.context().close();
	}
};

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

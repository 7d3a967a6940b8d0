// SPDX-License-Identifier: Apache-2.0
// What comes: of all calendars and of one, an event with its times, the feed that programs read, and calendars that are not for everybody.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addPerson, browser, clean, run, screens, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-events-")), password = "seven grey herons by the weir";
const site = await serve({ data, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();
addPerson(data, { email: "mo@example.org", name: "Mo Member", password });
const sql = (statement, ...values) => JSON.parse(execFileSync("python3", ["-c",
	"import json,sqlite3,sys\nc=sqlite3.connect(sys.argv[1],timeout=30)\nr=c.execute(sys.argv[2],json.loads(sys.argv[3])).fetchall()\nc.commit()\nprint(json.dumps(r))",
	join(data, "events.db"), statement, JSON.stringify(values)], { encoding: "utf8" }));
const guildhall = (args) => execFileSync(process.env.GUILDHALL, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 60000 });
const titles = (page) => page.locator(".agenda .what > a").evaluateAll((all) => all.map((a) => a.href));

const cases = {};
for (const screen of ["phone", "desktop"])
	cases[`what comes, page by page (${screen})`] = async () => {
		const page = await (await chrome.newContext(screens[screen])).newPage();
		await page.goto(`${base}/events`);
		await clean(page, "what comes");
		const first = await titles(page);
		assert.equal(first.length, 30);
		assert.ok(await page.locator("text=Repair evening").count());
		const times = await page.locator(".agenda time").evaluateAll((all) => all.map((t) => Date.parse(t.dateTime.length > 10 ? t.dateTime : `${t.dateTime}T00:00:00Z`)));
		assert.deepEqual(times, [...times].sort((a, b) => a - b), "one after the other");
		await page.click("text=Later");
		const second = await titles(page);
		assert.equal(second.filter((href) => first.includes(href)).length, 0, "nothing twice");
		await page.context().close();
	};
for (const screen of ["phone", "desktop", "plain"])
	cases[`a month, and those beside it (${screen})`] = async () => {
		const page = await (await chrome.newContext(screens[screen])).newPage();
		await page.goto(`${base}/events?view=month&month=2426-12`); // 400 years make 146097 days, whole weeks: as 2026
		assert.match(await page.locator("h2").innerText(), /December 2426/);
		if (screen !== "plain") await clean(page, "a month");
		const of = (day) => page.locator(`.month > li:has(> a[aria-label$=" ${day} December 2426"])`).first();
		assert.match(await of(1).innerText(), /19:30–21:30\s+Carrowbeck Singers/);
		assert.match(await of(3).innerText(), /Repair evening/);
		assert.equal(await page.locator(".month > li").count() % 7, 0);
		assert.equal(await page.locator(".month > li.free").first().isVisible(), screen === "desktop");
		await page.click("text=Later");
		await page.waitForURL(/month=2427-01/);
		await page.click("text=List");
		await page.waitForSelector(".agenda");
		await page.click("text=Month");
		await page.waitForSelector(".month");
		await page.context().close();
	};
cases["months that are none, and one calendar's"] = async () => {
	for (const month of ["", "2026-13", "0000-01", "9999-12", "x"]) assert.equal((await fetch(`${base}/events?view=month&month=${month}`)).status, 200, month);
	const text = await (await fetch(`${base}/events/workshop?view=month&month=2026-12`)).text();
	assert.match(text, /Repair evening/);
	assert.doesNotMatch(text, /Carrowbeck/);
};
cases["a calendar, an event, one of its times"] = async () => {
	const page = await (await chrome.newContext(screens.phone)).newPage();
	await page.goto(`${base}/events`);
	await page.click(".calendars a >> text=Tools and repair");
	await page.waitForURL("**/events/workshop");
	assert.ok((await titles(page)).every((href) => new URL(href).pathname.startsWith("/events/workshop/")));
	await page.click(".agenda a >> text=Repair evening");
	await page.waitForURL(/\/events\/workshop\/repair-evening\?at=\d+/);
	await clean(page, "an event");
	assert.match(await page.locator(".when").innerText(), /^Thursday, .*19:00–21:30$/);
	const told = JSON.parse(await page.locator('script[type="application/ld+json"]').first().textContent());
	assert.match(told.startDate, /^\d{4}-\d\d-0[1-7]T19:00:00\+0[01]:00$/);
	assert.equal(told.eventStatus, "https://schema.org/EventScheduled");
	const times = page.locator(".times a");
	assert.equal(await times.count(), 12);
	await times.nth(3).click();
	await page.waitForURL(/\?at=/);
	await page.context().close();
};
cases["the feed: folded, kept by its tag, and read back it says the same times"] = async () => {
	const got = await fetch(`${base}/events/hall.ics`), bytes = Buffer.from(await got.arrayBuffer()), text = bytes.toString();
	assert.equal(got.status, 200);
	assert.match(got.headers.get("content-type"), /^text\/calendar/);
	assert.equal((await fetch(`${base}/events/hall.ics`, { headers: { "if-none-match": got.headers.get("etag") } })).status, 304);
	assert.ok(!/[^\r]\n/.test(text), "lines end with CR LF");
	for (const line of text.split("\r\n")) assert.ok(Buffer.byteLength(line) <= 75, line);
	assert.match(text, /BEGIN:VTIMEZONE\r\nTZID:Europe\/London\r\n/);
	const file = join(data, "hall.ics"), other = mkdtempSync(join(tmpdir(), "guildhall-feed-"));
	writeFileSync(file, bytes);
	guildhall(["import", "ics", file, "--calendar", "again", "--data", other]);
	const expand = (calendar, folder) => guildhall(["export", "ics", "--calendar", calendar, "--expand", "2026-01-01T00:00:00Z", "2029-01-01T00:00:00Z", "--data", folder]);
	const times = expand("again", other);
	assert.ok(times.split("\n").length > 200);
	assert.equal(times, expand("hall", data));
	rmSync(other, { recursive: true, force: true });
};
cases["what is not there, and what is not for everybody"] = async () => {
	const status = async (path, options) => (await fetch(base + path, options)).status;
	for (const path of ["/events/none", "/events/none.ics", "/events/hall/none", "/events/none/none"]) assert.equal(await status(path), 404, path);
	assert.equal(await status("/events?from=99999999999999999999&skip=-1"), 200);
	assert.equal(await status("/events/hall?from=4000000000&skip=200001"), 200);
	const [[key]] = sql("SELECT token FROM calendars WHERE slug = 'orchard'");
	for (const visibility of ["secret", "members"]) {
		sql("UPDATE calendars SET visibility = ? WHERE slug = 'orchard'", visibility);
		assert.equal(await status("/events/orchard"), 404);
		assert.equal(await status("/events/orchard.ics?key=wrong"), 404);
		assert.equal(await status(`/events/orchard.ics?key=${key}`), 200);
		assert.doesNotMatch(await (await fetch(`${base}/events`)).text(), /Far Close/);
	}
	const page = await (await chrome.newContext(screens.desktop)).newPage();
	await page.goto(`${base}/account/auth/login`);
	await page.fill("[name=email]", "mo@example.org");
	await page.fill("[name=password]", password);
	await page.click('main form button[type="submit"]');
	await page.waitForURL(/\/account/);
	await page.goto(`${base}/events/auth/login?next=/events/orchard`);
	await page.waitForURL("**/events/orchard");
	assert.match(await page.locator("h1").innerText(), /The orchard/);
	await page.context().close();
};
cases["in German"] = async () => {
	const page = await (await chrome.newContext({ ...screens.phone, locale: "de-DE" })).newPage();
	await page.goto(`${base}/events`);
	assert.match(await page.locator(".agenda h2").first().innerText(), /^(Sonn|Mon|Diens|Mitt|Donners|Frei|Sams)/);
	await page.context().close();
};

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

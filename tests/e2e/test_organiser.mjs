// SPDX-License-Identifier: Apache-2.0
// An organiser's day: a calendar, a weekly repair café, one date moved, another cancelled, one left out, all later ones at another hour, a look at the
// dates before they count, what is deleted and comes back; on a phone, at a desk and without scripts. What visitors and programs then see.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, clean, everyLook, run, screens, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-organiser-")), password = "a loaf on every table";
const ines = { email: "ines@example.org", name: "Inês Marques", password, owner: true };
const tom = { email: "tom@example.org", name: "Tom Okafor", password };
addPerson(data, ines);
addPerson(data, tom);
const site = await serve({ data, demo: false, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();
const day = (n) => new Date(Date.UTC(2431, 0, n)).toISOString().slice(0, 10); // 1 January 2431 is a Wednesday, and to come

const signedIn = async (screen, more = {}) => {
	const page = await (await chrome.newContext({ ...screens[screen], ...more })).newPage();
	await page.goto(`${base}/account/auth/login`);
	await page.fill("[name=email]", ines.email);
	await page.fill("[name=password]", password);
	await page.click("main form button[type=submit]");
	await page.waitForURL(/\/account/);
	await page.goto(`${base}/events/auth/login?next=/events/admin/entries`);
	await page.waitForURL("**/events/admin/entries");
	return page;
};
const save = async (page) => {
	await page.click("form.form >> text=Save");
	await page.waitForURL(/\/events\/admin\/(entries\/[0-9a-z]{13}|calendars)$/);
};
const times = (page) => page.locator("h2:text-is('Its times') ~ ul.times").first().locator("li").allInnerTexts();
const feed = async (slug) => (await (await fetch(`${base}/events/${slug}.ics`)).text()).replace(/\r\n /g, "");

const cases = {};
cases["nobody but organisers"] = async () => {
	const agent = new Agent(base);
	await agent.signIn(tom);
	await agent.go("/events/auth/login");
	for (const path of ["/events/admin/entries", "/events/admin/entries/new", "/events/admin/calendars", "/events/admin/calendars/new"]) {
		assert.equal((await agent.go(path)).status, 403, path);
		assert.match((await new Agent(base).go(path)).text, /name="password"/);
	}
};
for (const screen of ["phone", "desktop", "plain"])
	cases[`a weekly repair café (${screen})`] = async () => {
		const page = await signedIn(screen), slug = `yard-${screen}`;
		const tidy = (what) => (screen === "plain" ? null : clean(page, what));
		await page.goto(`${base}/events/admin/calendars/new`);
		await page.fill("[name=title]", `Yard ${screen}`);
		await page.selectOption("[name=zone]", "Europe/Berlin");
		await tidy("a new calendar");
		await save(page);
		await page.goto(`${base}/events/admin/entries/new?calendar=${slug}`);
		assert.equal(await page.inputValue("[name=calendar]"), slug);
		await page.fill("[name=title]", "Repair café");
		await page.fill("[name=start_date]", day(2));
		await page.fill("[name=start_time]", "18:00");
		await page.fill("[name=end_time]", "17:00");
		await page.selectOption("[name=how]", "weekly");
		await page.check("[name=days][value=TU]");
		await page.fill("[name=place]", "The yard");
		await page.fill("[name=body]", "Bring one broken thing.");
		await page.click("form.form >> text=Save");
		await page.waitForSelector(".wrong >> text=It ends after it begins");
		await tidy("a form with a fault");
		await page.fill("[name=end_time]", "20:30");
		await page.selectOption("[name=ends]", "times");
		await page.fill("[name=times]", "5");
		await page.click("text=Show its dates");
		await page.waitForSelector(".preview li");
		const shown = await page.locator(".preview li").allInnerTexts();
		assert.deepEqual(shown.map((t) => t.replace(/,.*2431/, "")), Array(5).fill("Tuesday, 18:00–20:30"));
		assert.match(shown[0], /7 January/, "the first day is one of those that were chosen");
		await tidy("a form with its dates");
		await save(page);
		assert.equal((await times(page)).length, 5);
		await tidy("an event");

		// The second is an hour later, and elsewhere; the third is cancelled; the fourth is left out.
		const open = async (text) => {
			await page.click(`ul.times a >> text=${text}`);
			await page.waitForURL(/\/times\/\d+$/);
		};
		await open("14 January");
		await tidy("one time");
		await page.fill("[name=start_time]", "19:00");
		await page.fill("[name=end_time]", "21:30");
		await page.fill("[name=place]", "The hall");
		await save(page);
		await open("21 January");
		await page.selectOption("[name=what]", "cancelled");
		await save(page);
		await open("28 January");
		await page.selectOption("[name=what]", "out");
		await save(page);
		assert.deepEqual((await times(page)).map((t) => t.replace(/^Tuesday, | 2431|\n/g, "")),
			["7 January, 18:00–20:30", "14 January, 19:00–21:30", "21 January, 18:00–20:30 Cancelled", "4 February, 18:00–20:30"]);
		assert.equal(await page.locator("h2:text-is('Left out') ~ ul.times li").count(), 1);

		// All of it at another hour: what was moved stays, what was cancelled and left out goes along.
		await page.fill("[name=start_time]", "17:30");
		await page.fill("[name=end_time]", "20:00");
		await save(page);
		assert.deepEqual((await times(page)).map((t) => t.replace(/^Tuesday, | 2431|\n/g, "")),
			["7 January, 17:30–20:00", "14 January, 19:00–21:30", "21 January, 17:30–20:00 Cancelled", "4 February, 17:30–20:00"]);

		// From the cancelled one on it is on Wednesdays, and goes on.
		await open("21 January");
		await page.click("text=Change this one and all later ones");
		await page.waitForURL(/\/from\/\d+$/);
		assert.equal(await page.inputValue("[name=times]"), "3", "so many are left");
		await page.fill("[name=start_date]", day(22));
		await page.uncheck("[name=days][value=TU]");
		await page.check("[name=days][value=WE]");
		await page.fill("[name=title]", "Repair evening");
		await tidy("this and later");
		await save(page);
		assert.deepEqual((await times(page)).map((t) => t.replace(/^Wednesday, | 2431|\n/g, "")), ["22 January, 17:30–20:00 Cancelled", "5 February, 17:30–20:00"]);
		const ics = await feed(slug);
		assert.equal(ics.match(/BEGIN:VEVENT/g).length, 4, "two series, what was moved, what was cancelled");
		assert.match(ics, /RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=24310121T162959Z/);
		assert.match(ics, /RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=3/);
		assert.match(ics, /RELATED-TO:[0-9a-f]{32}@guildhall/);
		assert.match(ics, /EXDATE;TZID=Europe\/Berlin:24310129T173000/);
		const visitor = await (await fetch(`${base}/events/${slug}?from=${Date.UTC(2431, 0, 1) / 1000}`)).text();
		assert.match(visitor, /Repair café[\s\S]*The hall[\s\S]*Repair evening[\s\S]*Cancelled/);
		await page.context().close();
	};
cases["deleted, and brought back; a draft is nobody's"] = async () => {
	const page = await signedIn("desktop");
	const status = async (path) => (await fetch(base + path)).status;
	const act = async (name) => {
		await page.goto(`${base}/events/admin/entries?q=evening`);
		await page.check("[name=key] >> nth=0");
		await page.click(`button:text-is("${name}")`);
	};
	await page.goto(`${base}/events/admin/entries?q=evening`);
	const where = await page.locator("tbody tr").first().innerText();
	const slug = /Yard (\w+)/.exec(where)[1], path = `/events/yard-${slug}/repair-evening`;
	assert.equal(await status(path), 200);
	await act("Make a draft");
	await page.waitForSelector("text=Made drafts");
	assert.equal(await status(path), 404);
	assert.doesNotMatch(await feed(`yard-${slug}`), /Repair evening/);
	await act("Publish");
	assert.equal(await status(path), 200);
	await act("Delete");
	assert.equal(await status(path), 404);
	await page.click('button:text-is("Undo")');
	await page.waitForSelector("text=Brought back");
	assert.equal(await status(path), 200);
	await page.context().close();
};
cases["two at once: the later one is told, and what they wrote stays"] = async () => {
	const one = await signedIn("desktop"), other = await signedIn("desktop");
	await one.goto(`${base}/events/admin/entries?q=caf`);
	await one.click("tbody a >> nth=0");
	await one.waitForSelector("[name=title]");
	await other.goto(one.url());
	await one.fill("[name=body]", "First.");
	await save(one);
	await other.fill("[name=body]", "Second.");
	await other.click("form.form >> text=Save");
	await other.waitForSelector("text=Somebody else has changed it meanwhile");
	assert.equal((await other.inputValue("[name=body]")).trim(), "Second.");
	await one.context().close();
	await other.context().close();
};
cases["whole days, a rule that was brought, a calendar that is members' alone"] = async () => {
	const page = await signedIn("phone");
	await page.goto(`${base}/events/admin/entries/new?calendar=yard-phone`);
	await page.fill("[name=title]", "Pressing weekend");
	await page.check("[name=all_day]");
	await page.fill("[name=start_date]", day(4));
	await page.fill("[name=end_date]", day(5));
	await page.selectOption("[name=how]", "yearly");
	await save(page);
	assert.match(await feed("yard-phone"), /DTSTART;VALUE=DATE:24310104\r\nDTEND;VALUE=DATE:24310106[\s\S]*RRULE:FREQ=YEARLY/);
	await page.goto(`${base}/events/admin/calendars?q=phone`);
	await page.click("tbody a >> nth=0");
	await page.waitForSelector("[name=visibility]");
	await page.selectOption("[name=visibility]", "members");
	await save(page);
	assert.equal((await fetch(`${base}/events/yard-phone`)).status, 404);
	await page.click("tbody a >> text=Yard phone");
	const before = await page.locator("h2 ~ p a").first().getAttribute("href");
	assert.equal((await fetch(before)).status, 200);
	await page.click("text=Give it another key");
	await page.waitForFunction((old) => ![...document.links].some((a) => a.href === old), before);
	assert.equal((await fetch(before)).status, 404);
	await page.context().close();
};
cases["what is wrong is said, and a calendar with events stays"] = async () => {
	const page = await signedIn("desktop");
	await page.goto(`${base}/events/admin/calendars/new`);
	await page.fill("[name=title]", "Yard");
	await page.fill("[name=slug]", "admin");
	await page.click("form.form >> text=Save");
	await page.waitForSelector(".wrong >> text=another address than");
	await page.fill("[name=slug]", "yard-desktop");
	await page.click("form.form >> text=Save");
	await page.waitForSelector(".wrong >> text=Another calendar has this address");
	await page.goto(`${base}/events/admin/calendars`);
	await page.check("[name=key] >> nth=0");
	await page.click('button:text-is("Delete")');
	await page.click('button:text-is("Delete") >> nth=0');
	await page.waitForSelector("text=still has events");
	await page.context().close();
};
cases["as many calendars as a site has, and one more"] = async () => {
	execFileSync("python3", ["-c", `import sqlite3, sys
c = sqlite3.connect(sys.argv[1], timeout=30)
n = c.execute("SELECT COUNT(*) FROM calendars").fetchone()[0]
for i in range(99 - n):
    c.execute("INSERT INTO calendars VALUES (?, ?, ?, '', 'UTC', '#3b6e5a', 'members', 'key', 0, 0)", (i + 1, f"more-{i}", f"More {i}"))
c.commit()`, join(data, "events.db")]);
	const agent = new Agent(base);
	await agent.signIn(ines);
	await agent.go("/events/auth/login");
	const make = async (title) => {
		const page = await agent.go("/events/admin/calendars/new");
		return agent.submit(page, { title }, [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes('name="slug"')));
	};
	assert.equal((await make("The hundredth")).status, 200);
	const refused = await make("One more");
	assert.equal(refused.status, 422);
	assert.match(refused.text, /A site has at most 100 calendars\./);
};
everyLook(cases, { chrome, base, email: ines.email, password, paths: ["/events/admin/entries", "/events/admin/entries/new", "/events/admin/calendars", "/events/admin/calendars/new"] });

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

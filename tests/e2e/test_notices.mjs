// SPDX-License-Identifier: Apache-2.0
// Notifications: what happened to a member, counted on every page while it is open, read and unread again, one at a time or all; letters about
// each, or about all that is new; bounds; other people's.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, clean, freePort, letter, letters, run, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-notices-"));
const password = "a loaf on every table";
const ines = { email: "ines@example.org", name: "Inês Marques", password, owner: true };
const tom = { email: "tom@example.org", name: "Tom Okafor", password };
for (const person of [ines, tom]) addPerson(data, person);
const port = await freePort();
const site = await serve({ data, port, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${port}`;
const as = async (who) => {
	const agent = new Agent(base);
	await agent.signIn(who);
	await agent.go("/account/auth/login");
	return agent;
};
/** Rows of a statement on the account's database. */
const sql = (statement, ...values) => JSON.parse(execFileSync("python3", ["-c",
	"import json,sqlite3,sys\nc=sqlite3.connect(sys.argv[1],timeout=30)\nr=c.execute(sys.argv[2],json.loads(sys.argv[3])).fetchall()\nc.commit()\nprint(json.dumps(r))",
	join(data, "account.db"), statement, JSON.stringify(values)], { encoding: "utf8" }));
const until = async (what, check) => {
	for (let i = 0; i < 300; i++) {
		if (await check()) return;
		await new Promise((r) => setTimeout(r, 100));
	}
	assert.fail(`never: ${what}`);
};
const rowsOf = () => sql("SELECT title, times, read_at IS NULL FROM inbox ORDER BY id DESC");
/** Has an archive made; tells when the notification about it is there. */
const archive = async (agent) => {
	const before = sql("SELECT COALESCE(MAX(id), 0) FROM inbox")[0][0];
	await agent.submit(await agent.go("/account/data"), {}, 0);
	await until("the notification", () => sql("SELECT COALESCE(MAX(id), 0) FROM inbox")[0][0] > before);
};
const form = (page, marker) => [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[1].includes(marker));
/** As text: such a number is larger than JavaScript counts. */
const person = () => sql("SELECT CAST(person_id AS TEXT) FROM inbox LIMIT 1")[0][0];
const chromium = await browser();

const cases = {};
cases["nothing yet: said so, no badge"] = async () => {
	const agent = await as(tom);
	assert.match((await agent.go("/account/inbox")).text, /Nothing has happened yet/);
	assert.match((await agent.go("/")).text, /<span class="count" data-count hidden>/);
	assert.equal((await new Agent(base).go("/account/inbox")).url.pathname, "/sign-in");
};
cases["counted on an open page while it happens, and gone once it was read there"] = async () => {
	const context = await chromium.newContext({ baseURL: base, viewport: { width: 1280, height: 800 } });
	const page = await context.newPage();
	await page.goto("/sign-in");
	await page.fill("input[name=email]", tom.email);
	await page.fill("input[name=password]", tom.password);
	await page.press("input[name=password]", "Enter");
	await page.goto("/");
	const badge = page.locator(".wide .bell .count");
	await badge.waitFor({ state: "visible" }); // this browser was not seen before
	assert.equal(await badge.textContent(), "1");
	const agent = await as(tom);
	await archive(agent);
	await page.waitForFunction(() => document.querySelector(".wide .bell .count").textContent === "2");
	// What happened between a page and its stream is told when the stream begins.
	const first = await page.evaluate((live) => new Promise((resolve) => {
		const stream = new EventSource(live);
		stream.addEventListener("unread", (event) => { stream.close(); resolve(event.data); });
	}), await page.getAttribute("[data-inbox]", "data-inbox"));
	assert.deepEqual(JSON.parse(first), { unread: 2 });
	// A kept page that is asked for now has it from the start.
	assert.match((await agent.go("/")).text, /<span class="count" data-count>2<\/span>/);
	await page.click(".wide .bell");
	await page.waitForURL("**/account/inbox");
	for (const width of [390, 1280]) {
		await page.setViewportSize({ width, height: 800 });
		await clean(page, `${width}`);
	}
	await page.click(".inbox a");
	await page.waitForURL("**/account/data");
	await page.waitForFunction(() => document.querySelector(".wide .bell .count").textContent === "1");
	await page.goto("/account/inbox");
	await page.click(".inbox .unread a");
	await page.waitForURL("**/identity/log");
	await page.locator(".wide .bell .count").waitFor({ state: "hidden" });
	await context.close();
};
cases["the same again is one, and counted; read, it begins anew"] = async () => {
	const agent = await as(tom);
	for (let i = 0; i < 2; i++) await archive(agent);
	assert.deepEqual(rowsOf(), [["Your archive is ready", 2, 1], ["New sign-in to your account", 1, 0]]);
	assert.match((await agent.go("/account/inbox")).text, /2 ×/);
};
cases["all are read at once, and taken back; another's are not there"] = async () => {
	const agent = await as(tom), other = await as(ines);
	let page = await agent.go("/account/inbox");
	const entry = page.text.match(/\/account\/inbox\/([0-9a-z]{13})/)[1];
	assert.equal((await other.go(`/account/inbox/${entry}`)).status, 404);
	assert.match((await other.go("/account/inbox")).text, /Nothing has happened yet/);
	page = await agent.submit(page, {}, form(page, "Mark all as read"));
	assert.match(page.text, /All were marked as read/);
	assert.equal(rowsOf()[0][2], 0);
	assert.match((await agent.go("/account/inbox?unread=1")).text, /Nothing new/);
	page = await agent.submit(page, {}, form(page, "Undo"));
	assert.equal(rowsOf()[0][2], 1);
	assert.equal((await agent.go("/account/inbox?before=nonsense")).status, 400);
};
cases["a letter about each, unless it is not wanted"] = async () => {
	const agent = await as(tom), about = /^Subject: Your archive is ready/m;
	const first = await letter(data, tom.email, about);
	assert.match(first.text, new RegExp(`${base}/account/data\\n`));
	assert.match(first.text, new RegExp(`${base}/account/notifications\\n`));
	let page = await agent.go("/account/notifications");
	page = await agent.submit(page, { topic: "account.security" }, form(page, "topic"));
	assert.doesNotMatch(page.text, /value="account.data" checked/);
	await until("its letters are sent", () => !sql("SELECT COUNT(*) FROM jobs")[0][0]);
	const before = letters(data, tom.email).filter((t) => about.test(t)).length;
	await archive(agent);
	await until("nothing is waiting", () => !sql("SELECT COUNT(*) FROM jobs")[0][0]);
	assert.equal(letters(data, tom.email).filter((t) => about.test(t)).length, before);
};
cases["a letter about all that is new, once, in the reader's language"] = async () => {
	const agent = await as(tom), about = /^Subject: .*neue Benachrichtigung/m;
	await agent.submit(await agent.go("/account/profile"), { locale: "de" }, form(await agent.go("/account/profile"), 'name="locale"'));
	let page = await agent.go("/account/inbox");
	page = await agent.submit(page, { every: "hourly" }, form(page, 'name="every"'));
	assert.equal(page.status, 422);
	page = await agent.submit(page, { every: "day" }, form(page, 'name="every"'));
	assert.match(page.text, /<option value="day" selected>/);
	const due = async () => {
		sql("UPDATE digests SET next_at = 1");
		sql("INSERT INTO jobs (kind, payload, priority, ready, run_at) VALUES ('account.digest', '{}', 0, 1, 0)");
		await until("its turn", () => sql("SELECT next_at FROM digests")[0][0] > 1 && !sql("SELECT COUNT(*) FROM jobs")[0][0]);
	};
	await due();
	assert.equal(letters(data, tom.email).filter((t) => about.test(t)).length, 0, "what was there before is not new");
	await archive(agent);
	await due();
	const found = await letter(data, tom.email, about);
	assert.match(found.text, /Dein Archiv ist fertig\n/);
	await due();
	assert.equal(letters(data, tom.email).filter((t) => about.test(t)).length, 1, "once");
	sql("WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 21) INSERT INTO inbox (id, person_id, topic, about, title, at) SELECT (SELECT MAX(id) FROM inbox) + i, (SELECT person_id FROM digests), 'account.data', 'k' || i, 'Nummer ' || i, 1795000000000000 FROM k");
	await due();
	const many = (await letter(data, tom.email, /^Subject: .*21 neue Benachrichtigungen/m)).text; // twenty-one: twenty are told, one is counted (DIGEST_LINES)
	assert.equal(many.match(/^Nummer /gm).length, 20);
	assert.match(many, /Und eine weitere/);
	page = await agent.go("/account/inbox");
	await agent.submit(page, { every: "" }, form(page, 'name="every"'));
	assert.equal(sql("SELECT COUNT(*) FROM digests")[0][0], 0);
	await agent.submit(await agent.go("/account/profile"), { locale: "en" }, form(await agent.go("/account/profile"), 'name="locale"'));
};
cases["many: thirty on a page, a thousand kept, the oldest go (INBOX_PAGE, INBOX_MOST, UNREAD_SHOWN)"] = async () => {
	const agent = await as(tom);
	const who = person();
	sql("DELETE FROM inbox");
	for (const [n, shown, older] of [[30, 30, false], [31, 30, true]]) {
		sql("DELETE FROM inbox");
		sql("WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < ?1) INSERT INTO inbox (id, person_id, topic, about, title, at) SELECT i, CAST(?2 AS INTEGER), 'account.data', 'k' || i, 'Number ' || i, i FROM k", n, who);
		const page = await agent.go("/account/inbox");
		assert.equal([...page.text.matchAll(/class="unread"/g)].length, shown);
		assert.equal(/rel="next"/.test(page.text), older);
		if (older) assert.match((await agent.go(Agent.unescape(page.text.match(/rel="next" href="([^"]+)"/)[1]))).text, /Number 1</);
	}
	sql("DELETE FROM inbox");
	sql("WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 1000) INSERT INTO inbox (id, person_id, topic, about, title, at) SELECT i, CAST(?1 AS INTEGER), 'account.data', 'k' || i, 'Number ' || i, i FROM k", who);
	await archive(agent);
	assert.equal(sql("SELECT COUNT(*) FROM inbox")[0][0], 1000);
	assert.equal(sql("SELECT MIN(id) FROM inbox")[0][0], 2);
	assert.match((await agent.go("/")).text, /data-count>99\+</);
};
cases["what is done to an account is among them, with a letter of its own"] = async () => {
	const agent = await as(ines);
	const page = await agent.go("/account/notifications");
	await agent.submit(page, { topic: "account.data" }, form(page, "topic"));
	await until("it", () => sql("SELECT COUNT(*) FROM inbox WHERE title = 'Security letters were turned off' AND written")[0][0] === 1);
	await letter(data, ines.email, /Subject: Security letters were turned off/);
	assert.equal(letters(data, ines.email).filter((t) => /turned off/.test(t.match(/^Subject: .*/m)[0])).length, 1);
};
await run(cases, async () => {
	await chromium.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

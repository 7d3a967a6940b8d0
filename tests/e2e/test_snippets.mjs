// SPDX-License-Identifier: Apache-2.0
// Snippets: blocks kept in the editor under a name, put in again by the slash menu, renamed, deleted and brought back; from a Ghost export and into one.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, clean, run, screens, serve } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "guildhall-snippets-")), data = join(folder, "site"), password = "seven grey herons by the weir";
const text = (t) => ({ type: "paragraph", version: 1, children: [{ type: "extended-text", text: t, version: 1, format: 0 }] });
const ghost = { db: [{ meta: { version: "5.80.0" }, data: { posts: [], snippets: [{ id: "641d1a2b3c4d5e6f70819203", name: "From Ghost", mobiledoc: "{}",
	lexical: JSON.stringify({ root: { type: "root", version: 1, children: [text("Brought along.")] } }), created_at: "2026-01-02T03:04:05.000Z" }] } }] };
writeFileSync(join(folder, "ghost.json"), JSON.stringify(ghost));
addPerson(data, { email: "olga@example.org", name: "Olga Owner", password, owner: true });
addPerson(data, { email: "mo@example.org", name: "Mo Member", password });
execFileSync(process.env.GUILDHALL, ["import", "ghost", join(folder, "ghost.json"), "--data", data], { stdio: "ignore" });
const site = await serve({ data, demo: false, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();

const as = async (screen, path) => {
	const page = await (await chrome.newContext(screens[screen])).newPage();
	await page.goto(base + path);
	await page.fill("[name=email]", "olga@example.org");
	await page.fill("[name=password]", password);
	await page.click('main form button[type="submit"]');
	await page.waitForURL((u) => u.pathname === path);
	return page;
};
const editor = async (screen) => {
	const page = await as(screen, "/write/new");
	await page.locator(".ProseMirror").waitFor();
	return page;
};
const names = () => desk.evaluate(async () => (await (await fetch("/write/snippets")).json()).snippets.map((s) => s.name));
const keep = (name, children) => desk.evaluate(async (body) => {
	const answer = await fetch("/write/snippets", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
	return [answer.status, (await answer.json()).detail];
}, { name, document: { root: { type: "root", version: 1, children } } });
const desk = await as("desktop", "/admin/snippets");

const cases = {};
for (const screen of ["phone", "desktop"])
	cases[`blocks are kept under a name, and put in again (${screen})`] = async () => {
		const page = await editor(screen), name = `Opening hours, ${screen}`;
		let asked = 0;
		page.on("dialog", (d) => (asked++, d.accept(name)));
		await page.locator(".ProseMirror").click();
		await page.keyboard.type("Friday, four to seven");
		await page.keyboard.press("Enter");
		await page.keyboard.type("Saturday, nine to one");
		await page.keyboard.press("Control+a");
		await page.click('button[aria-label="Keep as a snippet"]');
		await page.locator('.write-status:has-text("Kept")').waitFor();
		assert.equal(asked, 1);
		await page.click('button[aria-label="Keep as a snippet"]');
		await page.locator('.write-status:has-text("There is one of this name")').waitFor();
		await page.waitForURL(/\/write\/[0-9a-z]{13}/); // what is not saved yet would be brought along
		const fresh = await page.context().newPage();
		const listed = fresh.waitForResponse((a) => a.url().endsWith("/write/snippets"));
		await fresh.goto(`${base}/write/new`);
		await fresh.locator(".ProseMirror").click();
		await listed;
		await fresh.keyboard.type("/opening");
		await fresh.locator(`.write-menu [role=option]:has-text("${name}")`).waitFor();
		await clean(fresh, "the menu with a snippet");
		await fresh.keyboard.press("Enter");
		await fresh.locator('.ProseMirror p:has-text("Saturday, nine to one")').waitFor();
		await fresh.keyboard.type("!");
		assert.deepEqual(await fresh.locator(".ProseMirror p").allInnerTexts(), ["Friday, four to seven", "Saturday, nine to one!"]);
		await page.context().close();
	};
cases["what Ghost had is there, and goes out with an export"] = async () => {
	assert.ok((await names()).includes("From Ghost"));
	const put = await desk.evaluate(async () => {
		const { snippets } = await (await fetch("/write/snippets")).json();
		return (await fetch(`/write/snippets/${snippets.find((s) => s.name === "From Ghost").id}`)).json();
	});
	assert.equal(put.root.children[0].children[0].text, "Brought along.");
};
cases["one is renamed; not to a name that another one has"] = async () => {
	for (const screen of ["phone", "plain"]) {
		const page = screen === "plain" ? desk : await as(screen, "/admin/snippets");
		await page.goto(`${base}/admin/snippets?q=phone`);
		await page.goto(new URL(await page.locator("main tbody a").first().getAttribute("href"), base).href);
		await page.waitForURL(/[?&]id=/);
		await clean(page, "renaming one");
		await page.fill("[name=name]", "From Ghost");
		await page.click('main form:has([name=name]) button[type="submit"]');
		assert.match(await page.locator("main").innerText(), /There is one of this name/);
		await page.fill("[name=name]", `Hours, ${screen}, by phone`);
		await page.click('main form:has([name=name]) button[type="submit"]');
		await page.waitForURL(/saved=1/);
		await clean(page, "the list");
	}
	assert.deepEqual(await names(), ["From Ghost", "Hours, plain, by phone", "Opening hours, desktop"]);
};
cases["deleted it is offered no more, nor exported; an undo brings it back"] = async () => {
	const exported = (to) => {
		execFileSync(process.env.GUILDHALL, ["export", join(folder, to), "--data", data]);
		return JSON.parse(readFileSync(join(folder, to, "export.json"), "utf8")).db[0].data.snippets.map((s) => s.name).sort();
	};
	await desk.goto(`${base}/admin/snippets?q=ghost`);
	await desk.check("main tbody input[name=key]");
	await desk.click("button[value=delete]");
	assert.match(await desk.locator(".done").innerText(), /Deleted: 1/);
	assert.deepEqual(await names(), ["Hours, plain, by phone", "Opening hours, desktop"]);
	assert.deepEqual(exported("without"), ["Hours, plain, by phone", "Opening hours, desktop"]);
	await desk.click("text=Undo");
	assert.match(await desk.locator(".done").innerText(), /Brought back: 1/);
	assert.equal((await names()).length, 3);
	assert.deepEqual(exported("with"), ["From Ghost", "Hours, plain, by phone", "Opening hours, desktop"]);
};
cases["names and sizes at their limits, and one past them"] = async () => {
	assert.equal((await keep("n".repeat(100), [text("a")]))[0], 201);
	assert.equal((await keep("n".repeat(101), [text("a")]))[0], 422);
	assert.equal((await keep(" ", [text("a")]))[0], 422);
	assert.equal((await keep("Nothing", []))[0], 422);
	const most = (256 << 10) - JSON.stringify({ root: { type: "root", version: 1, children: [text("")] } }).length;
	const [status, why] = await keep("Too large", [text("x".repeat(most + 4096))]);
	assert.equal(status, 413, why);
	assert.equal((await keep("Large", [text("x".repeat(most - 4096))]))[0], 201);
	const more = 500 - (await names()).length;
	for (let i = 0; i < more; i += 20) assert.ok((await Promise.all(Array.from({ length: Math.min(20, more - i) }, (_, k) => keep(`One of many ${i + k}`, [text("a")])))).every(([s]) => s === 201));
	assert.equal((await names()).length, 500);
	assert.equal((await keep("One too many", [text("a")]))[0], 409);
};
cases["members have none of it"] = async () => {
	const mo = new Agent(base);
	await mo.signIn({ email: "mo@example.org", password });
	await mo.go("/auth/login?next=/");
	for (const path of ["/write/snippets", "/write/snippets/0000000000001", "/admin/snippets"]) assert.equal((await mo.go(path)).status, 403, path);
};

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(folder, { recursive: true, force: true });
});

// SPDX-License-Identifier: Apache-2.0
// Entries of a menu are put in order: by buttons, by keys, by dragging, and without scripts by their places.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addPerson, browser, clean, run, screens, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-menus-")), password = "seven grey herons by the weir";
addPerson(data, { email: "olga@example.org", name: "Olga Owner", password, owner: true });
const site = await serve({ data, demo: false, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();
const as = async (options) => {
	const page = await (await chrome.newContext(options)).newPage();
	await page.goto(`${base}/admin/menus`);
	await page.fill("[name=email]", "olga@example.org");
	await page.fill("[name=password]", password);
	await page.click('main form button[type="submit"]');
	await page.waitForURL((u) => u.pathname === "/admin/menus");
	return page;
};
const rows = (page) => page.locator("#primary .menu-row");
const labels = (page) => page.evaluate(() => [...document.querySelectorAll("#primary .menu-row")].map((r) => r.querySelector("input[name*=_label_]").value).filter(Boolean));
const shown = async () => [...(await (await fetch(`${base}/`)).text()).matchAll(/<a[^>]*href="\/(one|two|three)\/"/g)].map((m) => m[1]).slice(0, 3);
const save = async (page) => {
	await page.locator("#primary button[type=submit]").click();
	await page.waitForURL(/saved=primary/);
};
const plain = await as(screens.plain);
let desk;

const cases = {};
cases["without scripts, places are typed"] = async () => {
	for (const [i, [word, place]] of [["One", 30], ["Two", 10], ["Three", 20]].entries()) {
		await rows(plain).nth(i).locator("input[name*=_label_]").fill(word);
		await rows(plain).nth(i).locator("input[name*=_url_]").fill(`/${word.toLowerCase()}/`);
		await rows(plain).nth(i).locator("input[name*=_place_]").fill(String(place));
	}
	await save(plain);
	assert.deepEqual(await labels(plain), ["Two", "Three", "One"]);
	assert.deepEqual(await shown(), ["two", "three", "one"]);
};
cases["by buttons: the first can not go further up, and the focus goes along"] = async () => {
	desk = await as(screens.desktop);
	assert.equal(await rows(desk).first().locator("input[name*=_place_]").isVisible(), false);
	assert.ok(await rows(desk).first().locator("[data-move='-1']").isDisabled());
	await rows(desk).nth(0).locator("[data-move='1']").click();
	assert.deepEqual(await labels(desk), ["Three", "Two", "One"]);
	assert.equal(await desk.evaluate(() => document.activeElement.closest(".menu-row").querySelector("input[name*=_label_]").value), "Two");
	assert.match(await desk.locator("#primary [role=status]").last().innerText(), /Entry 2/);
	await save(desk);
	assert.deepEqual(await shown(), ["three", "two", "one"]);
};
cases["by keys"] = async () => {
	await rows(desk).nth(2).locator("input[name*=_label_]").focus();
	await desk.keyboard.press("Alt+ArrowUp");
	await desk.keyboard.press("Alt+ArrowUp");
	assert.deepEqual(await labels(desk), ["One", "Three", "Two"]);
	assert.equal(await desk.evaluate(() => document.activeElement.value), "One", "who types goes on typing");
	await save(desk);
	assert.deepEqual(await shown(), ["one", "three", "two"]);
};
cases["by dragging"] = async () => {
	const from = await rows(desk).nth(0).locator(".menu-handle").boundingBox(), to = await rows(desk).nth(2).boundingBox();
	await desk.mouse.move(from.x + 5, from.y + 8);
	await desk.mouse.down();
	await desk.mouse.move(to.x + 20, to.y + to.height / 2 + 4, { steps: 8 });
	await desk.mouse.move(to.x + 20, to.y + to.height - 6, { steps: 4 });
	await desk.mouse.up();
	assert.deepEqual(await labels(desk), ["Three", "Two", "One"]);
	await save(desk);
	assert.deepEqual(await shown(), ["three", "two", "one"]);
};
for (const screen of ["phone", "desktop"])
	for (const colorScheme of ["light", "dark"])
		cases[`on a ${screen}, ${colorScheme}: nothing wider than the screen, nothing for axe to find`] = async () => {
			const page = await as({ ...screens[screen], colorScheme });
			await page.locator(".menu-move").first().waitFor();
			await clean(page, `${screen} ${colorScheme}`);
			await page.context().close();
		};

await run(cases, async () => {
	await chrome.close();
	assert.equal(await site.stop(), 0);
	rmSync(data, { recursive: true, force: true });
});

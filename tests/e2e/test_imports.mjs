// SPDX-License-Identifier: Apache-2.0
// The buyer's Monday in a browser: a supplier's price list is brought, its columns are said once, what it would change is looked at row by row, some of it
// is applied and all of it taken back; the same list again changes nothing; a list that is too large is refused; on a phone and a desktop, also without scripts.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addPerson, browser, run, serve } from "./lib.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const data = mkdtempSync(join(tmpdir(), "guildhall-imports-")), password = "seven grey herons by the weir";
const site = await serve({ data, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();
const screens = { phone: { viewport: { width: 390, height: 844 }, isMobile: true }, desktop: { viewport: { width: 1280, height: 900 } }, plain: { viewport: { width: 390, height: 844 }, javaScriptEnabled: false } };
addPerson(data, { email: "olga@example.org", name: "Olga Owner", password, owner: true });

const clean = async (page, what) => {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => window.axe.run());
	assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 2)}`), [], what);
	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} fits its screen`);
};
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
const bring = async (page, name, text, supplier) => {
	await page.goto(`${base}/market/admin/imports`);
	await page.setInputFiles("[name=list]", { name, mimeType: "text/csv", buffer: Buffer.from(text) });
	if (supplier)
		await page.selectOption("[name=supplier]", { label: supplier });
	await page.click('button:has-text("Read the list")');
	await page.waitForURL(/\/admin\/imports\/[^/?]+$/);
};
// The page comes again by itself while something is done; without it, it is asked again.
const until = async (page, text) => {
	for (let i = 0; i < 5000 && !text.test(await main(page)); i++)
		await page.reload();
	assert.match(await main(page), text);
};
const catalogue = () => execFileSync(process.env.GUILDHALL, ["export", "products", "--data", data]).toString();
const act = (page, value) => page.click(`main button[value="${value}"]`);
const page = await as("desktop", "/market/admin/imports");
let before;

const cases = {};
cases["a list whose columns nobody knows: they are said once, and remembered for the supplier"] = async () => {
	await page.goto(`${base}/market/admin/suppliers/new`);
	await page.fill("[name=name]", "The weir mill");
	await page.click('main form.form button[type="submit"]');
	await page.waitForURL(/done=saved/);
	await bring(page, "monday.csv", "Artikel;Bezeichnung;Preis\nR1;Lupin meal;3,20\nW1;Kamut meal;2,40\nX1;Broken;much\n", "The weir mill");
	await until(page, /columns are not known yet/);
	await clean(page, "columns to be named");
	await act(page, "map");
	await page.waitForSelector("[role=alert]");
	for (const [label, value] of [["Artikel", "Variant SKU"], ["Bezeichnung", "Title"], ["Preis", "Variant Price"]])
		await page.getByLabel(label, { exact: true }).selectOption(value);
	await act(page, "map");
	await until(page, /Nothing has changed on the shelf yet/);
	assert.match(await main(page), /2 rows are ticked[\s\S]*Lupin meal[\s\S]*new[\s\S]*Kamut meal[\s\S]*"much"/);
	await clean(page, "a staged list");
	assert.ok(!catalogue().includes("Lupin meal"));
	before = catalogue();
};
cases["some rows are applied, and taken back exactly"] = async () => {
	await page.getByLabel("Kamut meal").uncheck();
	await act(page, "apply");
	await until(page, /One row was applied/);
	assert.ok(catalogue().includes("Lupin meal") && !catalogue().includes("Kamut meal"));
	await clean(page, "an applied list");
	await act(page, "undo");
	await until(page, /It was taken back/);
	assert.equal(catalogue(), before);
};
cases["what changes, what is missing, and the same list again"] = async () => {
	await bring(page, "tuesday.csv", "Artikel;Bezeichnung;Preis\nR1;Lupin meal;3,20\nW1;Kamut meal;2,40\n", "The weir mill");
	await until(page, /2 rows are ticked/);
	await act(page, "apply");
	await until(page, /2 rows were applied/);
	await bring(page, "again.csv", "Artikel;Bezeichnung;Preis\nR1;Lupin meal;3,20\nW1;Kamut meal;2,40\n", "The weir mill");
	await until(page, /nothing changed/);
	await bring(page, "wednesday.csv", "Artikel;Bezeichnung;Preis\nR1;Lupin meal;3,60\n", "The weir mill");
	await until(page, /One row is ticked/);
	assert.match(await main(page), /Lupin meal[\s\S]*changed[\s\S]*3\.20[\s\S]*3\.60[\s\S]*Kamut meal[\s\S]*missing/);
	await page.click('nav[aria-label="Kinds of rows"] a:has-text("Missing")');
	assert.ok(!/Lupin meal/.test(await main(page)));
	await act(page, "all");
	await page.waitForURL(/\/admin\/imports\/[^/?]+$/);
	assert.ok(!(await page.getByLabel("Kamut meal").isChecked()), "what is missing wants a tick of its own");
	await page.getByLabel("Kamut meal").check();
	await act(page, "apply");
	await until(page, /2 rows were applied/);
	assert.match(catalogue(), /Lupin meal.*3\.60/);
	assert.match(catalogue(), /Kamut meal.*archived/);
	await act(page, "undo");
	await until(page, /It was taken back/);
	assert.match(catalogue(), /Lupin meal.*3\.20/);
	assert.match(catalogue(), /Kamut meal.*active/);
};
cases["what somebody changed since stays as it is"] = async () => {
	await bring(page, "thursday.csv", "Artikel;Bezeichnung;Preis\nR1;Lupin meal;4,00\nW1;Kamut meal;3,00\n", "The weir mill");
	await until(page, /2 rows are ticked/);
	await act(page, "apply");
	await until(page, /2 rows were applied/);
	await page.goto(`${base}/market/admin/stock?q=Lupin`);
	const price = page.locator('li.grid-row form:has(button[value="price"])').first();
	await price.locator("[name=value]").fill("4.10");
	await price.locator("button").click();
	await page.waitForSelector(".grid-row .done");
	await page.goto(`${base}/market/admin/imports`);
	await page.click('a:has-text("thursday.csv")');
	await act(page, "undo");
	await until(page, /One product was changed since/);
	assert.match(catalogue(), /Lupin meal.*4\.10/);
	assert.match(catalogue(), /Kamut meal.*2\.40/);
};
cases["more rows than a page: ticks of the others stay"] = async () => {
	const lines = Array.from({ length: 120 }, (_, i) => `N${i};Thing ${i};1,00`);
	await bring(page, "many.csv", `Artikel;Bezeichnung;Preis\n${lines.join("\n")}\n`, "The weir mill");
	await until(page, /120 rows are ticked/);
	await page.getByLabel("Thing 7", { exact: true }).uncheck();
	await act(page, "tick");
	await page.waitForURL(/after=50/);
	await page.getByLabel("Thing 60", { exact: true }).uncheck();
	await act(page, "apply");
	await until(page, /118 rows were applied/);
	assert.ok(!/Thing 7,/.test(catalogue()) && !/Thing 60,/.test(catalogue()) && /Thing 61,/.test(catalogue()));
	await act(page, "undo");
	await until(page, /It was taken back/);
	assert.ok(!/Thing/.test(catalogue()));
};
for (const screen of ["phone", "plain"])
	cases[`a catalogue from Shopify (${screen})`] = async () => {
		const there = await as(screen, "/market/admin/imports");
		if (screen === "phone")
			await clean(there, "the list of imports");
		await bring(there, `${screen}.csv`, `Handle,Title,Vendor,Variant Price,Image Src\n${screen}-tea,Tea,The tea house,5.00,\n`);
		await until(there, /One row is ticked/);
		if (screen === "phone")
			await clean(there, "a staged list on a phone");
		await act(there, "apply");
		await until(there, /One row was applied/);
		await there.context().close();
	};
cases["a file that is none, and one that is too large"] = async () => {
	await bring(page, "broken.csv", 'Handle,Title,Variant Price\nx,"never closed,1\n');
	await until(page, /never closed/);
	await page.goto(`${base}/market/admin/imports`);
	await page.evaluate(() => {
		const files = new DataTransfer();
		files.items.add(new File([new Uint8Array((32 << 20) + 1)], "large.csv"));
		document.querySelector("[name=list]").files = files.files;
	});
	const [answer] = await Promise.all([page.waitForResponse((r) => r.request().method() === "POST"), page.click('button:has-text("Read the list")')]);
	assert.equal(answer.status(), 413);
	await page.waitForSelector("text=larger than we accept");
};

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

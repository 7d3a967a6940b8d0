// SPDX-License-Identifier: Apache-2.0
// The buyer's and the supplier's day in a browser: something new on the shelf with its variants and pictures, two keepers at once, many at once and back,
// a supplier made; and the supplier between deliveries: stock, a price, sold out, on a phone and without scripts, of their own things alone.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addPerson, browser, clean, run, screens, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-keeper-")), password = "seven grey herons by the weir";
const site = await serve({ data, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

addPerson(data, { email: "olga@example.org", name: "Olga Owner", password, owner: true });
addPerson(data, { email: "sam@example.org", name: "Sam Supplier", password });

const main = (page) => page.locator("main").innerText();
const as = async (email, screen, path) => {
	const page = await (await chrome.newContext(screens[screen])).newPage();
	await page.goto(base + path);
	await page.fill("[name=email]", email);
	await page.fill("[name=password]", password);
	await page.click('main form button[type="submit"]');
	await page.waitForURL((u) => u.pathname === path);
	return page;
};
const save = (page) => page.locator('main form.form button[type="submit"]').first().click();
const keeper = { desktop: await as("olga@example.org", "desktop", "/market/admin/products"), phone: await as("olga@example.org", "phone", "/market/admin/products") };
let product;

const cases = {};
cases["a supplier is made, and who may change what is theirs"] = async () => {
	const page = keeper.desktop;
	await page.goto(`${base}/admin/members`);
	await page.locator('a:has-text("Sam Supplier")').first().click();
	await page.waitForURL(/\/admin\/members\/./);
	await page.check('input[value="market.supplier"]');
	await page.locator('button[value="roles"]').click();
	await page.waitForSelector(".done");
	await page.goto(`${base}/market/admin/suppliers/new`);
	await page.fill("[name=name]", "The weir mill");
	await page.fill("[name=margin]", "12,5");
	await page.fill("[name=email]", "mill@example.org");
	await page.locator('fieldset:has-text("Who may change") p.check:has-text("Sam Supplier") input').check();
	await save(page);
	await page.waitForURL(/done=saved/);
	assert.equal(await page.inputValue("[name=margin]"), "12.5");
	assert.equal(await page.inputValue("[name=email]"), "mill@example.org");
	await clean(page, "a supplier");
	await page.goto(`${base}/market/admin/suppliers`);
	assert.match(await main(page), /The weir mill/);
	await clean(page, "the list of suppliers");
	await page.goto(`${base}/cart/admin/supplies`);
	assert.match(await main(page), /Nothing was ordered from a supplier yet/);
	await clean(page, "orders to suppliers");
};
for (const screen of ["desktop", "phone"])
	cases[`something new on the shelf, with a variant and pictures (${screen})`] = async () => {
		const page = keeper[screen], name = `Emmer flour, ${screen}`;
		await page.goto(`${base}/market/admin/products/new`);
		await clean(page, "a new product");
		await page.fill("[name=title]", name);
		await page.selectOption("[name=page]", { index: 1 });
		await page.selectOption("[name=supplier]", "The weir mill");
		await page.selectOption("[name=status]", "active");
		await page.fill("[name=body]", "<p>Stone ground.</p><script>alert(1)</script>");
		await page.fill("[name=price]", "4.50");
		await page.fill("[name=content]", "1000");
		await page.selectOption("[name=unit]", "g");
		await page.fill("[name=count]", "12");
		await page.fill("[name=gtin]", "4006381333932");
		await save(page);
		await page.waitForSelector("#w-gtin");
		assert.equal(await page.inputValue("[name=title]"), name, "what was typed is there");
		await page.fill("[name=gtin]", "4006381333931");
		await save(page);
		await page.waitForURL(/done=added/);
		product = new URL(page.url()).pathname;
		assert.equal(await page.inputValue("[name=body]"), "<p>Stone ground.</p>");
		await page.click('a:has-text("Another variant")');
		await clean(page, "another variant");
		await page.fill("[name=value1]", "Half");
		await page.fill("[name=price]", "2.40");
		await page.fill("[name=content]", "500");
		await page.selectOption("[name=unit]", "g");
		await page.selectOption("[name=stock]", "unlimited");
		await save(page);
		await page.waitForURL(/done=saved/);
		for (const [i, alt] of ["A sack", "A mill"].entries()) {
			await page.setInputFiles("[name=picture]", { name: "a.png", mimeType: "image/png", buffer: i ? Buffer.concat([png]) : png });
			await page.fill("#f-alt", alt);
			await page.click('button:has-text("Add the picture")');
			await page.waitForURL(/#pictures/);
		}
		assert.equal(await page.locator(".picture-row").count(), 1, "the same picture is there once");
		assert.equal(await page.inputValue(".picture-row [name=alt]"), "A mill");
		await clean(page, "a product");
		await page.click('a:has-text("See it on the shelf")').catch(async () => page.goto(`${base}/market`));
	};
cases["two keepers at once: the second is shown both, and decides"] = async () => {
	const one = keeper.desktop, two = keeper.phone;
	await one.goto(base + product);
	await two.goto(base + product);
	await one.fill("[name=title]", "Emmer flour, fine");
	await save(one);
	await one.waitForURL(/done=saved/);
	await two.fill("[name=title]", "Emmer flour, coarse");
	await save(two);
	await two.waitForSelector(".clashes");
	assert.match(await main(two), /Emmer flour, fine/);
	assert.equal(await two.inputValue("[name=title]"), "Emmer flour, coarse");
	await clean(two, "both texts");
	await save(two);
	await two.waitForURL(/done=saved/);
	assert.equal(await two.inputValue("[name=title]"), "Emmer flour, coarse");
};
cases["many at once, and back"] = async () => {
	const page = keeper.desktop;
	await page.goto(`${base}/market/admin/products?q=emmer`);
	await clean(page, "the list of products");
	for (const box of await page.locator('main input[name="key"]').all()) await box.check();
	await page.locator('button[name="do"][value="archive"]').click();
	await page.waitForURL(/done=archive/);
	assert.match(await main(page), /Put away/);
	await page.locator('form:has([name="keys"]) button').click();
	await page.waitForURL(/done=restore/);
	await page.goto(`${base}/market/admin/products?q=emmer&status=active`);
	assert.equal(await page.locator('main input[name="key"]').count(), 2);
	await page.goto(`${base}/market/admin/stock?q=emmer`);
	await clean(page, "stock and prices");
};
for (const screen of ["desktop", "phone"])
	cases[`a list without an allergen, which a keeper says in their own words (${screen})`] = async () => {
		const page = keeper[screen], name = `Nut paste, ${screen}`;
		await page.goto(`${base}/market/admin/products/new`);
		await page.fill("[name=title]", name);
		await page.selectOption("[name=page]", { index: 1 });
		await page.selectOption("[name=status]", "active");
		await page.fill("[name=may_contain]", "Haselnüsse");
		await page.fill("[name=price]", "4.50");
		await page.fill("[name=content]", "250");
		await page.selectOption("[name=unit]", "g");
		await page.fill("[name=count]", "12");
		const shelf = `${base}/market/${await page.inputValue("[name=page]")}/`;
		await save(page);
		await page.waitForURL(/done=added/);
		await page.goto(`${shelf}?without=nuts&sort=name`);
		assert.match(await main(page), /Emmer flour/);
		assert.doesNotMatch(await main(page), /Nut paste/);
		await clean(page, "a list without nuts");
		await page.click('a:has-text("Show everything")');
		await page.waitForURL((u) => !u.searchParams.has("without"));
		assert.match(await main(page), new RegExp(name));
		assert.equal((await page.goto(`${shelf}?without=nutz`)).status(), 404);
	};
for (const screen of ["phone", "plain"])
	cases[`the supplier between deliveries (${screen})`] = async () => {
		const page = await as("sam@example.org", screen, "/market/mine");
		const rows = page.locator(".grid-row");
		assert.equal(await rows.count(), 4, "their own alone");
		if (screen === "phone") await clean(page, "a supplier's own things");
		const row = page.locator('.grid-row:has-text("Emmer flour, coarse")').first(), id = await row.getAttribute("id");
		const cell = (what) => page.locator(`#${id} form:has(button[value="${what}"])`).first();
		const price = screen === "phone" ? "4.20" : "4.80";
		await cell("count").locator("[name=value]").fill("many");
		await cell("count").locator('button[value="count"]').click();
		await page.waitForSelector(`#${id} .problem`);
		assert.equal(await cell("count").locator("[name=value]").inputValue(), "many");
		await cell("price").locator("[name=value]").fill(price);
		await cell("price").locator('button[value="price"]').click();
		await page.waitForURL(/done=/);
		assert.equal(await cell("price").locator("[name=value]").inputValue(), price);
		await cell("count").locator("[name=value]").fill("7");
		await cell("count").locator('button[value="count"]').click();
		await page.waitForURL(/done=/);
		assert.equal(await cell("count").locator("[name=value]").inputValue(), "7");
		await cell("out").locator('button[value="out"]').click();
		await page.waitForFunction((at) => document.querySelector(`#${at} [name=value]`).value === "0", id).catch(() => page.reload());
		assert.equal(await cell("count").locator("[name=value]").inputValue(), "0");
		assert.equal((await page.goto(`${base}/market/admin/stock`)).status(), 403);
	};

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

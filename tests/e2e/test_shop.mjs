// SPDX-License-Identifier: Apache-2.0
// The shopper's day in a browser: from the shelf into the basket, signing in in the middle, paying with each test card, failing, trying again, changing
// one's mind; with scripts and without, on a phone and at a desk. And the host's: packing, cash, handing over, giving back.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addPerson, browser, clean, letter, main, run, screens, serve, sure } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-shop-")), password = "seven grey herons by the weir";
const site = await serve({ data, args: ["--set", "rate.enabled=no", "--set", "sumup.open=yes"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();
const fresh = async (screen = "desktop") => (await chrome.newContext(screens[screen])).newPage();

addPerson(data, { email: "mo@example.org", name: "Mo Member", password });
addPerson(data, { email: "olga@example.org", name: "Olga Owner", password, owner: true });


/** Products that can be had, as programs see them. */
const shelf = async () => {
	const pages = await (await fetch(`${base}/market`, { headers: { accept: "application/json" } })).json();
	const list = [];
	for (const p of pages.pages) {
		const found = await (await fetch(`${base}/market/${p.slug}/`, { headers: { accept: "application/json" } })).json();
		list.push(...found.products.filter((x) => x.available).map((x) => ({ page: p.slug, ...x })));
	}
	return list;
};
const things = await shelf();
const first = things[0], second = things.find((x) => x.page !== first.page) ?? things[1];

const into = async (page, thing) => {
	await page.goto(`${base}/market/${thing.page}/${thing.handle ?? thing.slug}`);
	await page.click('form[action$="/cart/add"] button[type=submit]');
	await page.waitForURL(/\/cart/);
};
const signIn = async (page, email) => {
	await page.fill("[name=email]", email);
	await page.fill("[name=password]", password);
	await page.click('main form button[type="submit"]');
};
const order = async (page, method = "card") => {
	await page.goto(`${base}/cart/checkout`);
	if (!(await page.inputValue("[name=name]"))) await page.fill("[name=name]", "Gus Guest");
	if (!(await page.inputValue("[name=email]"))) await page.fill("[name=email]", "gus@example.org");
	if (await page.locator("[name=slot]").count()) await page.selectOption("[name=slot]", { index: 0 });
	await page.selectOption("[name=method]", method);
	await page.click('main form button[type="submit"]');
};
const card = async (page, number) => {
	await page.waitForURL(/sumup-sim\/pay/);
	await page.fill("[name=card]", number);
	await page.click('main form button[type="submit"]');
};

const cases = {};
for (const screen of ["phone", "desktop", "plain"])
	cases[`a guest buys, fails, tries again, withdraws (${screen})`] = async () => {
		const page = await fresh(screen);
		await page.goto(`${base}/cart`);
		assert.match(await main(page), /nothing in it yet/);
		await into(page, first);
		assert.match(await main(page), /Together/);
		if (screen !== "plain") await clean(page, "the basket");
		await page.fill("[name=quantity]", "2");
		await page.click('.basket-number button');
		await page.waitForURL(/done=changed/);
		await order(page);
		if (screen !== "plain") await clean(page, "the provider's page");
		await card(page, "4000 0000 0000 0002");
		await page.waitForURL(/\/cart\/orders\//);
		assert.match(await main(page), /did not go through/);
		if (screen !== "plain") await clean(page, "an order that is not paid");
		await page.click('button[value=card]');
		await card(page, "4200 0000 0000 0042");
		await page.click('button[value=yes]');
		await page.waitForURL(/\/cart\/orders\//);
		await sure(page, /Confirmed/, "it is carried out");
		await page.click('a:has-text("Invoice")');
		assert.match(await main(page), /Invoice \d{4}-\d+/);
		if (screen !== "plain") await clean(page, "an invoice");
		await page.goBack();
		assert.match((await letter(data, "gus@example.org", /Your order/)).text, /paid and confirmed/);
	};
cases["a withdrawal takes two steps, is acknowledged, and the money comes back"] = async () => {
	const page = await fresh("phone");
	await page.goto(`${base}/market`);
	// What keeps may not be withdrawn from: bread does not, tools do.
	let taken = false;
	for (const thing of things.slice().reverse()) {
		await into(page, thing);
		await page.goto(`${base}/cart/checkout`);
		if (!/No withdrawal/.test(await main(page))) { taken = true; break; }
		await page.goto(`${base}/cart`);
		await page.click('.basket-out button');
	}
	assert.ok(taken, "something on the shelf can be withdrawn from");
	await order(page);
	await card(page, "4200 0000 0000 0091");
	await page.waitForURL(/\/cart\/orders\//);
	await sure(page, /Confirmed/);
	await page.click('a:has-text("Withdraw here")');
	await clean(page, "the form of a withdrawal");
	await page.fill('input[name^="line-"]', "1");
	await page.click('main form button[type="submit"]');
	await page.click('button[name=sure]');
	await page.waitForURL(/done=withdrawn/);
	assert.match(await main(page), /Your withdrawal has arrived/);
	await sure(page, /Given back/);
	assert.match((await letter(data, "gus@example.org", /Your withdrawal/)).text, /your withdrawal arrived at 20/);
};
cases["a basket is adopted when its owner signs in in the middle"] = async () => {
	const page = await fresh();
	await into(page, first);
	await page.goto(`${base}/cart/checkout`);
	await page.click('main a:has-text("sign in")');
	await signIn(page, "mo@example.org");
	await page.waitForURL(/\/cart\/checkout/);
	assert.equal(await page.inputValue("[name=email]"), "mo@example.org");
	await page.goto(`${base}/cart`);
	assert.match(await main(page), /Together/);
	await order(page, "cash");
	await page.waitForURL(/\/cart\/orders\//);
	await sure(page, /Confirmed/);
	await page.goto(`${base}/cart/orders`);
	assert.match(await main(page), /To be paid/);
	await clean(page, "a member's orders");
	await page.goto(`${base}/cart/ledger`);
	assert.match(await main(page), /supplier/);
	await clean(page, "the ledger");
};
cases["the host packs, takes cash, hands over; the treasurer gives back"] = async () => {
	const page = await fresh("phone");
	await page.goto(`${base}/cart/admin/pack`);
	await signIn(page, "olga@example.org");
	await page.waitForURL(/\/cart\/admin\/pack/);
	assert.match(await main(page), /Mo Member/);
	await clean(page, "the packing list");
	await page.goto(`${base}/cart/admin/orders`);
	await clean(page, "the list of orders");
	await page.click('main a:has-text("Mo Member"), main tr:has-text("Mo Member") a');
	await page.click('button[value=cash]');
	await page.waitForURL(/done=noted/);
	await page.click('button[value=handed_over]');
	await page.waitForURL(/done=noted/);
	assert.match(await main(page), /Collected/);
	await page.fill('.keeper input[name^="line-"]', "1");
	await page.click('button[value=give_back]');
	await page.waitForURL(/done=noted/);
	await sure(page, /Given back/);
};
cases["times of collection: made by the host, chosen by who buys, on the packing list"] = async () => {
	const host = await fresh(), page = await fresh("phone");
	await host.goto(`${base}/cart/admin/slots`);
	await signIn(host, "olga@example.org");
	await host.waitForURL(/\/cart\/admin\/slots/);
	await clean(host, "the times of collection");
	const form = 'form[action$="/cart/admin/slots"]:has([name=place])', day = new Date(Date.now() + 3 * 864e5).toISOString().slice(0, 10);
	// a time that can not be: it ends before it begins, on a day long gone, for nobody
	await host.fill(`${form} [name=place]`, "Old mill");
	await host.fill(`${form} [name=day]`, "2020-01-01");
	await host.fill(`${form} [name=from]`, "19:00");
	await host.fill(`${form} [name=to]`, "16:00");
	await host.click(`${form} button[type=submit]`);
	assert.match(await main(host), /It ends before it begins/);
	assert.match(await main(host), /A day from today on/);
	assert.equal(await host.inputValue(`${form} [name=place]`), "Old mill");
	await host.fill(`${form} [name=day]`, day);
	await host.fill(`${form} [name=to]`, "21:00");
	await host.click(`${form} button[type=submit]`);
	await host.waitForSelector("main table >> text=Old mill");
	await into(page, first);
	await page.goto(`${base}/cart/checkout`);
	await clean(page, "the checkout");
	await page.selectOption("[name=slot]", { index: 0 });
	await page.fill("[name=name]", "Gus Guest");
	await page.fill("[name=email]", "gus@example.org");
	await page.selectOption("[name=method]", "cash");
	await page.click('main form button[type="submit"]');
	await page.waitForURL(/\/cart\/orders\//);
	assert.match(await main(page), /Collection: Old mill, .*19:00–21:00/);
	await sure(page, /Confirmed/);
	await host.goto(`${base}/cart/admin/pack`);
	assert.match(await main(host), /Old mill, .*19:00–21:00/);
	await host.goto(`${base}/cart/admin/slots`);
	assert.match(await main(host), /1 of 20/);
	await host.goto(`${base}/cart/admin/vat`);
	assert.match(await main(host), /7 %/);
	await clean(host, "tax of a month");
	await host.goto(`${base}/cart/admin/statements`);
	await clean(host, "statements of a month");
	const pay = host.locator("main form button", { hasText: "paid to" }).first(), whose = await pay.textContent();
	await pay.click();
	await host.waitForSelector("text=It is in the books.");
	assert.ok(!(await main(host)).includes(whose.trim()), "what is paid is not asked for again");
	assert.match(await main(host), /paid €[0-9.]+, /);
	assert.match(await (await host.request.get(`${base}/cart/admin/statements.csv`)).text(), /^Month,Supplier,Product,/);
	await host.goto(`${base}/cart/admin/accounts`);
	// a key that is none: the public one
	await host.fill("[name=name]", "market/bakery");
	await host.fill("[name=merchant]", "M123");
	await host.fill("[name=key]", "sup_pk_abc");
	await host.click('main form button[type="submit"]');
	assert.match(await main(host), /That is the public key/);
	await clean(host, "payment accounts");
};
cases["a coupon: made by the treasurer, used once, gone from the next basket; what was paid out and given back"] = async () => {
	const keeper = await fresh(), page = await fresh("phone");
	await keeper.goto(`${base}/cart/admin/coupons`);
	await signIn(keeper, "olga@example.org");
	await keeper.waitForURL(/\/cart\/admin\/coupons/);
	await clean(keeper, "the coupons");
	const form = 'form[action$="/cart/admin/coupons"]:has([name=code])';
	// neither percent nor amount, too short a code, more than can be
	await keeper.fill(`${form} [name=code]`, "ab");
	await keeper.fill(`${form} [name=uses]`, "1");
	await keeper.click(`${form} button[type=submit]`);
	assert.match(await main(keeper), /Either so many percent or an amount/);
	assert.match(await main(keeper), /Three letters, digits and hyphens/);
	await keeper.fill(`${form} [name=code]`, "harvest10");
	await keeper.fill(`${form} [name=percent]`, "10");
	await keeper.click(`${form} button[type=submit]`);
	await keeper.waitForSelector("main table >> text=HARVEST10");
	await into(page, first);
	await page.goto(`${base}/cart`);
	await page.click("summary >> text=A coupon");
	await page.fill("[name=code]", "harvest11");
	await page.click("text=Use it");
	await page.waitForSelector("text=There is no coupon of that code");
	await clean(page, "a coupon that is none");
	await page.fill("[name=code]", "harvest10");
	await page.click("text=Use it");
	await page.waitForSelector("text=Coupon HARVEST10");
	await clean(page, "a basket with a coupon");
	await page.goto(`${base}/cart/auth/login?next=/cart`);
	await signIn(page, "mo@example.org");
	await page.waitForURL(/\/cart/);
	await page.waitForSelector("text=Coupon HARVEST10"); // it comes along
	await order(page, "cash");
	await page.waitForURL(/\/cart\/orders\//);
	assert.match(await main(page), /Coupon HARVEST10/);
	assert.match(await page.locator("header .count").first().textContent(), /^0$/, "what is ordered is in no basket any more");
	await into(page, first);
	await page.goto(`${base}/cart`);
	assert.doesNotMatch(await main(page), /HARVEST10/);
	await page.click("summary >> text=A coupon");
	await page.fill("[name=code]", "HARVEST10");
	await page.click("text=Use it");
	await page.waitForSelector("text=used up");
	for (const path of ["payouts", "refunds"]) {
		await keeper.goto(`${base}/cart/admin/${path}`);
		await clean(keeper, path);
	}
	await keeper.goto(`${base}/cart/admin/payouts`);
	await keeper.click("text=Ask now");
	await keeper.waitForSelector("text=is being asked");
};
cases["two browsers want the last one: one gets it, the other is told"] = async () => {
	const one = await fresh(), two = await fresh();
	const few = things.find((x) => x.left === 1 || x.stock === 1);
	if (!few) return;
	await into(one, few);
	await into(two, few);
	await order(one, "cash");
	await one.waitForURL(/\/cart\/orders\//);
	await order(two, "cash");
	assert.match(await main(two), /sold out/);
};

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

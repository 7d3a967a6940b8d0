// SPDX-License-Identifier: Apache-2.0
// Between ordering and collecting: a member takes something off an order, keeps the difference here, orders more beside it and pays from that; the host
// weighs what is sold by weight.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addPerson, browser, clean, letter, main, run, screens, serve, sure } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-collection-")), password = "seven grey herons by the weir";
const site = await serve({ data, args: ["--set", "rate.enabled=no", "--set", "sumup.open=yes"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();
const fresh = async (screen = "desktop") => (await chrome.newContext(screens[screen])).newPage();

addPerson(data, { email: "mo@example.org", name: "Mo Member", password });
addPerson(data, { email: "olga@example.org", name: "Olga Owner", password, owner: true });

const signIn = async (page, path, email) => {
	await page.goto(base + path);
	await page.fill("[name=email]", email);
	await page.fill("[name=password]", password);
	await page.click('main form button[type="submit"]');
	await page.waitForURL((url) => url.pathname.startsWith(path));
};
const into = async (page, path) => {
	await page.goto(`${base}/market/${path}`);
	await page.click('form[action$="/cart/add"] button[type=submit]');
	await page.waitForURL(/\/cart/);
};

const host = await fresh(), member = await fresh("phone");
let number, beside;

const cases = {};
cases["a time is offered, and pears are ordered for it"] = async () => {
	await signIn(host, "/cart/admin/slots", "olga@example.org");
	const form = 'form[action$="/cart/admin/slots"]:has([name=place])', day = new Date(Date.now() + 3 * 864e5).toISOString().slice(0, 10);
	await host.fill(`${form} [name=place]`, "Old mill");
	await host.fill(`${form} [name=day]`, day);
	await host.fill(`${form} [name=capacity]`, "1");
	await host.click(`${form} button[type=submit]`);
	await host.waitForSelector("main table >> text=Old mill");
	await signIn(member, "/cart/orders", "mo@example.org");
	await into(member, "orchard/butter-pears");
	await member.fill("[name=quantity]", "3");
	await member.click(".basket-number button");
	await member.waitForURL(/done=changed/);
	await member.goto(`${base}/cart/checkout`);
	assert.match(await main(member), /weighed when it is packed: you pay this at most/);
	await clean(member, "the checkout of what is weighed");
	await member.selectOption("[name=slot]", { index: 0 });
	await member.selectOption("[name=method]", "card");
	await member.click('main form button[type="submit"]');
	await member.waitForURL(/sumup-sim\/pay/);
	await member.fill("[name=card]", "4200 0000 0000 0091");
	await member.click('main form button[type="submit"]');
	await member.waitForURL(/\/cart\/orders\//);
	await sure(member, /Confirmed/);
	number = (await member.locator("h1").textContent()).replace("Order ", "").trim();
	// when and where, for the calendar: of the size that a calendar program reads
	const { text } = await letter(data, "mo@example.org", /paid and confirmed/);
	const [, base64] = /filename="collection\.ics"\n\n([A-Za-z0-9+/=\n]+)/.exec(text);
	const ics = Buffer.from(base64, "base64").toString();
	assert.match(ics, /BEGIN:VEVENT[^]*DTSTART:\d{8}T\d{6}Z[^]*LOCATION:Old mill[^]*END:VEVENT/);
	assert.ok(ics.includes(`Collect order ${number}`));
};
cases["one less: the difference stays here for the next order"] = async () => {
	await member.goto(`${base}/cart/orders/${number}`);
	await clean(member, "an order that can be changed");
	await member.click("text=Change it");
	await clean(member, "the change of an order");
	await member.click('main form button[type="submit"]');
	assert.match(await main(member), /Nothing is changed/);
	await member.fill('[name^="line-"]', "2");
	await member.selectOption("[name=via]", "balance");
	await member.click('main form button[type="submit"]');
	await member.waitForURL(/done=changed/);
	assert.match(await main(member), /taken off: 1/);
	await sure(member, /Given back/);
	assert.match((await letter(data, "mo@example.org", /has changed/)).text, /changed as you asked/);
};
cases["more beside it: collected together though the time is full, paid from what is here"] = async () => {
	await into(member, "orchard/butter-pears");
	await member.goto(`${base}/cart/checkout`);
	const times = await member.locator("[name=slot] option").allTextContents();
	assert.ok(times.some((t) => t.includes(`Together with order ${number}`)), "it may come with the order there is");
	assert.ok(!times.some((t) => t.startsWith("Old mill")), "the time itself is full");
	await member.selectOption("[name=slot]", `with-${number}`);
	await member.selectOption("[name=method]", "balance");
	await member.click('main form button[type="submit"]');
	await member.waitForURL(/\/cart\/orders\//);
	assert.match(await main(member), /Collection: Old mill/);
	await sure(member, /Confirmed/);
	beside = (await member.locator("h1").textContent()).replace("Order ", "").trim();
	assert.notEqual(beside, number);
	await host.goto(`${base}/cart/admin/slots`);
	assert.match(await main(host), /1 of 1/);
};
cases["the host weighs: what is missing is given back, and the order is closed for changes"] = async () => {
	await host.goto(`${base}/cart/admin/pack`);
	await clean(host, "the packing list");
	const entry = host.locator("section.pack", { hasText: number });
	await entry.locator("[name=grams]").fill("1900");
	await entry.locator("button[value=weigh]").click();
	await host.waitForURL(/admin\/pack/);
	assert.match(await entry.innerText(), /1900 g/);
	await member.goto(`${base}/cart/orders/${number}`);
	await sure(member, /weighed: 1900 g, -€0\.36/, "a twentieth of €7.20");
	assert.equal(await member.locator("text=Change it").count(), 0);
	await member.goto(`${base}/cart/orders/${number}/change`);
	assert.match(await main(member), /can not be changed any more/);
	await clean(member, "the change of an order that is closed");
	await member.goto(`${base}/cart/orders/${number}/invoice`);
	assert.match(await main(member), /Credit note/);
	await clean(member, "an invoice and its credit notes");
};
cases["a host gives back in cash what was paid by card"] = async () => {
	await host.goto(`${base}/cart/admin/orders/${beside}`);
	await host.fill('.keeper input[name^="line-"]', "1");
	await host.selectOption(".keeper [name=via]", "cash");
	await clean(host, "an order as its keeper sees it");
	await host.click("button[value=give_back]");
	await host.waitForURL(/done=noted/);
	await sure(host, /Given back/);
};

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

// SPDX-License-Identifier: Apache-2.0
// Posts for members and supporters, in a browser: who may reads all, who may not learns what it takes and comes back to the post.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addPerson, browser, letter, run, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-gates-")), password = "seven grey herons by the weir";
addPerson(data, { email: "owner@example.org", name: "Olga Owner", password, owner: true });
addPerson(data, { email: "member@example.org", name: "Mo Member", password });
const site = await serve({ data, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const members = `${base}/the-accounts-in-plain-words/`, supporters = `${base}/how-to-read-a-share-offer/`;
const chrome = await browser();

/** A page of a browser of its own. */
const fresh = async () => (await chrome.newContext({ viewport: { width: 390, height: 800 } })).newPage();
const gates = (page) => page.locator(".gate").count();
const signIn = async (page, email) => {
	await page.fill("[name=email]", email);
	await page.fill("[name=password]", password);
	await page.click('.form button[type="submit"]:not(.quiet-button)');
};

const cases = {};
cases["a visitor signs in at the gate and is back at the post"] = async () => {
	const page = await fresh();
	await page.goto(members);
	assert.equal(await gates(page), 1);
	const before = (await page.locator(".body").first().innerText()).length;
	await page.click(".gate a.button");
	await page.waitForURL(/\/sign-in\?/);
	await signIn(page, "member@example.org");
	await page.waitForURL(members);
	assert.equal(await gates(page), 0);
	assert.ok((await page.locator(".body").first().innerText()).length > before, "the rest is there");
};
cases["somebody new joins at the gate and is back at the post"] = async () => {
	const page = await fresh();
	await page.goto(members);
	await page.click(".gate a.button");
	await page.click("text=Sign up");
	await page.fill("[name=name]", "Nia New");
	await page.fill("[name=email]", "nia@example.org");
	await page.fill("[name=password]", password);
	await page.click('.form button[type="submit"]');
	const { text } = await letter(data, "nia@example.org", /http:\/\/localhost:\d+\/\S+/);
	await page.goto(/http:\/\/localhost:\d+\/sign-in\/link\S+|http:\/\/localhost:\d+\/\S*link\S+/.exec(text)[0]);
	const button = page.locator('.form button[type="submit"], form button[type="submit"]').first();
	if (page.url() !== members) await button.click();
	await page.waitForURL(members);
	assert.equal(await gates(page), 0);
};
cases["from signing up one comes back to signing in, and to the post"] = async () => {
	const page = await fresh();
	await page.goto(members);
	await page.click(".gate a.button");
	await page.click("text=Sign up");
	await page.click(".form-foot a");
	await signIn(page, "member@example.org");
	await page.waitForURL(members);
};
cases["a member learns what a supporters' post takes, and is not asked to sign in"] = async () => {
	const page = await fresh();
	await page.goto(supporters);
	await page.click(".gate a.button");
	await signIn(page, "member@example.org");
	await page.waitForURL(supporters);
	assert.equal(await gates(page), 1);
	assert.equal(await page.locator(".gate a").count(), 0);
	assert.match(await page.locator(".gate").innerText(), /supporter/);
};
cases["an owner reads all"] = async () => {
	const page = await fresh();
	await page.goto(supporters);
	await page.click(".gate a.button");
	await signIn(page, "owner@example.org");
	await page.waitForURL(supporters);
	assert.equal(await gates(page), 0);
	await page.goto(members);
	assert.equal(await gates(page), 0);
};
cases["a member who is made a supporter reads on"] = async () => {
	const owner = await fresh(), member = await fresh();
	await owner.goto(`${base}/sign-in?next=%2Fadmin%2Fmembers`);
	await signIn(owner, "owner@example.org");
	await owner.waitForURL(/\/admin\/members/);
	await owner.locator('a:has-text("Mo Member")').first().click();
	await owner.waitForURL(/\/admin\/members\/./);
	await owner.check('input[value="blog.supporter"]');
	await owner.locator('form:has(input[value="blog.supporter"]) button[type="submit"]').first().click();
	await owner.waitForSelector(".done");
	await member.goto(supporters);
	await member.click(".gate a.button");
	await signIn(member, "member@example.org");
	await member.waitForURL(supporters);
	assert.equal(await gates(member), 0);
};
cases["the sign-up buttons of posts lead to joining, and back"] = async () => {
	const page = await fresh();
	await page.goto(`${base}/subscribe/`);
	await page.waitForURL(/\/sign-in\?/);
	await signIn(page, "member@example.org");
	await page.waitForURL(`${base}/`);
};

await run(cases, async () => {
	await chrome.close();
	assert.equal(await site.stop(), 0);
	rmSync(data, { recursive: true, force: true });
});

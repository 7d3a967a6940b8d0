// SPDX-License-Identifier: Apache-2.0
// Somebody new with an empty site, in a browser: from the line that the program prints to a named site with a logo, a colour, menus, an imported
// blog, three people with roles, and posts read by each as they may. Nothing is done that the pages do not offer.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browser, clean, letter, run, screens, serve, totp } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-new-owner-")), password = "seven grey herons by the weir";
const began = Date.now();
const site = await serve({ data, demo: false, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();
const fresh = async (screen = "desktop") => (await chrome.newContext(screens[screen])).newPage();
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");


// An old blog: a post for all, one for members, one for supporters.
const posts = [["open", "public"], ["for-members", "members"], ["for-supporters", "paid"]].map(([slug, visibility], i) => ({ id: `5f0000000000000000000${100 + i}`, uuid: `00000000-0000-4000-8000-0000000001${10 + i}`,
	title: `The ${slug} one`, slug, html: `<p>Secret of ${slug}.</p>`, status: "published", visibility, type: "post", featured: 0, created_at: "2020-01-01T00:00:00.000Z", updated_at: "2020-01-01T00:00:00.000Z", published_at: `2020-01-0${1 + i}T00:00:00.000Z` }));
const file = join(data, "old-blog.json");
writeFileSync(file, JSON.stringify({ db: [{ meta: { exported_on: 1, version: "5.0.0" }, data: { posts, tags: [], users: [], posts_tags: [], settings: [{ id: "1", key: "title", value: "The old blog" }] } }] }));

let owner;
const people = { mo: { email: "mo@example.org", name: "Mo Member" }, sue: { email: "sue@example.org", name: "Sue Supporter" }, ed: { email: "ed@example.org", name: "Ed Editor" } };

const cases = {};
cases["the link that the program prints makes an owner, who finds the first steps"] = async () => {
	const link = site.log().match(/http:\/\/localhost:\d+\/sign-up\?owner=[\w-]+/)[0];
	owner = await fresh();
	await owner.goto(link);
	await owner.fill("[name=name]", "Olga Owner");
	await owner.fill("[name=email]", "olga@example.org");
	await owner.fill("[name=password]", password);
	await owner.click('main form button[type="submit"]');
	await owner.waitForURL((u) => !u.pathname.startsWith("/sign-up"));
	await owner.goto(`${base}/admin/`);
	assert.match(await owner.locator("main").innerText(), /First steps/);
	await clean(owner, "the overview");
};
cases["brings the old blog along, its name too"] = async () => {
	const told = execFileSync(process.env.GUILDHALL, ["import", "ghost", file, "--data", data], { encoding: "utf8" });
	assert.match(told, /3/);
	const visitor = await fresh();
	for (let i = 0; i < 100 && !(await visitor.content()).includes("for-supporters"); i++) await visitor.goto(base);
	assert.match(await visitor.content(), /for-supporters/);
	assert.match(await visitor.title(), /The old blog/);
};
cases["names the site, gives it a logo, a colour, a menu at its head and one at its foot"] = async () => {
	await owner.goto(`${base}/admin/`);
	await owner.click('main a:has-text("The site"), nav a:has-text("The site") >> visible=true');
	await owner.waitForURL(/\/admin\/site/);
	await owner.fill("[name=title]", "The Weir Bakery");
	await owner.fill("[name=description]", "Bread that four hundred people own.");
	await owner.setInputFiles("[name=logo]", { name: "logo.png", mimeType: "image/png", buffer: png });
	await owner.fill("[name=accent]", "#aa3311");
	await owner.click('main form button[type="submit"]');
	await owner.waitForSelector(".done");
	await owner.goto(`${base}/admin/menus`);
	for (const [menu, label, url] of [["primary", "Open", "/open/"], ["secondary", "Imprint", "/imprint/"]]) {
		await owner.fill(`[name=${menu}_label_1]`, label);
		await owner.fill(`[name=${menu}_url_1]`, url);
		await owner.click(`#${menu} button[type="submit"]`);
		await owner.waitForSelector(`#${menu} .done`);
	}
	const visitor = await fresh("phone");
	await visitor.goto(base);
	assert.match(await visitor.title(), /The Weir Bakery/);
	assert.ok(await visitor.locator(".hero img.logo").evaluate((i) => i.complete && i.naturalWidth > 0 && i.alt === "The Weir Bakery"), "the logo");
	assert.equal(await visitor.locator("footer a:has-text('Imprint')").count(), 1);
	await clean(visitor, "the front page");
};
cases["chooses who may have an account"] = async () => {
	await owner.goto(`${base}/admin/settings`);
	const choice = owner.locator('[name="sign_up"]');
	await choice.selectOption("invitation");
	await owner.locator('form:has([name="sign_up"]) button[type="submit"]').first().click();
	await owner.waitForSelector(".done");
	const visitor = await fresh("phone");
	await visitor.goto(`${base}/sign-up`);
	assert.equal(await visitor.locator("[name=password]").count(), 0, "by invitation only");
	await clean(visitor, "signing up by invitation");
};
cases["invites three, who join by their letters, and gives them roles"] = async () => {
	for (const p of Object.values(people)) {
		await owner.goto(`${base}/admin/invitations`);
		await owner.fill("main [name=email]", p.email);
		if (p === people.ed) await owner.selectOption("[name=role]", "editor");
		await owner.locator('form:has([name=email]) button[type="submit"]').first().click();
		await owner.waitForSelector(".done");
		const { text } = await letter(data, p.email, /sign-up\?invitation=/);
		p.page = await fresh("phone");
		await p.page.goto(text.match(/http:\/\/localhost:\d+\/sign-up\?invitation=[\w-]+/)[0]);
		await p.page.fill("[name=name]", p.name);
		await p.page.fill("[name=password]", password);
		await p.page.click('main form button[type="submit"]');
		await p.page.waitForURL((u) => !u.pathname.startsWith("/sign-up"));
	}
	await owner.goto(`${base}/admin/members`);
	await owner.locator('a:has-text("Sue Supporter")').first().click();
	await owner.waitForURL(/\/admin\/members\/./);
	await owner.check('input[value="blog.supporter"]');
	await owner.locator('button[value="roles"]').click();
	await owner.waitForSelector(".done");
	await clean(owner, "a member's page");
};
cases["each reads what they may"] = async () => {
	const visitor = await fresh("phone");
	for (const [page, may] of [[visitor, ["open"]], [people.mo.page, ["open", "for-members"]], [people.sue.page, ["open", "for-members", "for-supporters"]], [people.ed.page, ["open", "for-members", "for-supporters"]],
		[owner, ["open", "for-members", "for-supporters"]]])
		for (const { slug } of posts) {
			await page.goto(`${base}/${slug}/`);
			assert.equal((await page.locator("main").innerText()).includes(`Secret of ${slug}.`), may.includes(slug), slug);
			assert.equal(await page.locator(".gate").count(), may.includes(slug) ? 0 : 1, slug);
		}
	console.log(`from the first start to the last reader: ${Math.round((Date.now() - began) / 1000)} s`);
};
cases["recovery codes are copied and printed; without a script there is no button that does nothing"] = async () => {
	const { page } = people.mo;
	await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
	await page.goto(`${base}/identity/two-step`);
	await page.click('main form:has([name=step]) button[type="submit"]');
	await page.fill("[name=code]", totp(await page.locator(".code-shown").innerText()));
	await page.click('main form:has([name=code]) button[type="submit"]');
	await page.click("[data-copy]");
	await page.waitForSelector('[data-copy]:has-text("Copied")');
	const shown = await page.locator(".codes code").allInnerTexts();
	assert.equal(shown.length, 10);
	assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shown.join("\n"));
	await page.evaluate(() => (window.print = () => (document.title = "printed")));
	await page.click("[data-print]");
	assert.equal(await page.title(), "printed");
	await clean(page, "recovery codes");
	const still = await (await chrome.newContext({ ...screens.desktop, javaScriptEnabled: false })).newPage();
	await still.goto(base);
	assert.equal(await still.locator("[data-theme-toggle] >> visible=true").count(), 0);
	assert.ok((await owner.goto(base)) && (await owner.locator("[data-theme-toggle] >> visible=true").count()) > 0);
};
for (const screen of Object.keys(screens))
	cases[`the administration on a ${screen}: nothing for axe to find, nothing wider than the screen`] = async () => {
		await owner.setViewportSize(screens[screen].viewport);
		for (const path of ["/admin/", "/admin/site", "/admin/menus", "/admin/members", "/admin/invitations", "/admin/settings", "/admin/operations", "/admin/audit"]) {
			await owner.goto(base + path);
			await clean(owner, `${path} on a ${screen}`);
		}
	};

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

// SPDX-License-Identifier: Apache-2.0
// Products of the market in posts: chosen in the editor, shown live, put into the basket from there; a link for feeds, other programs and exports; a
// calm line when one is gone; a post is there whether the market is or not.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, clean, freePort, run, screens, serve } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "guildhall-goods-")), data = join(folder, "site"), password = "seven grey herons by the weir";
const port = await freePort();
let site = await serve({ data, port, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${port}`;
const chrome = await browser();
addPerson(data, { email: "olga@example.org", name: "Olga Owner", password, owner: true });

const json = async (path) => (await fetch(base + path, { headers: { accept: "application/json" } })).json();
const shelf = async () => {
	const list = [];
	for (const { slug } of (await json("/market")).pages)
		for (const p of (await json(`/market/${slug}/`)).products) list.push({ ...p, path: new URL(p.url, base).pathname });
	return list;
};
const things = await shelf();
const many = [];
for (const thing of things.filter((x) => x.available)) {
	const { variants } = await json(thing.path);
	many.push({ ...thing, count: variants.length });
	if (many.some((x) => x.count === 1) && many.some((x) => x.count > 1)) break;
}
const plain = many.find((x) => x.count === 1), chosen = many.find((x) => x.count > 1) ?? plain;

const writer = async (screen) => {
	const page = await (await chrome.newContext(screens[screen])).newPage();
	await page.goto(`${base}/write/new`);
	await page.fill("[name=email]", "olga@example.org");
	await page.fill("[name=password]", password);
	await page.click('main form button[type="submit"]');
	await page.waitForURL(/\/write\/new/);
	await page.locator(".ProseMirror").waitFor();
	return page;
};
const choose = async (page, name) => {
	const dialog = page.locator("dialog.write-library");
	await dialog.locator("input[type=search]").fill(name);
	await dialog.locator(`button:has(span:text-is("${name}"))`).click();
};
let desk, post, slug;

const cases = {};
for (const screen of ["phone", "desktop"])
	cases[`it is found and put into a text (${screen})`] = async () => {
		const page = await writer(screen);
		await page.fill(".write-title", `Bread of the week, ${screen}`);
		await page.locator(".ProseMirror").last().click();
		await page.keyboard.type("/market");
		await page.keyboard.press("Enter");
		const dialog = page.locator("dialog.write-library");
		await dialog.locator(".write-library-tiles button").first().waitFor();
		await dialog.locator("input[type=search]").fill("qqqqqq");
		await dialog.locator("text=Nothing fits").waitFor();
		await dialog.locator("input[type=search]").fill(plain.title);
		await dialog.locator(`button:has(span:text-is("${plain.title}"))`).waitFor();
		await clean(page, "choosing a product");
		await choose(page, plain.title);
		const card = page.locator(".write-card[data-type=market-product]");
		await card.locator(".product-card-price").waitFor();
		assert.ok(await card.locator(".write-card-shown").evaluate((el) => el.inert), "its form is not for here");
		await card.locator("text=Change").click();
		await card.locator("text=Choose another").click();
		await choose(page, chosen.title);
		await card.locator(`.product-card-name:has-text("${chosen.title}")`).waitFor();
		await clean(page, "the editor with a product");
		await page.locator(".ProseMirror").press("Control+End");
		await page.locator('.write-status[data-kind="good"]').waitFor();
		desk = page;
	};
cases["readers see it live, with its price, and put it into the basket with and without scripts"] = async () => {
	await desk.click('button[value="publish"]');
	await desk.waitForURL(/done=publish/);
	post = desk.url().split("?")[0];
	slug = (await desk.locator("[name=slug]").inputValue()) || (await desk.locator('a[href^="/"]:has-text("Bread of the week")').first().getAttribute("href"));
	slug = slug.replaceAll("/", "");
	for (const screen of ["phone", "desktop", "plain"]) {
		const page = await (await chrome.newContext(screens[screen])).newPage();
		await page.goto(`${base}/${slug}/`);
		const card = page.locator(".product-card");
		assert.equal(await card.count(), 1);
		assert.match(await card.innerText(), new RegExp(chosen.title));
		assert.match(await card.locator(".product-card-price").innerText(), /€/);
		if (screen !== "plain") await clean(page, "a post with a product");
		await card.locator("button").click();
		await page.waitForURL(/\/cart/);
		assert.match(await page.locator("main").innerText(), new RegExp(chosen.title));
		await page.context().close();
	}
	const page = await (await fetch(`${base}/${slug}/`)).text();
	assert.ok(!/name="csrf"/.test(page.match(/<div class="product-card">[\s\S]*?<\/form>/)[0]), "a page that is kept for everybody has nobody's token");
	assert.ok(!page.includes("<!--f:"));
};
cases["whose browser says nothing of where it was is asked once more, and then has it"] = async () => {
	const agent = new Agent(base), page = await agent.go(`/${slug}/`);
	const n = [...page.text.matchAll(/<form[^>]*method="post"[^>]*>/g)].findIndex(([tag]) => tag.includes("/cart/add"));
	const asked = await agent.submit(page, {}, n);
	assert.equal(asked.status, 403);
	const again = await agent.submit(asked);
	assert.match(again.text, new RegExp(chosen.title));
};
cases["feeds, other programs and exports have a link, and no part of the market's piece"] = async () => {
	const ghostKey = execFileSync(process.env.GUILDHALL, ["content-key", "--data", data]).toString().trim().split(/\s+/).at(-1);
	for (const path of ["/rss/", "/atom.xml", "/feed.json", `/ghost/api/content/posts/slug/${slug}/?key=${ghostKey}&formats=html,plaintext`]) {
		const text = await (await fetch(base + path)).text();
		assert.ok(text.includes(chosen.path), path);
		assert.ok(!/<!--f:|class=\\?"product-card|cart\/add/.test(text), path);
	}
	execFileSync(process.env.GUILDHALL, ["export", join(folder, "ghost"), "--data", data]);
	const rows = JSON.parse(readFileSync(join(folder, "ghost", "export.json"), "utf8")).db[0].data.posts;
	const card = JSON.parse(rows.find((p) => p.slug === slug).lexical).root.children.find((n) => n.type === "product");
	assert.equal(card.productTitle, chosen.title);
	assert.ok(card.productUrl.endsWith(chosen.path) && /^https?:/.test(card.productUrl), card.productUrl);
	assert.ok(!JSON.stringify(rows).includes("market-product"), "no card that Ghost does not know");
};
cases["what is taken off sale is a calm line, at once; back on sale it is there again"] = async () => {
	const all = async (what) => {
		await desk.goto(`${base}/market/admin/products?q=${encodeURIComponent(chosen.title)}`);
		await desk.locator(`tr:has(td :text-is("${chosen.title}")) input[name=key]`).first().check();
		await desk.click(`button[value="${what}"]`);
		await desk.locator(".done").waitFor();
	};
	const seen = async (words) => {
		for (let i = 0; ; i++) {
			const text = await (await fetch(`${base}/${slug}/`)).text();
			if (words.test(text)) return text;
			assert.ok(i < 100, `${words} does not come: ${text.slice(text.indexOf('class="body'), text.indexOf('class="body') + 600)}`);
			await new Promise((r) => setTimeout(r, 100));
		}
	};
	await all("draft");
	const gone = await seen(/This is not for sale any more/);
	assert.ok(!gone.includes("/cart/add"));
	await desk.goto(`${base}/${slug}/`);
	await clean(desk, "a post with a product that is gone");
	await all("publish");
	await seen(/class="product-card"/);
};
cases["as many as there may be are offered, and are live in one text; the others are links"] = async () => {
	const offered = await desk.evaluate(async () => (await (await fetch("/write/products?q=")).json()).products);
	assert.ok(things.length > 24);
	assert.equal(offered.length, 24);
	const node = { type: "market-product", version: 1, product: offered[0].id, title: offered[0].name, url: offered[0].url };
	await desk.goto(post);
	const url = await desk.evaluate(async (children) => {
		const body = JSON.stringify({ version: 0, title: "Many", document: { root: { type: "root", version: 1, children } } });
		return (await (await fetch("/write/new/draft?type=post", { method: "POST", headers: { "content-type": "application/json" }, body })).json()).url;
	}, Array(49).fill(node));
	const text = await desk.evaluate(async (at) => (await fetch(`${at}/preview`)).text(), url);
	assert.equal(text.split('class="product-card"').length - 1, 48);
	assert.equal(text.split('class="kg-card kg-market-product"').length - 1, 1);
};
cases["a site without a market, or whose market is away, shows the post"] = async () => {
	await site.stop();
	const only = ["--set", "rate.enabled=no", "--only", "blog,identity,account"];
	site = await serve({ data, port, demo: false, args: only });
	let page = await (await fetch(`${base}/${slug}/`)).text();
	assert.ok(page.includes(`href="${chosen.path}">${chosen.title.replaceAll("&", "&amp;")}</a>`), "without a market it is a link");
	await site.stop();
	site = await serve({ data, port, demo: false, args: [...only, "--set", `market.remote_url=http://127.0.0.1:${await freePort()}`] });
	const answer = await fetch(`${base}/${slug}/`);
	page = await answer.text();
	assert.equal(answer.status, 200);
	assert.ok(!page.includes("<!--f:") && /<\/html>\s*$/.test(page));
	const olga = new Agent(base);
	await olga.signIn({ email: "olga@example.org", password });
	await olga.go("/auth/login?next=/");
	assert.equal((await olga.go("/write/products?q=")).status, 502);
};

await run(cases, async () => {
	await chrome.close();
	await site.stop();
	rmSync(folder, { recursive: true, force: true });
});

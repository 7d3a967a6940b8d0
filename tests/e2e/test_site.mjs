// SPDX-License-Identifier: Apache-2.0
// The demonstration's site as a reader meets it: in a browser, at phone and desktop width, light and dark.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { browser, run, serve } from "./lib.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const site = await serve();
const chrome = await browser();
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const desktop = { viewport: { width: 1280, height: 900 } };

async function open(path, options = desktop) {
	const context = await chrome.newContext(options);
	const page = await context.newPage();
	const problems = [];
	page.on("console", (m) => m.type() === "error" && problems.push(m.text()));
	page.on("pageerror", (e) => problems.push(String(e)));
	const answer = await page.goto(site.url + path, { waitUntil: "load" });
	return { page, answer, problems, close: () => context.close() };
}

const firstPost = async () => {
	const { page, close } = await open("/");
	const path = new URL(await page.locator(".card h2 a").first().evaluate((a) => a.href)).pathname;
	await close();
	return path;
};

const cases = {};

for (const [name, options] of Object.entries({ phone, desktop })) {
	cases[`home on a ${name}: cards with pictures, nothing wider than the screen, no error in the console`] = async () => {
		const { page, answer, problems, close } = await open("/", options);
		assert.equal(answer.status(), 200);
		assert.ok((await page.locator(".card").count()) >= 5);
		const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		assert.ok(overflow <= 0, `${overflow} px too wide`);
		await page.evaluate(async () => {
			for (let y = 0; y < document.body.scrollHeight; y += 400) {
				scrollTo(0, y);
				await new Promise((r) => setTimeout(r, 30));
			}
		});
		await page.waitForLoadState("networkidle");
		const broken = await page.evaluate(() => [...document.images].filter((i) => !i.complete || !i.naturalWidth).map((i) => i.src));
		assert.deepEqual(broken, []);
		assert.deepEqual(problems, []);
		await close();
	};
	cases[`a post on a ${name}: one h1, text in its measure, nothing wider than the screen`] = async () => {
		const { page, problems, close } = await open(await firstPost(), options);
		assert.equal(await page.locator("h1").count(), 1);
		assert.ok((await page.locator(".body p").count()) >= 3);
		const width = await page.locator(".body > p").first().evaluate((p) => p.getBoundingClientRect().width);
		assert.ok(width <= 700, `${width} px`);
		assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
		assert.deepEqual(problems, []);
		await close();
	};
}

cases["the menu of a phone opens and leads on"] = async () => {
	const { page, close } = await open("/", phone);
	await page.locator(".menu summary").click();
	const link = page.locator(".menu .nav-list a", { hasText: "About" });
	await link.click();
	await page.waitForURL("**/about/");
	assert.equal(await page.locator("h1").count(), 1);
	await close();
};

cases["dark is remembered"] = async () => {
	const { page, close } = await open("/");
	const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	const light = await ground();
	await page.locator(".tools .wide [data-theme-toggle]").click();
	const dark = await ground();
	assert.notEqual(dark, light);
	await page.reload();
	assert.equal(await ground(), dark);
	await close();
};

cases["search finds a word that stands in a body alone, and says so when there is none"] = async () => {
	const { page, close } = await open(await firstPost());
	const words = (await page.locator(".body").innerText()).match(/\p{L}{9,}/gu);
	const title = await page.locator("h1").innerText();
	const word = words.find((w) => !title.toLowerCase().includes(w.toLowerCase()));
	await page.goto(`${site.url}/search/?q=${encodeURIComponent(word)}`);
	assert.ok((await page.locator(".results mark").count()) >= 1);
	assert.ok((await page.locator(".results h2").allInnerTexts()).some((t) => t === title), `${word} → ${title}`);
	await page.goto(`${site.url}/search/?q=zzqqxxyy`);
	assert.match(await page.locator("[role=status]").innerText(), /Nothing was found/);
	await page.goto(`${site.url}/search/?q=${encodeURIComponent('<b>"x')}`);
	assert.equal(await page.locator("input[type=search]").inputValue(), '<b>"x');
	await close();
};

cases["an address with a slip of the pen is answered 404 with the right suggestion"] = async () => {
	const path = await firstPost();
	const { page, answer, close } = await open(path.slice(0, -3) + "/");
	assert.equal(answer.status(), 404);
	const hrefs = await page.locator(".notice li a").evaluateAll((as) => as.map((a) => a.pathname));
	assert.ok(hrefs.includes(path), `${path} is not among ${hrefs}`);
	await close();
};

for (const theme of ["light", "dark"])
	cases[`axe finds nothing on home, post, archive, search and not-found (${theme})`] = async () => {
		for (const path of ["/", await firstPost(), "/archive/", "/tags/", "/search/?q=the", "/no-such-page/"]) {
			const { page, close } = await open(path, { ...desktop, colorScheme: theme });
			await page.evaluate(axe);
			const { violations } = await page.evaluate(() => window.axe.run());
			assert.deepEqual(violations.map((v) => `${path} ${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), []);
			await close();
		}
	};

cases["feeds are well-formed and hold the posts"] = async () => {
	const { page, close } = await open("/");
	for (const [path, item] of Object.entries({ "/rss/": "item", "/atom.xml": "entry", "/sitemap.xml": "url" })) {
		const text = await (await fetch(site.url + path)).text();
		const found = await page.evaluate(([xml, tag]) => {
			const doc = new DOMParser().parseFromString(xml, "application/xml");
			return { error: doc.querySelector("parsererror")?.textContent, items: doc.getElementsByTagName(tag).length };
		}, [text, item]);
		assert.equal(found.error, undefined, path);
		assert.ok(found.items >= 10, `${path}: ${found.items}`);
		assert.ok(!/(src|href)=(&quot;|")\//.test(text.replaceAll("&amp;", "&")), `${path} holds relative links`);
	}
	const feed = await (await fetch(site.url + "/feed.json")).json();
	assert.equal(feed.version, "https://jsonfeed.org/version/1.1");
	assert.ok(feed.items.length >= 10 && feed.items.every((i) => i.url.startsWith("http") && i.title));
	await close();
};

cases["structured data parses and names the post"] = async () => {
	const { page, close } = await open(await firstPost());
	const ld = JSON.parse(await page.locator('script[type="application/ld+json"]').textContent());
	assert.equal(ld["@type"], "Article");
	assert.equal(ld.headline, await page.locator("h1").innerText());
	assert.match(await page.locator('meta[property="og:image"]').getAttribute("content"), /^http/);
	await close();
};

cases["what is for members stays with members: page, feed and search"] = async () => {
	const { page, close } = await open("/");
	const gated = [];
	for (let n = 1; n < 5; n++) {
		await page.goto(n === 1 ? site.url : `${site.url}/page/${n}/`);
		gated.push(...(await page.locator(".card:has(.lock) h2 a").evaluateAll((as) => as.map((a) => a.pathname))));
	}
	assert.ok(gated.length >= 1, "the demonstration has a post for members");
	for (const path of gated) {
		await page.goto(site.url + path);
		assert.equal(await page.locator(".gate").count(), 1);
	}
	await close();
};

await run(cases, async () => {
	await chrome.close();
	const code = await site.stop();
	assert.equal(code, 0, site.log().split("\n").filter((l) => !l.startsWith("{")).slice(-60).join("\n"));
});

// SPDX-License-Identifier: Apache-2.0
// The demonstration's site as a reader meets it: in a browser, at phone and desktop width, light and dark.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addPerson, browser, clean, run, serve } from "./lib.mjs";

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

/** How much wider than the screen the page is. (A phone's innerWidth grows with the page: it can't say.) */
const tooWide = (page) => page.evaluate((width) => document.documentElement.scrollWidth - width, page.viewportSize().width);

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
		assert.equal(await tooWide(page), 0);
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
		assert.equal(await tooWide(page), 0);
		assert.deepEqual(problems, []);
		await close();
	};
}

cases["nothing is wider than the screen, whatever the words, the table, the code, the menu"] = async () => {
	const data = mkdtempSync(join(tmpdir(), "guildhall-wide-"));
	execFileSync(process.env.GUILDHALL, ["import", "ghost", new URL("../fixtures/ghost/ok-wide.json", import.meta.url).pathname, "--data", data], { stdio: ["ignore", "ignore", "pipe"] });
	const wide = await serve({ data, demo: false });
	try {
		for (const options of [phone, desktop]) {
			const context = await chrome.newContext(options);
			const page = await context.newPage();
			for (const path of ["/", "/wide/", "/words/", "/tag/bakery/", "/author/ada/", "/tags/", "/archive/", "/search/?q=short", "/wdie/"]) {
				await page.goto(wide.url + path);
				assert.equal(await tooWide(page), 0, `${path} at ${options.viewport.width}`);
			}
			await page.goto(`${wide.url}/wide/`);
			const table = page.locator(".kg-table");
			assert.ok(await table.evaluate((t) => t.scrollWidth > t.clientWidth), "the table scrolls");
			await table.focus();
			await page.keyboard.press("ArrowRight");
			for (let i = 0; i < 100 && !(await table.evaluate((t) => t.scrollLeft)); i++) await new Promise((r) => setTimeout(r, 50));
			assert.ok((await table.evaluate((t) => t.scrollLeft)) > 0, "by keyboard too");
			await context.close();
		}
	} finally {
		await wide.stop();
		rmSync(data, { recursive: true, force: true });
	}
};

cases["pictures keep their place: nothing moves while a page loads"] = async () => {
	for (const path of ["/", await firstPost(), "/about/"]) {
		const { page, close } = await open(path, phone);
		const moved = await page.evaluate(async () => {
			let sum = 0;
			new PerformanceObserver((list) => list.getEntries().forEach((e) => (sum += e.value))).observe({ type: "layout-shift", buffered: true });
			for (let y = 0; y < document.body.scrollHeight; y += 300) {
				scrollTo(0, y);
				await new Promise((r) => setTimeout(r, 40));
			}
			return sum;
		});
		assert.ok(moved < 0.02, `${path}: ${moved}`);
		await close();
	}
};

cases["by keyboard: past the menu to the content, and out of a menu with Escape"] = async () => {
	const { page, close } = await open("/");
	await page.keyboard.press("Tab");
	assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
	assert.ok(await page.locator(".skip").evaluate((a) => a.getBoundingClientRect().left >= 0), "it is seen");
	await page.keyboard.press("Enter");
	await page.keyboard.press("Tab");
	assert.ok(await page.evaluate(() => document.querySelector("main").contains(document.activeElement)));
	await page.keyboard.press("/");
	await page.waitForURL("**/search/");
	assert.equal(await page.evaluate(() => document.activeElement.name), "q");
	await close();
	const small = await open("/", phone);
	const menu = small.page.locator("details.menu");
	const isOpen = () => menu.evaluate((d) => d.open);
	await menu.locator("summary").focus();
	await small.page.keyboard.press("Enter");
	assert.ok(await isOpen());
	await small.page.keyboard.press("Tab");
	await small.page.keyboard.press("Escape");
	assert.equal(await isOpen(), false);
	assert.equal(await small.page.evaluate(() => document.activeElement.tagName), "SUMMARY");
	await menu.locator("summary").click();
	await small.page.mouse.click(195, 800);
	assert.equal(await isOpen(), false);
	await small.close();
};

cases["whoever is signed in sees which page of the account is open"] = async () => {
	addPerson(site.data, { email: "ada@example.org", name: "Ada", password: "a loaf on every table" });
	const { page, close } = await open("/sign-in");
	await page.fill("input[type=email]", "ada@example.org");
	await page.fill("input[type=password]", "a loaf on every table");
	await page.locator("input[type=password]").press("Enter");
	await page.waitForURL("**/account");
	for (const path of ["/account/addresses", "/identity/password"]) {
		await page.goto(site.url + path);
		assert.deepEqual(await page.locator(".tabs [aria-current=page]").evaluateAll((as) => as.map((a) => a.pathname)), [path]);
	}
	await close();
};

cases["on paper: black on white without menus, in dark too; without motion where none is wanted"] = async () => {
	const { page, close } = await open(await firstPost(), { ...desktop, colorScheme: "dark" });
	await page.locator(".tools .wide [data-theme-toggle]").click();
	await page.locator(".tools .wide [data-theme-toggle]").click(); // chosen dark, not the system's
	await page.emulateMedia({ media: "print" });
	const colour = (selector) => page.locator(selector).first().evaluate((x) => getComputedStyle(x).color);
	assert.equal(await colour("h1"), "rgb(0, 0, 0)");
	assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
	for (const part of [".top", ".foot", ".more"]) assert.equal(await page.locator(part).isVisible(), false, part);
	await page.emulateMedia({ media: "screen", reducedMotion: "reduce" });
	await page.goto(site.url);
	await page.locator(".card h2 a").first().hover();
	assert.equal(await page.locator(".card img").first().evaluate((i) => getComputedStyle(i).transform), "none");
	await close();
};

cases["the menu of a phone opens and leads on"] = async () => {
	const { page, close } = await open("/", phone);
	await page.locator(".menu summary").click();
	const link = page.locator(".menu .nav-list a", { hasText: "About" });
	await link.click();
	await page.waitForURL("**/about/");
	assert.equal(await page.locator("h1").count(), 1);
	await close();
};

cases["the site's name is never cut within a word: on a phone, with letters twice as large"] = async () => {
	for (const size of ["100%", "150%", "200%"]) {
		const { page, close } = await open("/", phone);
		await page.evaluate((s) => (document.documentElement.style.fontSize = s), size);
		const { words, wide } = await page.evaluate(() => {
			const node = [...document.querySelector(".brand").childNodes].find((n) => n.nodeType === 3 && n.data.trim());
			const range = document.createRange(), words = [];
			for (const m of node.data.matchAll(/[^\s-]+-?/g)) {
				range.setStart(node, m.index);
				range.setEnd(node, m.index + m[0].length);
				words.push([m[0], range.getClientRects().length]);
			}
			return { words, wide: document.documentElement.scrollWidth - innerWidth };
		});
		assert.ok(words.length >= 1 && words.every(([, lines]) => lines === 1), `${size}: ${JSON.stringify(words)}`);
		assert.ok(wide <= 0, `${size}: the page is ${wide} pixels too wide`);
		await close();
	}
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
	assert.ok((await page.locator(".results h3").allInnerTexts()).some((t) => t === title), `${word} → ${title}`);
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
			await clean(page, path);
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

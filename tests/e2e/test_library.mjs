// SPDX-License-Identifier: Apache-2.0
// The media library in a browser: several files brought at once with scripts and without, found, named, chosen in the editor with their alternative
// text, kept while they are used, deleted and brought back.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, clean, run, screens, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-library-")), password = "seven grey herons by the weir";
addPerson(data, { email: "olga@example.org", name: "Olga Owner", password, owner: true });
addPerson(data, { email: "mo@example.org", name: "Mo Member", password });
const site = await serve({ data, demo: false, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const chrome = await browser();
/** A picture of two pixels, another one for each n. */
const svg = (n) => ({ name: `herons ${n}.svg`, mimeType: "image/svg+xml", buffer: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><title>${n}</title><rect width="40" height="30" fill="#3b8a5c"/></svg>`) });
const broken = { name: "broken.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture at all") };
const as = async (email, options, path) => {
	const page = await (await chrome.newContext(options)).newPage();
	await page.goto(base + path);
	await page.fill("[name=email]", email);
	await page.fill("[name=password]", password);
	await page.click('main form button[type="submit"]');
	await page.waitForURL((u) => u.pathname === path);
	return page;
};
const desk = await as("olga@example.org", screens.desktop, "/admin/media");
const tiles = (page) => page.locator(".table-tiles tbody tr");
const alone = { name: "herons 2" };

const cases = {};
cases["several are brought at once, each with its progress; one that is broken is named, and keeps no other back"] = async () => {
	assert.match(await desk.locator("main").innerText(), /No file has been brought yet/);
	await desk.setInputFiles("#f-file", [svg(1), broken, svg(2)]);
	await desk.click("text=Add them");
	await desk.locator(".uploads .wrong").waitFor();
	assert.match(await desk.locator(".uploads .wrong").innerText(), /broken\.jpg: These could not be taken/);
	await desk.locator(".upload-form [type=submit]:enabled").waitFor();
	await desk.reload();
	assert.equal(await tiles(desk).count(), 2);
	await desk.setInputFiles("#f-file", [svg(3)]);
	await desk.click("text=Add them");
	await desk.waitForURL(/brought=1/);
	assert.equal(await tiles(desk).count(), 3);
};
cases["and without scripts, on a phone"] = async () => {
	const page = await as("olga@example.org", screens.plain, "/admin/media");
	await page.setInputFiles("#f-file", [svg(4), svg(5)]);
	await page.click("text=Add them");
	await page.waitForURL(/brought=2/);
	assert.equal(await tiles(page).count(), 5);
	await page.setInputFiles("#f-file", [svg(6), broken]);
	await page.click("text=Add them");
	assert.match(await page.locator(".problem").innerText(), /could not be taken.*broken\.jpg/);
	assert.equal(await tiles(page).count(), 6, "what was sound is there");
	await page.context().close();
};
cases["a file gets another name and its alternative text, by which it is found"] = async () => {
	await desk.goto(`${base}/admin/media`);
	await desk.click(`.table-tiles strong:text-is("${alone.name}.svg")`);
	await desk.waitForURL(/media\/[0-9a-z]{13}$/);
	alone.url = desk.url();
	await desk.fill("[name=name]", "Herons at dusk");
	await desk.fill("[name=alt]", "Seven grey herons by the weir");
	await desk.click("main form.form [type=submit]");
	await desk.waitForURL(/saved=1/);
	await desk.goto(`${base}/admin/media?q=by+the+weir&kind=image&shown=unused`);
	assert.deepEqual(await tiles(desk).locator("strong").allInnerTexts(), ["Herons at dusk"]);
	await desk.goto(`${base}/admin/media?kind=audio`);
	assert.match(await desk.locator("main").innerText(), /Nothing fits/);
	for (const [field, most] of [["name", -1], ["name", 200], ["alt", 500]]) {
		await desk.goto(alone.url);
		const answer = await desk.evaluate(async ([name, text]) => {
			const form = new URLSearchParams(new FormData(document.querySelector("main form.form")));
			form.set(name, text);
			return (await fetch(location.href, { method: "POST", body: form })).status;
		}, [field, "x".repeat(most + 1)]);
		assert.equal(answer, 422, field);
	}
};
cases["the editor chooses it from the library, with its alternative text; used, it is not deleted"] = async () => {
	await desk.goto(`${base}/write/new`);
	await desk.locator(".ProseMirror").first().waitFor();
	await desk.locator(".ProseMirror").last().click();
	await desk.keyboard.type("/library");
	await desk.keyboard.press("Enter");
	const dialog = desk.locator("dialog.write-library");
	await dialog.locator("input[type=search]").fill("dusk");
	await dialog.locator("button:has-text('Herons at dusk')").waitFor();
	await clean(desk, "the editor's library");
	await dialog.locator("button:has-text('Herons at dusk')").click();
	await desk.locator(".write-card img[alt='Seven grey herons by the weir']").waitFor();
	await desk.waitForURL(/\/write\/[0-9a-z]{13}/);
	for (let i = 0; ; i++) {
		await desk.goto(alone.url);
		if (/what is being written/.test(await desk.locator("main").innerText())) break;
		assert.ok(i < 100, "the draft is told where the file is used");
		await desk.waitForTimeout(100);
	}
	assert.equal(await desk.locator("main button[value=delete]").count(), 0);
	await desk.goto(`${base}/admin/media?shown=used`);
	assert.equal(await tiles(desk).count(), 1);
	await tiles(desk).locator("input[name=key]").check();
	await desk.click("button[value=delete]");
	assert.match(await desk.locator(".problem").innerText(), /What is used stays/);
};
cases["one that is used nowhere is deleted, and an undo brings it back"] = async () => {
	await desk.goto(`${base}/admin/media?q=herons+1`);
	await tiles(desk).locator("input[name=key]").check();
	await desk.click("button[value=delete]");
	assert.match(await desk.locator(".done").innerText(), /Deleted: 1/);
	await desk.goto(`${base}/admin/media?shown=deleted`);
	assert.equal(await tiles(desk).count(), 1);
	await desk.click(".table-tiles strong");
	await desk.click("text=Bring back");
	assert.match(await desk.locator(".done").innerText(), /Brought back: 1/);
	await desk.click("text=Undo");
	await desk.goto(`${base}/admin/media?q=herons+1`);
	assert.match(await desk.locator("main").innerText(), /Nothing fits/);
};
cases["members see nothing of it, and whoever writes chooses page by page"] = async () => {
	const mo = new Agent(base), olga = new Agent(base);
	await mo.signIn({ email: "mo@example.org", password });
	await mo.go("/auth/login?next=/");
	for (const path of ["/admin/media", new URL(alone.url).pathname, "/write/media"]) assert.equal((await mo.go(path)).status, 403, path);
	assert.equal((await new Agent(base).go("/admin/media")).url.pathname, "/sign-in");
	await desk.goto(`${base}/admin/media`);
	await desk.setInputFiles("#f-file", Array.from({ length: 21 }, (_, i) => svg(100 + i)));
	await desk.click("text=Add them");
	await desk.waitForURL(/brought=1/);
	await olga.signIn({ email: "olga@example.org", password });
	await olga.go("/auth/login?next=/");
	const first = JSON.parse((await olga.go("/write/media?kind=image")).text), rest = JSON.parse((await olga.go(`/write/media?kind=image&${first.next}`)).text);
	assert.deepEqual([first.files.length, rest.files.length, rest.next], [24, 2, undefined]);
	assert.equal(new Set([...first.files, ...rest.files].map((f) => f.src)).size, 26);
};
for (const screen of ["phone", "desktop"])
	for (const colorScheme of ["light", "dark"])
		cases[`on a ${screen}, ${colorScheme}: nothing wider than the screen, nothing for axe to find`] = async () => {
			const page = await as("olga@example.org", { ...screens[screen], colorScheme }, "/admin/media");
			for (const path of ["/admin/media", "/admin/media?shown=deleted", new URL(alone.url).pathname]) {
				await page.goto(base + path);
				await clean(page, path);
			}
			await page.context().close();
		};

await run(cases, async () => {
	await chrome.close();
	assert.equal(await site.stop(), 0);
	rmSync(data, { recursive: true, force: true });
});

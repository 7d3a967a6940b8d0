// SPDX-License-Identifier: Apache-2.0
// Pictures that a list names elsewhere: fetched in the background once the list was applied, shown from here; what can not be had is told with its reason on
// the list's page and can be asked for again; nothing inside a private network is fetched unless that is allowed.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addPerson, browser, clean, run, screens, serve } from "./lib.mjs";

const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const asked = {};
let broken = true;
const shop = createServer((req, res) => {
	asked[req.url] = (asked[req.url] ?? 0) + 1;
	if (req.url === "/rye.png") res.writeHead(200, { "content-type": "image/png" }).end(png);
	else if (req.url === "/moved.png") res.writeHead(302, { location: "/rye.png" }).end();
	else if (req.url === "/page.png") res.writeHead(200, { "content-type": "image/png" }).end("<html><body>no picture</body></html>");
	else if (req.url === "/large.png") res.writeHead(200, { "content-type": "image/png" }).end(Buffer.alloc((10 << 20) + 1, png));
	else if (req.url === "/busy.png" && broken) res.writeHead(503).end();
	else if (req.url === "/busy.png") res.writeHead(200, { "content-type": "image/png" }).end(png);
	else res.writeHead(404).end();
});
await new Promise((done) => shop.listen(0, "127.0.0.1", done));
const from = `http://127.0.0.1:${shop.address().port}`;
const password = "seven grey herons by the weir", folders = [], sites = [];
const chrome = await browser();
const open = async (args) => {
	const data = mkdtempSync(join(tmpdir(), "guildhall-pictures-"));
	folders.push(data);
	addPerson(data, { email: "olga@example.org", name: "Olga Owner", password, owner: true });
	const site = await serve({ data, demo: false, args: ["--set", "rate.enabled=no", ...args] });
	sites.push(site);
	return `http://localhost:${site.port}`;
};
const as = async (base, screen) => {
	const page = await (await chrome.newContext(screens[screen])).newPage();
	await page.goto(`${base}/market/admin/imports`);
	await page.fill("[name=email]", "olga@example.org");
	await page.fill("[name=password]", password);
	await page.click('main form button[type="submit"]');
	await page.waitForURL((u) => u.pathname === "/market/admin/imports");
	return page;
};
const until = async (page, text) => {
	for (let i = 0; i < 5000 && !text.test(await page.locator("main").innerText()); i++) await page.reload();
	assert.match(await page.locator("main").innerText(), text);
};
const bring = async (page, base, rows) => {
	await page.goto(`${base}/market/admin/imports`);
	await page.setInputFiles("[name=list]", { name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(["Handle,Title,Variant Price,Image Src,Image Alt Text", ...rows].join("\n")) });
	await page.click('button:has-text("Read the list")');
	await page.waitForURL(/\/admin\/imports\/[^/?]+$/);
	await until(page, /Nothing has changed on the shelf yet/);
	await page.click('main button[value="apply"]');
	await until(page, /rows? (was|were) applied/);
};
const picture = async (base, handle) => {
	const text = await (await fetch(`${base}/market/shop/${handle}`)).text();
	return text.match(/<img[^>]*src="([^"]+)"[^>]*alt="A [^"]*"/)?.[1] ?? "";
};
const base = await open(["--set", "outbound.allow_private=yes"]);
const desktop = await as(base, "desktop");

const cases = {};
cases["what was approved is fetched, and shown from here"] = async () => {
	await bring(desktop, base, [`rye,Rye,3.20,${from}/rye.png,A loaf`, `oats,Oats,2.00,${from}/moved.png,A sack`]);
	await until(desktop, /names 2 pictures elsewhere\. They are here/);
	await clean(desktop, "a list whose pictures are here");
	for (const handle of ["rye", "oats"]) {
		const src = await picture(base, handle);
		assert.match(src, /^\/market\/media\//);
		const answer = await fetch(base + src);
		assert.equal(answer.status, 200);
		assert.match(answer.headers.get("content-type"), /^image\//);
	}
	const n = asked["/rye.png"];
	await desktop.goto(`${base}/market/admin/imports`);
	await desktop.setInputFiles("[name=list]", { name: "again.csv", mimeType: "text/csv", buffer: Buffer.from(`Handle,Title,Variant Price,Image Src,Image Alt Text\nrye,Rye,3.20,${from}/rye.png,A loaf\n`) });
	await desktop.click('button:has-text("Read the list")');
	await until(desktop, /nothing changed/);
	assert.equal(asked["/rye.png"], n, "and fetched once");
};
cases["what can not be had: why, and once more when somebody says so"] = async () => {
	await bring(desktop, base, [`gone,Gone,1,${from}/gone.png,A thing`, `page,Page,1,${from}/page.png,A thing`, `large,Large,1,${from}/large.png,A thing`, `busy,Busy,1,${from}/busy.png,A thing`]);
	await until(desktop, /0 are here[\s\S]*There is no picture at this address[\s\S]*larger than 10 MB[\s\S]*no picture of a known kind/);
	assert.equal(await picture(base, "gone"), `${from}/gone.png`, "where it is");
	await clean(desktop, "pictures that did not come");
	for (let i = 0; i < 5000 && !asked["/busy.png"]; i++) await desktop.reload();
	broken = false;
	await desktop.click('main button[value="pictures"]');
	await until(desktop, /1 are here; what did not come/);
	assert.match(await picture(base, "busy"), /^\/market\/media\//);
};
cases["nothing inside a private network"] = async () => {
	const other = await open([]), page = await as(other, "phone"), before = asked["/rye.png"];
	await bring(page, other, [`rye,Rye,3.20,${from}/rye.png,A loaf`]);
	await until(page, /inside a private network/);
	await clean(page, "a refused picture (phone)");
	assert.equal(asked["/rye.png"], before);
};

await run(cases, async () => {
	await chrome.close();
	for (const site of sites) await site.stop();
	shop.close();
	for (const data of folders) rmSync(data, { recursive: true, force: true });
});

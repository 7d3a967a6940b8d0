// SPDX-License-Identifier: Apache-2.0
// Order cycles as a keeper makes them and as visitors see them: the form with its faults, what is saved comes back as it was written, what opens and
// closes by it, the bounds, and that nobody else gets in.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, run, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-cycles-")), password = "a loaf on every table";
const ines = { email: "ines@example.org", name: "Inês Marques", password, owner: true };
const tom = { email: "tom@example.org", name: "Tom Okafor", password };
addPerson(data, ines);
addPerson(data, tom);
const things = Array.from({ length: 501 }, (_, i) => `thing-${i}`);
writeFileSync(join(data, "in.csv"), ["Handle,Page,Title,Vendor,Variant SKU,Variant Price,Variant Unit,Variant Content",
	"loaf,shelf,A loaf,Mill,LOAF,4.00,g,1000", ...things.map((t) => `${t},shelf,${t},Smith,,1.00,piece,1`)].join("\n"));
execFileSync(process.env.GUILDHALL ?? "build/guildhall", ["import", "products", join(data, "in.csv"), "--data", data], { stdio: "pipe" });
const site = await serve({ data, demo: false, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const as = async (who) => {
	const agent = new Agent(base);
	await agent.signIn(who);
	await agent.go("/market/auth/login");
	return agent;
};
const wrongs = (page) => [...page.text.matchAll(/class="wrong"[^>]*>([^<]*)</g)].map((m) => Agent.unescape(m[1]));
const formOf = (page, marker) => [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes(marker));
const save = (agent, page, values) => agent.submit(page, values, formOf(page, 'name="goods"'));
const day = (n) => new Date(Date.now() + n * 86400e3).toISOString().slice(0, 10);
const now = { opens_date: day(-1), closes_date: day(2), delivers_date: day(3) };

/** A page as visitors see it, when it says so: kept ones follow what is saved within moments. */
const seen = async (path, says, not) => {
	let text = "";
	for (const end = Date.now() + 30e3; Date.now() < end; await new Promise((done) => setTimeout(done, 100))) {
		text = (await new Agent(base).go(path)).text;
		if (says.test(text) && !not?.test(text)) return;
	}
	assert.match(text, says);
	assert.doesNotMatch(text, not ?? /^never$/);
};

const cases = {};
cases["nobody but keepers"] = async () => {
	const agent = await as(tom);
	for (const path of ["/market/admin/cycles", "/market/admin/cycles/new"]) assert.equal((await agent.go(path)).status, 403, path);
	assert.match((await new Agent(base).go("/market/admin/cycles")).text, /name="password"/);
};

cases["what is wrong is said beside its field, with the line"] = async () => {
	const agent = await as(ines), page = await agent.go("/market/admin/cycles/new");
	assert.match(page.text, /name="opens_time"[^>]*value="18:00"|value="18:00"[^>]*name="opens_time"/);
	for (const [values, says] of [
		[{ title: " " }, /What is it called/],
		[{ opens_time: "25:00" }, /A time is written like/],
		[{ closes_date: day(-2) }, /It closes after it opens/],
		[{ delivers_date: day(1) }, /It is delivered after it closes/],
		[{ goods: "LOAF\nnothing" }, /Line 2: nothing for sale is called “nothing”/],
		[{ goods: "LOAF; dear" }, /Line 1: “dear” is no price/],
		[{ goods: "LOAF; 3.80; many" }, /Line 1: “many” is no number of things/],
		[{ goods: "LOAF; 3.80; 0" }, /“0” is no number of things/],
		[{ goods: things.join("\n") }, /A cycle has at most 500 things\./],
		[{ goods: "LOAF", supplier: "smith" }, /A cycle has at most 500 things\./],
	]) {
		const answer = await save(agent, page, { title: "Bread", ...now, ...values });
		assert.equal(answer.status, 422, `${says}`);
		assert.match(wrongs(answer).join(), says);
	}
};

cases["made, open, changed, closed, and taken away"] = async () => {
	const agent = await as(ines);
	await seen("/market/shelf/loaf", /A loaf/, /Order until/);
	let page = await save(agent, await agent.go("/market/admin/cycles/new"), { title: "Bread for Friday", ...now, goods: "LOAF; 3.80; 30\nthing-1" });
	assert.equal(page.url.pathname, "/market/admin/cycles");
	assert.match(page.text, /Bread for Friday/);
	const at = page.text.match(/\/market\/admin\/cycles\/(?!new)[\w-]+/)[0];
	page = await agent.go(at);
	const { fields } = Agent.form(page, formOf(page, 'name="goods"'));
	assert.match(fields.goods, /^\n?LOAF; 3\.80; 30\n\d+\n$/);
	assert.deepEqual([fields.opens_date, fields.opens_time, fields.delivers_date], [now.opens_date, "18:00", now.delivers_date]);

	await seen("/market/shelf/loaf", /3\.80[\s\S]*Price of this cycle[\s\S]*Order until/);
	await seen("/market/cycles", /Bread for Friday[\s\S]*Order until[\s\S]*A loaf/);
	await seen("/market/shelf/?sort=name", /A loaf[\s\S]*Order until/);

	page = await save(agent, page, { closes_date: day(-1), closes_time: "18:30" });
	assert.equal(page.url.pathname, "/market/admin/cycles");
	await seen("/market/shelf/loaf", /4\.00[\s\S]*Not to be ordered at the moment/, /Price of this cycle/);

	const rows = formOf(page, "drop"), key = page.text.match(/name="key" value="([^"]+)"/)[1];
	page = await agent.submit(page, { do: "drop", key }, rows);
	assert.match(page.text, /can then be ordered at any time/);
	page = await agent.go("/market/admin/cycles", { method: "POST", headers: { referer: `${base}/market/admin/cycles` }, body: new URLSearchParams({ ...Agent.form(page, formOf(page, "sure")).fields, do: "drop", key, sure: "1" }) });
	assert.doesNotMatch(page.text, /Bread for Friday/);
	await seen("/market/shelf/loaf", /A loaf/, /Order until|Not to be ordered/);
};

cases["many lines by their supplier, and the page of all without any"] = async () => {
	const agent = await as(ines);
	await seen("/market/cycles", /There is no cycle at the moment/);
	const page = await save(agent, await agent.go("/market/admin/cycles/new"), { title: "Mill", ...now, supplier: "mill" });
	assert.match(page.text, /Mill/);
	await seen("/market/cycles", /A loaf/, /thing-/);
};

cases["prices for members: set by a keeper, told to everybody, charged to members"] = async () => {
	const agent = await as(ines), visitor = new Agent(base);
	const set = (page, values) => agent.submit(page, values, formOf(page, 'name="price"'));
	assert.equal((await (await as(tom)).go("/market/admin/prices")).status, 403);
	let page = await agent.go("/market/admin/prices");
	assert.match(page.text, /Everybody pays the same/);
	for (const [values, says] of [[{ name: "nothing" }, /Nothing for sale is called that/], [{ name: "thing-7", price: "dear" }, /That is no price/]])
		assert.match(wrongs(await set(page, { list: "member", price: "1", ...values })).join(), says);
	page = await set(page, { name: "thing-7", list: "member", price: "0.80" });
	assert.match(page.text, /thing-7[\s\S]*Members[\s\S]*0\.80[\s\S]*1\.00/);
	await seen("/market/shelf/thing-7", /1\.00[\s\S]*0\.80 for members/);
	const basket = async (who) => {
		const shelf = await who.go("/market/shelf/thing-7");
		const asked = await who.submit(shelf, { item: shelf.text.match(/name="item"[^>]*value="(\d+)"/)[1], quantity: "1" }, formOf(shelf, 'name="item"'));
		// A kept page has no token: without a browser's word where it was sent from, the form comes back with one.
		return (await who.submit(asked, {}, formOf(asked, 'name="item"'))).text;
	};
	const member = await as(tom);
	await member.go("/cart/auth/login");
	assert.match(await basket(member), /0\.80[\s\S]*Price for members/);
	assert.doesNotMatch(await basket(visitor), /Price for members/);
	page = await agent.submit(page, { do: `drop:${page.text.match(/name="key" value="([^"]+)"/)[1]}` }, formOf(page, 'name="key"'));
	assert.match(page.text, /Everybody pays the same/);
	await seen("/market/shelf/thing-7", /1\.00/, /for members/);
};

await run(cases, async () => {
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

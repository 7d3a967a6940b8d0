// SPDX-License-Identifier: Apache-2.0
// One search: each service finds what the person who asks may see; kinds are shown beside each other, or one with its pages.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, freePort, run, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-search-"));
const password = "a loaf on every table";
const ines = { email: "ines@example.org", name: "Inês Millrace", password, owner: true };
const tom = { email: "tom@example.org", name: "Tom Millrace", password };
addPerson(data, ines);
addPerson(data, tom);
const port = await freePort(), base = `http://localhost:${port}`;
const site = await serve({ data, port, args: ["--set", "rate.enabled=no"] });
const as = async (who) => {
	const agent = new Agent(base);
	await agent.signIn(who);
	await agent.go("/auth/login");
	return agent;
};
const titles = (page) => [...page.text.matchAll(/<h3><a href="([^"]*)">([\s\S]*?)<\/a>/g)].map((m) => m[2].replace(/<[^>]*>/g, "").trim());

const cases = {};
cases["a visitor and a member find what is public, marked; people are for administrators"] = async () => {
	const visitor = new Agent(base), member = await as(tom), owner = await as(ines);
	for (const agent of [visitor, member]) {
		const page = await agent.go("/search/?q=millrace");
		assert.equal(page.status, 200);
		assert.ok(titles(page).length > 0);
		assert.match(page.text, /<mark>Millrace<\/mark>/i);
		assert.ok(!titles(page).includes("Tom Millrace"));
		assert.doesNotMatch(page.text, /tom@example\.org/);
		assert.match((await agent.go("/search/?q=tom%20millrace&in=identity.people")).text, /Nothing was found/);
	}
	const page = await owner.go("/search/?q=millrace");
	assert.match(page.text, /Posts and pages[\s\S]*People <span class="quiet">2</);
	assert.ok(titles(page).includes("Tom Millrace"));
	const people = await owner.go("/search/?q=tom&in=identity.people");
	assert.deepEqual(titles(people), ["Tom Millrace"]);
	assert.match(people.text, /href="\/admin\/members\/[0-9a-z]{13}"/);
};
cases["a kind has pages; a word of none, too many words and nothing at all are told"] = async () => {
	const agent = new Agent(base);
	const first = await agent.go("/search/?q=the&in=blog.posts"), next = Agent.unescape(first.text.match(/rel="next" href="([^"]*)"/)[1]);
	const second = await agent.go(next);
	assert.equal(titles(first).length, 15);
	assert.ok(titles(second).length > 0 && !titles(second).includes(titles(first)[0]));
	assert.match((await agent.go("/search/?q=the&in=blog.posts&page=900")).text, /Nothing was found/);
	assert.match((await agent.go("/search/?q=zzqqxx")).text, /Nothing was found for “zzqqxx”/);
	assert.match((await agent.go("/search/?q=one%20two%20three%20four%20five%20six%20seven%20eight%20nine")).text, /Only the first words/);
	assert.doesNotMatch((await agent.go("/search/")).text, /Nothing was found/);
	assert.equal((await agent.go("/search/?q=the&in=nobody.nothing")).status, 200);
	for (const odd of ["%00", "%ff", "'%20OR%201", "%22*", "%3Cb%3E"]) assert.equal((await agent.go(`/search/?q=${odd}`)).status, 200, odd);
};
cases["a part that is broken leaves the others found, and is told"] = async () => {
	const sql = (text) => execFileSync("python3", ["-c", "import sqlite3,sys;db=sqlite3.connect(sys.argv[1],timeout=10);db.executescript(sys.argv[2]);db.commit()", join(data, "identity.db"), text]);
	const owner = await as(ines);
	sql("ALTER TABLE people RENAME TO people_away");
	try {
		const page = await new Agent(base).go("/search/?q=millrace");
		assert.ok(titles(page).length > 0);
		assert.doesNotMatch(page.text, /does not answer/, "nothing was asked of it for a visitor");
		const asked = await owner.go("/search/?q=millrace");
		if (asked.status === 200) assert.match(asked.text, /does not answer just now/);
	} finally {
		sql("ALTER TABLE people_away RENAME TO people");
	}
	assert.ok(titles(await owner.go("/search/?q=millrace")).includes("Tom Millrace"));
};

await run(cases, async () => {
	assert.equal(await site.stop(), 0);
	rmSync(data, { recursive: true, force: true });
});

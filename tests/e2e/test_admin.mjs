// SPDX-License-Identifier: Apache-2.0
// Members as administrators look after them: found, approved, suspended, given roles, invited; with the guards that keep a site
// in somebody's hands.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, freePort, run, serve, totp, letters as lettersOf } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-admin-"));
const password = "a loaf on every table";
const people = { ines: { email: "ines@example.org", name: "Inês Marques", password, owner: true }, ada: { email: "ada@example.org", name: "Ada Lindqvist", password, admin: true },
	tom: { email: "tom@example.org", name: "Tom Okafor", password }, eve: { email: "eve@example.org", name: "Eve % Stone", password } };
for (const p of Object.values(people)) addPerson(data, p);
const port = await freePort();
const site = await serve({ data, port, demo: false, args: ["--set", "rate.enabled=no", "--set", "identity.sign_up=approval"] });
const base = `http://localhost:${port}`;
const as = async (who) => {
	const agent = new Agent(base);
	await agent.signIn(who);
	return agent;
};
const signedIn = async (agent) => (await agent.fetch("/identity")).status === 200;
const idOf = (page, name) => page.text.match(new RegExp(`value="([0-9a-z]{13})"><span class="visually-hidden">Choose ${name}`))[1];
const formOf = (page, marker) => [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[1].includes(marker));
const letters = (to) => lettersOf(data, to);
const letter = async (to, pattern) => {
	for (let i = 0; i < 100; i++) {
		const found = letters(to).map((t) => t.match(pattern)).find(Boolean);
		if (found) return found;
		await new Promise((r) => setTimeout(r, 100));
	}
	throw new Error(`no such letter to ${to}`);
};

const cases = {};
cases["administration is for administrators"] = async () => {
	const tom = await as(people.tom);
	for (const path of ["/admin/members", "/admin/members.csv", "/admin/invitations", "/admin/audit"]) {
		assert.equal((await tom.fetch(path)).status, 403, path);
		assert.equal((await new Agent(base).go(path)).url.pathname, "/sign-in", path);
	}
	assert.equal((await (await as(people.ada)).fetch("/admin/members")).status, 200);
};
cases["members are found by name, address and handle; wildcards are letters"] = async () => {
	const ines = await as(people.ines);
	for (const [q, hits] of [["lindq", ["Ada"]], ["TOM@", ["Tom"]], ["eve_", ["Eve"]], ["%25", ["Eve"]], ["_", ["Inês", "Ada", "Tom", "Eve"]], ["nobody", []]]) {
		const page = await ines.go(`/admin/members?q=${q}`);
		for (const p of Object.values(people)) {
			const first = p.name.split(" ")[0];
			assert.equal(page.text.includes(`Choose ${p.name}`), hits.includes(first), `${q}: ${first}`);
		}
	}
	const csv = await ines.fetch("/admin/members.csv");
	assert.match(csv.headers.get("content-type"), /csv/);
	assert.match(await csv.text(), /"Tom Okafor","tom@example.org"/);
};
const register = async (path, body, type = "application/json") => {
	const answer = await fetch(base + path, { method: "POST", headers: { "content-type": type }, body });
	return { status: answer.status, ...(await answer.json()) };
};
const app = (name, more = {}) => register("/oauth/register", JSON.stringify({ client_name: name, redirect_uris: ["https://bread.example.org/cb", "https://bread.example.org/other", "https://oven.example.org/cb"], grant_types: ["authorization_code", "client_credentials"], ...more }));
cases["applications that registered themselves are an owner's to see, to find and to remove, with all that they were given"] = async () => {
	const ines = await as(people.ines), ada = await as(people.ada);
	const bread = await app("Bread Diary"), seed = await app("Seed <i>Swap</i> 50%"), tusk = await register("/api/v1/apps", new URLSearchParams({ client_name: "Tusk", redirect_uris: "urn:ietf:wg:oauth:2.0:oob" }), "application/x-www-form-urlencoded");
	for (const [agent, status] of [[ada, 403], [await as(people.tom), 403], [ines, 200]]) assert.equal((await agent.fetch("/admin/applications")).status, status);
	assert.equal((await new Agent(base).go("/admin/applications")).url.pathname, "/sign-in");
	assert.doesNotMatch((await ada.go("/admin/members")).text, /admin\/applications/);
	let page = await ines.go("/admin/applications");
	assert.match(page.text, /Bread Diary[\s\S]*bread\.example\.org, oven\.example\.org/);
	assert.ok(page.text.includes("Seed &lt;i&gt;Swap&lt;/i&gt; 50%") && !page.text.includes("<i>Swap"));
	assert.match(page.text, /3 in all, 3 of them never used/);
	for (const [q, name] of [["seed", "Seed"], ["50%25", "Seed"], [bread.client_id, "Bread"], ["tus", "Tusk"], ["_", null]]) {
		const found = (await ines.go(`/admin/applications?q=${q}`)).text;
		for (const one of ["Bread", "Seed", "Tusk"]) assert.equal(found.includes(`Choose ${one}`), one === name, `${q}: ${one}`);
	}
	// Of use, by itself and to somebody.
	const basic = { authorization: `Basic ${Buffer.from(`${bread.client_id}:${bread.client_secret}`).toString("base64")}` };
	const token = () => fetch(`${base}/oauth/token`, { method: "POST", headers: basic, body: new URLSearchParams({ grant_type: "client_credentials" }) });
	assert.equal((await token()).status, 200);
	const ask = `/oauth/authorize?client_id=${tusk.client_id}&redirect_uri=urn:ietf:wg:oauth:2.0:oob&response_type=code&scope=read`;
	assert.match((await ada.submit(await ada.go(ask), { decision: "allow" })).text, /Your code/);
	page = await ines.go("/admin/applications");
	assert.match(page.text, /3 in all, 1 of them never used/);
	assert.match(page.text, /Choose Tusk[\s\S]{0,500}People who let it in">1\s*</);
	const member = new Agent(base);
	await member.signIn(people.tom);
	const csrf = Agent.form(await member.go("/identity/sessions")).fields.csrf;
	assert.equal((await member.go("/admin/applications", { method: "POST", body: new URLSearchParams({ csrf, do: `remove:${bread.client_id}`, sure: "1" }) })).status, 403);
	page = await ines.submit(page, { action: "unused" }, formOf(page, 'value="unused"'));
	assert.match(page.text, /An application was removed/);
	assert.match(page.text, /2 in all, 0 of them never used/);
	const remove = async (id) => {
		const asked = await ines.submit(page, { do: `remove:${id}` }, formOf(page, id));
		assert.match(asked.text, /They lose all that people gave them/);
		return await ines.submit(asked, { do: "remove" }, formOf(asked, id));
	};
	page = await remove(bread.client_id);
	assert.match(page.text, /Removed: 1/);
	assert.doesNotMatch(page.text, /Bread Diary/);
	assert.equal((await token()).status, 401);
	page = await remove(tusk.client_id);
	assert.match(page.text, /No application has registered yet/);
	assert.equal((await ada.go(ask)).status, 400);
	assert.doesNotMatch((await ada.go("/identity/applications")).text, /Tusk/);
	assert.equal((await ines.go("/admin/applications", { method: "POST", body: new URLSearchParams({ csrf: Agent.form(await ines.go("/identity/sessions")).fields.csrf, action: "all" }) })).status, 400);
	assert.ok(seed.client_id && (await ines.go("/admin/audit?action=oauth.client_removed")).text.includes(tusk.client_id));
};
cases["more than a page of applications has pages"] = async () => {
	for (let i = 0; i < 52; i++) await app(`Crowd ${i}`);
	const ines = await as(people.ines);
	const names = (page) => [...page.text.matchAll(/Choose (Crowd \d+)</g)].map((m) => m[1]);
	const next = (page) => Agent.unescape(page.text.match(/href="([^"]*)" rel="next"/)[1]);
	for (const [sort, sorted] of [["", null], ["?sort=name&down=0", 1], ["?sort=name&down=1", -1], ["?sort=people&down=1", null], ["?sort=used&down=0", null]]) {
		const first = await ines.go(`/admin/applications${sort}`), second = await ines.go(next(first));
		const all = [...names(first), ...names(second)];
		assert.deepEqual([names(first).length, names(second).length, new Set(all).size], [50, 2, 52], sort);
		if (sorted) assert.deepEqual(all, [...all].sort((a, b) => sorted * (a < b ? -1 : 1)), sort);
		assert.match(second.text, /From the beginning/);
		assert.doesNotMatch(second.text, /rel="next"/);
	}
	const narrowed = await ines.go("/admin/applications?q=crowd&used=no&sort=name&down=0&nonsense=1");
	assert.match(next(narrowed), /q=crowd&used=no&sort=name&down=0&at=Crowd%20\d+&after=/);
	assert.match((await ines.go("/admin/applications?used=yes")).text, /Nothing fits/);
};
cases["several at once: suspended, signed out everywhere, undone"] = async () => {
	const ines = await as(people.ines), tom = await as(people.tom), eve = await as(people.eve);
	let page = await ines.go("/admin/members");
	const ticked = (what, keys) => {
		const body = new URLSearchParams({ csrf: Agent.form(page, formOf(page, 'name="key"')).fields.csrf, do: what });
		for (const key of keys) body.append("key", key);
		return ines.go("/admin/members?sort=name&down=0", { method: "POST", body });
	};
	page = await ticked("suspend", ["Tom Okafor", "Eve % Stone"].map((name) => idOf(page, name)));
	assert.match(page.text, /Suspended: 2/);
	assert.match(page.text, /aria-sort="ascending"/, "the list is as it was");
	assert.equal(await signedIn(tom), false);
	assert.equal(await signedIn(eve), false);
	assert.equal(await signedIn(await as(people.tom)), false);
	page = await ines.submit(page, { do: "restore" }, formOf(page, "Undo"));
	assert.match(page.text, /Restored: 2/);
	assert.ok(await signedIn(await as(people.tom)));
	page = await ticked("suspend", []);
	assert.equal(page.status, 422);
	assert.match(page.text, /Nothing was chosen/);
	// What can't be done is told beside what was; what was ticked stays so.
	const own = idOf(page, "Inês Marques");
	page = await ticked("suspend", [idOf(page, "Tom Okafor"), own]);
	assert.equal(page.status, 403);
	assert.match(page.text, /You can not suspend yourself[\s\S]*Suspended: 1/);
	assert.match(page.text, new RegExp(`value="${own}" checked`));
	page = await ines.submit(page, { do: "restore" }, formOf(page, "Undo"));
	assert.match(page.text, /Restored: 1/);
	assert.equal((await ticked("nonsense", [idOf(page, "Tom Okafor")])).status, 400);
	// More than are changed at once are left alone; a key that is none is nobody.
	page = await ines.go("/admin/members");
	assert.match((await ticked("approve", Array(201).fill(idOf(page, "Tom Okafor")))).text, /Approved: 0/);
	assert.match((await ticked("suspend", ["?"])).text, /nobody of that name/);
	assert.match((await ticked("suspend", ["x".repeat(200)])).text, /nobody of that name/);
	assert.equal((await ticked("suspend", ["x".repeat(201)])).status, 422);
};
cases["a download is whole or refused"] = async () => {
	const ines = await as(people.ines), crowd = (sql) => execFileSync("python3", ["-c", `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
db.execute(sys.argv[2])
db.commit()`, join(data, "identity.db"), sql]);
	// Each line is 1000 bytes of roles and some: at 8000 they fit into 8 MiB, at 9000 they do not.
	const add = (from, to) => crowd(`WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})
		INSERT INTO people (id, email, email_key, handle, name, status, roles, created_at, updated_at) SELECT i, 'x' || i, 'x' || i, 'x' || i, 'X', 'suspended', printf('%01000d', i), i, i FROM n`);
	add(1, 7500);
	const whole = await (await ines.fetch("/admin/members.csv?sort=since&down=0")).text();
	assert.equal(whole.split("\r\n").filter((line) => line.startsWith('"X"')).length, 7500);
	assert.match(whole, /^"X","x1","x1"/m);
	add(7501, 9000);
	const refused = await ines.fetch("/admin/members.csv");
	assert.equal(refused.status, 413);
	assert.match(await refused.text(), /too many for one table/);
	crowd("DELETE FROM people WHERE name = 'X'");
};
cases["roles: given and seen at the next request; owners and administrators only by owners"] = async () => {
	const ines = await as(people.ines), tom = await as(people.tom), ada = await as(people.ada);
	const list = await ines.go("/admin/members");
	const at = (name) => `/admin/members/${idOf(list, name)}`;
	const setRoles = async (agent, name, roles) => {
		const page = await agent.go(at(name));
		const body = new URLSearchParams({ csrf: Agent.form(page, formOf(page, 'value="roles"')).fields.csrf, action: "roles" });
		for (const r of roles) body.append("role", r);
		return agent.go(at(name), { method: "POST", body });
	};
	assert.equal((await tom.fetch("/admin/members")).status, 403);
	await setRoles(ines, "Tom Okafor", ["admin"]);
	assert.equal((await tom.fetch("/admin/members")).status, 200, "at once");
	await setRoles(ines, "Tom Okafor", []);
	assert.equal((await tom.fetch("/admin/members")).status, 403, "and gone at once");
	// An administrator makes editors, not administrators, and does not touch owners.
	await setRoles(ada, "Eve % Stone", ["admin", "editor"]);
	assert.match((await ines.go(at("Eve % Stone"))).text, /value="editor" checked/);
	assert.doesNotMatch((await ines.go(at("Eve % Stone"))).text, /value="admin" checked/);
	const denied = await ada.go(at("Inês Marques"), { method: "POST", body: new URLSearchParams({ csrf: Agent.form(await ada.go(at("Inês Marques")), 0).fields.csrf, action: "suspend" }) });
	assert.equal(denied.status, 403);
};
cases["a site stays in somebody's hands: the last owner can not be unmade, nobody suspends themselves"] = async () => {
	const ines = await as(people.ines);
	const id = idOf(await ines.go("/admin/members"), "Inês Marques");
	const page = await ines.go(`/admin/members/${id}`);
	const csrf = Agent.form(page, 0).fields.csrf;
	const unmade = await ines.go(`/admin/members/${id}`, { method: "POST", body: new URLSearchParams({ csrf, action: "roles" }) });
	assert.equal(unmade.status, 403);
	assert.match(unmade.text, /the only owner/);
	assert.equal((await ines.go(`/admin/members/${id}`, { method: "POST", body: new URLSearchParams({ csrf, action: "suspend" }) })).status, 403);
	assert.equal((await ines.fetch("/admin/members")).status, 200);
	assert.equal((await ines.go("/admin/members/0000000000001")).status, 404);
};
cases["invited by letter, with a role; accepted once; taken back"] = async () => {
	const ines = await as(people.ines);
	let page = await ines.submit(await ines.go("/admin/invitations"), { email: "no address" }, 0);
	assert.equal(page.status, 422);
	assert.match(page.text, /value="no address"/);
	page = await ines.submit(page, { email: people.tom.email }, 0);
	assert.match(page.text, /has an account already/);
	page = await ines.submit(page, { email: "kofi@example.org", role: "editor" }, 0);
	assert.match(page.text, /on its way/);
	assert.match(page.text, /kofi@example.org/);
	const [link] = await letter("kofi@example.org", /http:\/\/localhost:\d+\/sign-up\?invitation=[\w-]+/);
	const kofi = new Agent(base);
	page = await kofi.submit(await kofi.go(link), { name: "Kofi Mensah", password });
	assert.ok(await signedIn(kofi), "an invitation needs no approval");
	assert.equal((await new Agent(base).go(link)).status, 410);
	assert.match((await ines.go("/admin/members?q=kofi")).text, /editor/);
	await ines.submit(await ines.go("/admin/invitations"), { email: "gone@example.org" }, 0);
	const [taken] = await letter("gone@example.org", /http:\/\/localhost:\d+\/sign-up\?invitation=[\w-]+/);
	page = await ines.go("/admin/invitations");
	const button = page.text.match(/value="(back:[0-9a-z]{13})">Take back<span class="visually-hidden"> gone@example.org</)[1];
	page = await ines.submit(page, { do: button }, formOf(page, "Take back"));
	page = await ines.submit(page, { do: "back" }, formOf(page, "Take back"));
	assert.match(page.text, /Taken back: 1/);
	assert.equal((await new Agent(base).go(taken)).status, 410);
	const ada = await as(people.ada);
	assert.equal((await ada.submit(await ada.go("/admin/invitations"), { email: "x@example.org", role: "owner" }, 0)).status, 422);
};
cases["who is suspended leaves no invitations behind; those of owners and administrators are an owner's"] = async () => {
	const max = { email: "max@example.org", name: "Max Adeyemi", password, owner: true };
	addPerson(data, max);
	const [ines, ada, other] = [await as(people.ines), await as(people.ada), await as(max)];
	for (const [who, email] of [[other, "back-door@example.org"], [ines, "second@example.org"]])
		await who.submit(await who.go("/admin/invitations"), { email, role: "owner" }, 0);
	const [link] = await letter("back-door@example.org", /http:\/\/localhost:\d+\/sign-up\?invitation=[\w-]+/);
	assert.equal((await new Agent(base).go(link)).status, 200);
	let page = await ada.go("/admin/invitations");
	for (const action of ["again", "back"]) {
		const { csrf } = Agent.form(page, formOf(page, "Take back")).fields, key = idOf(page, "back-door@example.org");
		const denied = await ada.go("/admin/invitations", { method: "POST", body: new URLSearchParams({ csrf, key, do: action, sure: "1" }) });
		assert.equal(denied.status, 403, action);
	}
	const id = idOf(await ines.go("/admin/members"), "Max Adeyemi");
	const csrf = Agent.form(await ines.go(`/admin/members/${id}`)).fields.csrf;
	await ines.go(`/admin/members/${id}`, { method: "POST", body: new URLSearchParams({ csrf, action: "suspend" }) });
	assert.equal((await new Agent(base).go(link)).status, 410);
	page = await ines.go("/admin/invitations");
	assert.match(page.text, /second@example.org/);
	assert.doesNotMatch(page.text, /back-door@example.org/);
};
cases["leaving keeps nobody from being suspended; restored, they leave on the same day"] = async () => {
	const [ines, eve] = [await as(people.ines), await as(people.eve)];
	await eve.go("/account/auth/login");
	const left = await eve.submit(await eve.go("/account/leave"), {}, 0);
	const day = left.text.match(/Your account ends on ([^<.]*)/)[1];
	const change = async (action) => {
		const id = idOf(await ines.go("/admin/members"), "Eve % Stone");
		const { fields } = Agent.form(await ines.go(`/admin/members/${id}`));
		return ines.go(`/admin/members/${id}`, { method: "POST", body: new URLSearchParams({ csrf: fields.csrf, action }) });
	};
	await change("suspend");
	assert.equal(await signedIn(eve), false);
	assert.equal(await signedIn(await as(people.eve)), false);
	await change("restore");
	const back = await as(people.eve);
	await back.go("/account/auth/login");
	assert.ok((await back.go("/account/leave")).text.includes(day));
};
const member = async (who, name) => who.go(`/admin/members/${idOf(await who.go("/admin/members"), name)}`);
const act = async (who, name, values, n) => {
	const page = await member(who, name), { action, fields } = Agent.form(page, n ?? 0);
	return who.go(action, { method: "POST", body: new URLSearchParams({ csrf: fields.csrf, ...values }) });
};
cases["one invitation for one address: who is asked again has the new one; an owner's stays an owner's"] = async () => {
	const [ines, ada] = [await as(people.ines), await as(people.ada)];
	const invite = async (who, email, role = "") => who.submit(await who.go("/admin/invitations"), { email, role }, 0);
	await invite(ines, "twice@example.org");
	const [first] = await letter("twice@example.org", /http:\/\/localhost:\d+\/sign-up\?invitation=[\w-]+/);
	await invite(ada, "Twice@Example.org", "editor");
	assert.equal(((await ines.go("/admin/invitations")).text.match(/Choose twice@example\.org/gi) ?? []).length, 1);
	assert.equal((await new Agent(base).go(first)).status, 410);
	await invite(ines, "boss@example.org", "owner");
	assert.match((await invite(ada, "boss@example.org")).text, /An owner invited this address already/);
};
cases["an administrator is offered nothing on an owner; what was done to a member is undone on their page"] = async () => {
	const [ines, ada] = [await as(people.ines), await as(people.ada)];
	assert.doesNotMatch((await member(ada, people.ines.name)).text, /value="(suspend|remove|one-step)"/);
	assert.equal((await act(ada, people.ines.name, { action: "remove" })).status, 403);
	assert.match((await act(ines, people.ines.name, { action: "remove" })).text, /You end your own account under Account/);
	let page = await act(ada, people.tom.name, { action: "suspend" });
	assert.match(page.text, /Suspended\.[\s\S]*Undo/);
	page = await ada.submit(page, { action: Agent.form(page, 0) && "restore" }, 0);
	assert.match(page.text, /Restored\.[\s\S]*Undo/);
	page = await act(ines, people.tom.name, { action: "roles", role: "editor" });
	assert.match(page.text, /Changed\.[\s\S]*Undo/);
	page = await ines.submit(page, { action: "roles" }, 0);
	assert.doesNotMatch(page.text, /id="role-editor"[^>]*checked/);
};
cases["a member is removed: out at once, kept on second thoughts, forgotten when the days are over, with a letter"] = async () => {
	const ida = { email: "ida@example.org", name: "Ida Gone", password }, jo = { email: "jo@example.org", name: "Jo Kept", password };
	addPerson(data, ida);
	addPerson(data, jo);
	const ines = await as(people.ines), browser = await as(ida);
	assert.ok(await signedIn(browser));
	let page = await act(ines, ida.name, { action: "remove" });
	assert.match(page.text, /Removed\.[\s\S]*Undo[\s\S]*Forgotten on/);
	assert.equal(await signedIn(browser), false);
	assert.equal(await signedIn(await as(ida)), false);
	page = await act(ines, jo.name, { action: "remove" });
	page = await ines.submit(page, { action: "keep" }, 0);
	assert.match(page.text, /Kept\./);
	assert.doesNotMatch(page.text, /Forgotten on/);
	assert.ok(await signedIn(await as(jo)));
	// The days are over.
	execFileSync("python3", ["-c", `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
db.execute("UPDATE people SET leaving_at = 1 WHERE email = 'ida@example.org'")
db.execute("UPDATE jobs SET run_at = 0 WHERE kind = 'people.forget'")
db.commit()`, join(data, "identity.db")]);
	await letter(ida.email, /Your account has ended/);
	assert.doesNotMatch((await ines.go("/admin/members")).text, /Ida Gone/);
	assert.match((await ines.go("/admin/members")).text, /Jo Kept/);
};
cases["who lost their phone and the codes is let in again: the second step is reset, and they are told"] = async () => {
	const may = { email: "may@example.org", name: "May Phoneless", password };
	addPerson(data, may);
	const ines = await as(people.ines), own = await as(may);
	assert.doesNotMatch((await member(ines, may.name)).text, /Reset the second step/);
	let page = await own.go("/identity/two-step");
	page = await own.submit(page, { step: "begin" });
	page = await own.submit(page, { code: totp(page.text.match(/code-shown">([^<]+)</)[1]) });
	assert.match(page.text, /Two steps are on/);
	assert.equal(await signedIn(await as(may)), false);
	assert.match((await act(ines, may.name, { action: "one-step" })).text, /The second step is reset/);
	assert.ok(await signedIn(await as(may)));
	await letter(may.email, /[Tt]wo steps/);
};
cases["a process that ended between a change of rights and telling it: a job does it"] = async () => {
	const tom = await as(people.tom);
	assert.ok(await signedIn(tom));
	execFileSync("python3", ["-c", `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
person, = db.execute("SELECT id FROM people WHERE email = 'tom@example.org'").fetchone()
db.execute("UPDATE people SET status = 'suspended' WHERE id = ?", (person,))
# What a change by an administrator writes with it, due now.
n = db.execute("UPDATE jobs SET run_at = 0, payload = json_set(payload, '$.person', ?) WHERE id = (SELECT MAX(id) FROM jobs WHERE kind = 'people.rights')", (person,)).rowcount
assert n == 1, "a change of rights has left no job"
db.commit()`, join(data, "identity.db")]);
	for (let i = 0; i < 300 && (await signedIn(tom)); i++) await new Promise((r) => setTimeout(r, 100));
	assert.equal(await signedIn(tom), false);
};
cases["approval: waits, is approved, gets a letter, gets in"] = async () => {
	const zoe = { email: "zoe@example.org", name: "Zoë Hart", password };
	const agent = new Agent(base);
	await agent.submit(await agent.go("/sign-up"), zoe);
	const [link] = await letter(zoe.email, /http:\/\/localhost:\d+\/sign-in\/link\?token=[\w-]+/);
	await agent.submit(await agent.go(link));
	assert.equal(await signedIn(await as(zoe)), false);
	// Those who can let her in are told, once for all who wait.
	for (const keeper of [people.ines, people.ada]) await letter(keeper.email, /Zo[\s\S]*admin\/members\?status=/);
	const yan = { email: "yan@example.org", name: "Yan Li", password }, other = new Agent(base);
	await other.submit(await other.go("/sign-up"), yan);
	await other.submit(await other.go((await letter(yan.email, /http:\/\/localhost:\d+\/sign-in\/link\?token=[\w-]+/))[0]));
	assert.equal(letters(people.ines.email).filter((t) => /waits to be let in/.test(t)).length, 1);
	const ines = await as(people.ines);
	const page = await ines.go("/admin/members?status=pending");
	const done = await ines.submit(page, { key: idOf(page, zoe.name), do: "approve" }, formOf(page, 'name="key"'));
	assert.match(done.text, /Approved: 1/);
	await letter(zoe.email, /was approved/);
	assert.ok(await signedIn(await as(zoe)));
};
/** Every route of the program, as it prints them; with something in the place of what varies. */
const routes = execFileSync(process.env.GUILDHALL, ["dump", "routes"], { encoding: "utf8" }).trim().split("\n").slice(1).map((line) => line.split("\t"))
	.map(([service, method, path, flags]) => ({ service, method, path: path.replace(/\{\w+:id\}/g, "0000000000001").replace(/\{\w+:int\}/g, "1").replace(/\{\w+(:\w+)?\}/g, "x"), flags: flags.split(",") }))
	.filter((r) => r.service !== "platform");
/** Where each service stands that people are signed in to by themselves. */
const clients = ["", "/market", "/cart", "/account", "/events"];
cases["every route that changes something wants its form's token, and a form of this site (CSRF)"] = async () => {
	const ines = await as(people.ines), stranger = new Agent(base);
	for (const at of clients) await ines.go(`${at}/auth/login`);
	const own = Agent.form(await ines.go("/admin/invitations")).fields.csrf, foreign = Agent.form(await stranger.go("/sign-in")).fields.csrf;
	const changing = [...routes.filter((r) => !["GET", "OPTIONS"].includes(r.method)), { method: "POST", path: "/auth/logout", flags: [] }, { method: "POST", path: "/account/auth/logout", flags: [] }];
	const free = changing.filter((r) => r.flags.includes("no-csrf")).map((r) => `${r.method} ${r.path}`).sort();
	// Those prove who they are with every call, by what is in no cookie; or take nobody's word (the provider's call), or are a provider's for tests.
	assert.deepEqual(free, ["DELETE /oauth/register/x", "DELETE /sumup-sim/api/x", "POST /api/v1/apps", "POST /cart/hooks/sumup", "POST /oauth/authorize", "POST /oauth/device_authorization", "POST /oauth/introspect", "POST /oauth/par", "POST /oauth/register", "POST /oauth/revoke",
		"POST /oauth/token", "POST /oauth/userinfo", "POST /sumup-sim/api/x", "POST /sumup-sim/control", "PUT /oauth/register/x"]);
	assert.ok(changing.length > free.length + 20);
	for (const { method, path } of changing.filter((r) => !r.flags.includes("no-csrf")))
		for (const [fields, headers] of [[{}, {}], [{ csrf: foreign }, {}], [{ csrf: own }, { origin: "https://evil.example" }], [{ csrf: own }, { "sec-fetch-site": "cross-site" }], [{ csrf: own }, { origin: "null" }]]) {
			const answer = await ines.fetch(path, { method, headers, body: new URLSearchParams({ session: "others", step: "off", action: "suspend", ...fields }) });
			assert.equal(answer.status, 403, `${method} ${path} ${JSON.stringify(headers)}`);
			assert.match(await answer.text(), /sent from another site|please send it again/, `${method} ${path}`);
		}
	assert.ok(await signedIn(ines));
};
cases["every route says who may: visitors, members and administrators"] = async () => {
	const visitor = new Agent(base), eve = await as(people.eve);
	for (const at of clients) await eve.go(`${at}/auth/login`);
	const ask = async (agent, { method, path }) => {
		const token = method === "GET" ? {} : { body: new URLSearchParams({ csrf: Agent.form(await agent.go(agent === visitor ? "/sign-in" : "/identity/password")).fields.csrf }) };
		return agent.fetch(path, { method, ...token });
	};
	for (const r of routes.filter((one) => one.flags.some((f) => ["auth", "admin"].includes(f)))) {
		const answer = await ask(visitor, r);
		if (r.method === "GET") assert.match(answer.headers.get("location") ?? "", /\/(sign-in|auth\/login)\?/, r.path);
		else assert.equal(answer.status, 401, r.path);
	}
	const admin = routes.filter((r) => r.flags.includes("admin"));
	assert.ok(admin.length > 8);
	for (const r of admin) assert.equal((await ask(eve, r)).status, 403, `${r.method} ${r.path}`);
	// Those are for an editor, who has a role and not the whole house.
	const byRole = routes.filter((r) => r.path.startsWith("/admin") && !r.flags.includes("admin"));
	assert.deepEqual(byRole.map((r) => `${r.method} ${r.path}`), ["GET /admin/media", "POST /admin/media", "POST /admin/media/upload", "GET /admin/media/0000000000001", "POST /admin/media/0000000000001",
		"GET /admin/visits", "GET /admin/visits.csv", "GET /admin/snippets", "POST /admin/snippets", "GET /admin/comments", "POST /admin/comments"]);
	for (const r of byRole) assert.ok([303, 401].includes((await ask(visitor, r)).status), `${r.method} ${r.path}`);
};
cases["all of it is in the audit chain, which holds"] = async () => {
	const ines = await as(people.ines);
	const page = await ines.go("/admin/audit");
	assert.equal(page.status, 200);
	for (const action of ["member.approved", "member.removed", "member.kept", "member.second_step_reset", "invitation.taken_back", "invitation.sent"])
		assert.ok((await ines.go(`/admin/audit?action=${action}`)).text.split(action).length > 2, action); // the filter, and a row
	assert.match((await ines.go("/admin/audit?action=person.added")).text, /command line/, "made with the program");
	const suspended = await ines.go("/admin/audit?action=member.suspended");
	assert.match(suspended.text, /Tom Okafor/);
};

await run(cases, async () => {
	assert.equal(await site.stop(), 0);
	rmSync(data, { recursive: true, force: true });
});

// SPDX-License-Identifier: Apache-2.0
// A member's own pages: profile with picture, addresses, notifications, all their data to take along, and the end of an account
// in every service, in one process and in two.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, clean, freePort, letter, letters, run, screens, serve, totp } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "guildhall-account-"));
const password = "a loaf on every table";
const ines = { email: "ines@example.org", name: "Inês Marques", password, owner: true };
const tom = { email: "tom@example.org", name: "Tom Okafor", password };
const data = join(folder, "one");
addPerson(data, ines);
addPerson(data, tom);
const port = await freePort();
const site = await serve({ data, port, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${port}`;
const servers = [site];
const as = async (who, origin = base) => {
	const agent = new Agent(origin);
	await agent.signIn(who);
	await agent.go("/account/auth/login");
	return agent;
};
const wrongs = (page) => [...page.text.matchAll(/class="wrong"[^>]*>([^<]*)</g)].map((m) => m[1]);
const formOf = (page, marker) => [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[1].includes(marker));
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");
/** Body of the profile's form. */
const profile = (fields, more, file) => {
	const body = new FormData();
	for (const [k, v] of Object.entries({ ...fields, ...more })) body.append(k, v);
	if (file) body.append("avatar", new Blob([file]), "me.png");
	return { method: "POST", body };
};
/** What a query of one of the databases counts. */
const count = (file, sql) => Number(execFileSync("python3", ["-c", "import sqlite3,sys;print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])", join(folder, file), sql], { encoding: "utf8" }));
const address = { name: "Tom Okafor", line1: "12 Mill Lane", postal_code: "1100-148", city: "Lisbon", country: "PT", phone: "+351 21 000 00 00" };

const cases = {};
cases["a visitor is sent to sign in, and comes back"] = async () => {
	const agent = new Agent(base);
	const page = await agent.go("/account/addresses");
	assert.equal(page.url.pathname, "/sign-in");
	const back = await agent.signIn(tom, page);
	assert.equal(back.url.pathname, "/account/addresses");
};
cases["addresses: checked field by field with the text kept, saved, changed, one default each, removed and put back"] = async () => {
	const agent = await as(tom);
	let page = await agent.submit(await agent.go("/account/addresses/new"), { ...address, line1: "", country: "XX", phone: "call me" });
	assert.equal(page.status, 422);
	assert.equal(wrongs(page).length, 3);
	assert.match(page.text, /value="call me"/);
	page = await agent.submit(page, { ...address, delivery: "1", billing: "1" });
	assert.match(page.text, /12 Mill Lane/);
	assert.match(page.text, /Portugal/);
	await agent.submit(await agent.go("/account/addresses/new"), { ...address, name: "The bakery", delivery: "1" });
	page = await agent.go("/account/addresses");
	assert.equal(page.text.match(/>delivery</g).length, 1, "one place to deliver to");
	const id = page.text.match(/addresses\/([0-9a-z]{13})"/)[1];
	page = await agent.submit(await agent.go(`/account/addresses/${id}`), { city: "Porto", delivery: "1" });
	assert.match(page.text, /Porto/);
	page = await agent.submit(page, {}, formOf(page, `value="${id}"`));
	assert.doesNotMatch(page.text, /Porto/, "removed");
	page = await agent.submit(page, {}, formOf(page, "Put it back"));
	assert.match(page.text, /Porto/);
	for (const action of ["saved", "removed", "put_back"]) assert.ok(count("one/account.db", `SELECT COUNT(*) FROM audit_log WHERE action = 'person.address_${action}'`), action);
	// Somebody else's is nobody's.
	const other = await as(ines);
	assert.equal((await other.go(`/account/addresses/${id}`)).status, 404);
	assert.equal((await other.submit(await other.go("/account/addresses/new"), { ...address, id })).status, 404);
	const stolen = await other.go("/account/addresses/remove", { method: "POST", body: new URLSearchParams({ ...Agent.form(await other.go("/account/addresses/new")).fields, id }) });
	assert.equal(stolen.status, 200);
	assert.match((await agent.go("/account/addresses")).text, /Porto/);
};
cases["profile: name everywhere at once, a handle that is free, a picture that is one"] = async () => {
	const agent = await as(tom);
	let page = await agent.go("/account/profile");
	const { fields } = Agent.form(page, formOf(page, 'name="handle"'));
	const save = (more, file) =>
		agent.go("/account/profile", profile({ csrf: fields.csrf, name: "Tom Okafor", handle: "tom", bio: "", locale: "", timezone: "" }, more, file));
	page = await save({ handle: "ines_marques" });
	assert.equal(page.status, 422);
	assert.match(page.text, /Somebody else has this handle/);
	assert.equal((await save({ handle: "No Spaces!" })).status, 422);
	assert.equal((await save({ name: " " })).status, 422);
	assert.match((await save({}, Buffer.from("no picture"))).text, /not a picture/);
	for (const more of [{ timezone: "Europe/Atlantis" }, { timezone: "../../etc/passwd" }, { timezone: "posix/Europe/Lisbon" }, { locale: "tlh" }, { locale: "EN" }]) {
		page = await save(more);
		assert.equal(page.status, 422);
		assert.match(page.text, /aria-invalid="true"[^>]*>[\s\S]*Please choose one of these/);
	}
	const since = async () => (await agent.go("/identity/sessions")).text.match(/Since (\d+ [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC[^,]*),/)[1];
	const utc = await since();
	assert.match(utc, /UTC$/);
	page = await save({ name: "Tomás Okafor", handle: "tomas", bio: "Bicycles, bread.", timezone: "Asia/Kolkata", locale: "pt-BR" }, png);
	assert.match(page.text, /Saved/);
	const src = page.text.match(/class="avatar" src="([^"]+)"/)[1];
	assert.equal((await agent.fetch(src)).status, 200);
	assert.match((await agent.go("/account")).text, /Hello Tomás Okafor/, "in the session of another service, at once");
	page = await agent.go("/account/profile");
	assert.match(page.text, /value="Asia\/Kolkata" selected/);
	assert.match(page.text, /value="pt-BR" selected/);
	// Times are the person's own.
	const own = await since();
	assert.match(own, /UTC\+5:30$/);
	const moment = (text) => Date.parse(text.replace(/ UTC(\+5:30)?/, (_, ahead) => (ahead ? "+05:30" : "Z")).replace(" ", "T"));
	assert.equal(moment(own), moment(utc), "the same moment");
	assert.match((await agent.go("/identity/log")).text, /\d\d:\d\d UTC\+5:30/);
};
cases["notifications are what was chosen"] = async () => {
	const agent = await as(tom);
	let page = await agent.go("/account/notifications");
	assert.match(page.text, /value="account.security" checked/);
	page = await agent.go("/account/notifications", { method: "POST", body: new URLSearchParams({ csrf: Agent.form(page, formOf(page, "topic")).fields.csrf }) });
	assert.doesNotMatch(page.text, /value="account.security" checked/);
	const off = await letter(data, tom.email, /Subject: Security letters were turned off/);
	assert.match(off.text, /With: Firefox on Linux\n/, "whoever silences an account is told of");
	assert.equal(count("one/account.db", "SELECT COUNT(*) FROM audit_log WHERE action = 'person.letters_off' AND object = 'account.security'"), 1);
	// Saved again as it is: nothing new.
	page = await agent.go("/account/notifications", { method: "POST", body: new URLSearchParams({ csrf: Agent.form(page, formOf(page, "topic")).fields.csrf }) });
	// Nothing is written of what is done now, and in the person's own time zone of what is done after choosing again.
	const twoStep = async (step) => agent.submit(await agent.go("/identity/two-step"), { step });
	const setUp = await twoStep("begin");
	const seed = setUp.text.match(/code-shown">([^<]+)</)[1];
	await agent.submit(setUp, { code: totp(seed) });
	for (let i = 0; i < 100 && count("one/identity.db", "SELECT COUNT(*) FROM jobs WHERE kind = 'notice.security'"); i++) await new Promise((r) => setTimeout(r, 100));
	await agent.submit(page, { topic: "account.security" }, formOf(page, "topic"));
	await twoStep("codes");
	await twoStep("off");
	const { text } = await letter(data, tom.email, /Subject: Two steps were turned off/);
	assert.match(text, /When: \d+ [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC\+5:30\n/);
	await letter(data, tom.email, /Subject: New recovery codes/);
	await letter(data, tom.email, /Subject: Security letters were turned on/);
	assert.deepEqual(letters(data, tom.email).map((t) => t.match(/^Subject: (.*)$/m)[1]).sort(),
		["New recovery codes", "Security letters were turned off", "Security letters were turned on", "Two steps were turned off"]);
};
cases["all of a person's data, as an archive for that person alone"] = async () => {
	const agent = await as(tom);
	let page = await agent.submit(await agent.go("/account/data"));
	for (let i = 0; i < 100 && !page.text.includes("is ready"); i++) {
		await new Promise((r) => setTimeout(r, 100));
		page = await agent.go("/account/data");
	}
	const zip = Buffer.from(await (await agent.fetch("/account/data/archive")).arrayBuffer());
	writeFileSync(join(folder, "data.zip"), zip);
	const read = (name) => JSON.parse(execFileSync("python3", ["-c", "import sys,zipfile;sys.stdout.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())", join(folder, "data.zip"), name], { encoding: "utf8" }));
	assert.equal(read("identity.json").person.email, tom.email);
	assert.ok(read("identity.json")["security log"].length > 3);
	assert.ok(read("account.json").addresses.some((a) => a.city === "Porto"));
	assert.equal((await (await as(ines)).fetch("/account/data/archive")).status, 404);
	assert.deepEqual(["person.data_asked", "person.data_taken"].map((a) => count("one/account.db", `SELECT COUNT(*) FROM audit_log WHERE action = '${a}'`)), [1, 1]);
	// An attempt that died over its file: the next one makes it whole, and nothing of a person is left that no row names.
	const files = () => readdirSync(join(data, "exports"));
	assert.equal(files().length, 1);
	writeFileSync(join(data, "exports", files()[0]), "half of it");
	execFileSync("python3", ["-c", `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
export, person = db.execute("SELECT id, person_id FROM exports").fetchone()
db.execute("UPDATE exports SET state = 'waiting', file = ''")
for job, of in ((1, export), (2, 77)):
    db.execute("INSERT INTO jobs (id, kind, payload, priority, ready, run_at) VALUES (?, 'account.export', json_object('export', ?, 'person', ?), 0, 1, 0)", (job, of, person))
db.commit()`, join(data, "account.db")]);
	for (let i = 0; i < 300 && count("one/account.db", "SELECT COUNT(*) FROM jobs WHERE kind = 'account.export'"); i++) await new Promise((r) => setTimeout(r, 100));
	assert.equal(files().length, 1, "no row of export 77");
	assert.deepEqual(readFileSync(join(data, "exports", files()[0])).subarray(0, 2).toString(), "PK");
	assert.equal((await agent.fetch("/account/data/archive")).status, 200);
};
cases["an account ends after its days of grace, and can stay; the only owner can not leave"] = async () => {
	const agent = await as(tom);
	let page = await agent.submit(await agent.go("/account/leave"), {}, 0);
	assert.match(page.text, /Your account ends on/);
	assert.match((await agent.go("/account")).text, /Your account ends on/);
	assert.ok((await as(tom)).cookies.has("gh-account"), "until then all is as it was");
	page = await agent.submit(await agent.go("/account/leave"), { undo: "1" }, 0);
	assert.doesNotMatch(page.text, /Your account ends on/);
	const owner = await as(ines);
	page = await owner.submit(await owner.go("/account/leave"), {}, 0);
	assert.equal(page.status, 409);
	assert.match(page.text, /only owner/);
};
cases["when the days are over every service forgets, in two processes too"] = async () => {
	const [first, second] = [await freePort(), await freePort()];
	const origin = `http://localhost:${first}`, other = `http://localhost:${second}`;
	const set = Object.entries({ "server.secret": "5c".repeat(32), "blog.base_url": origin, "identity.base_url": origin, "account.base_url": `${other}/account`,
		"auth.url": `sqlite:${join(folder, "auth.db")}`, "account.remote_url": `http://127.0.0.1:${second}`, "blog.remote_url": `http://127.0.0.1:${first}`,
		"identity.remote_url": `http://127.0.0.1:${first}`, "identity.leaving_days": "0", "rate.enabled": "no" }).flatMap(([k, v]) => ["--set", `${k}=${v}`]);
	addPerson(join(folder, "two"), tom, set);
	addPerson(join(folder, "two"), ines, set);
	servers.push(await serve({ data: join(folder, "two"), port: first, demo: false, args: [...set, "--only", "blog,identity"] }));
	servers.push(await serve({ data: join(folder, "three"), port: second, demo: false, args: [...set, "--only", "account"] }));
	const account = servers.at(-1);
	/** As Agent.go, over both hosts. */
	const visitor = (agent) => async (url, options) => {
		let at = new URL(url);
		for (let i = 0; i < 12; i++) {
			const answer = await agent.fetch(at, options);
			options = undefined;
			const to = answer.headers.get("location");
			if (!to) return { url: at, status: answer.status, text: await answer.text() };
			at = new URL(to, at);
		}
	};
	const agent = new Agent(origin), visit = visitor(agent);
	await agent.signIn(tom);
	await visit(`${other}/account/auth/login`);
	let page = await visit(`${other}/account/addresses/new`);
	const form = Agent.form(page, 0);
	page = await visit(form.action, { method: "POST", body: new URLSearchParams({ ...form.fields, ...address }) });
	assert.match(page.text, /12 Mill Lane/);
	// A picture is served by the process that has it.
	const { fields } = Agent.form(await visit(`${other}/account/profile`));
	page = await visit(`${other}/account/profile`, profile(fields, {}, png));
	const picture = new URL(page.text.match(/class="avatar" src="([^"]+)"/)[1], page.url);
	const answer = await agent.fetch(picture);
	assert.equal(answer.status, 200);
	assert.equal(answer.headers.get("content-type"), "image/webp");
	assert.match(answer.headers.get("cache-control"), /immutable/);
	assert.match(answer.headers.get("content-security-policy"), /sandbox/);
	assert.equal((await agent.fetch(new URL(`/media/${picture.pathname.split("/media/")[1]}`, origin))).status, 404, "the blog's process does not have it");
	page = await visit(`${other}/account/leave`);
	const leave = Agent.form(page, 0);
	await visit(leave.action, { method: "POST", body: new URLSearchParams(leave.fields) });
	for (let i = 0; i < 300 && count("three/account.db", "SELECT COUNT(*) FROM addresses"); i++) await new Promise((r) => setTimeout(r, 100));
	assert.equal(count("two/identity.db", "SELECT COUNT(*) FROM people WHERE email='tom@example.org'"), 0);
	assert.equal(count("three/account.db", "SELECT COUNT(*) FROM addresses"), 0);
	assert.equal((await agent.fetch("/identity")).status, 303, "signed out with it");

	// Security notices: what was chosen over there counts; when nobody answers there, they are sent.
	const owner = new Agent(origin), about = /Subject: Your password was changed/;
	await owner.signIn(ines);
	const change = async (former, fresh) => owner.submit(await owner.go("/identity/password"), { former, fresh });
	await visitor(owner)(`${other}/account/auth/login`);
	const choices = await visitor(owner)(`${other}/account/notifications`);
	await visitor(owner)(`${other}/account/notifications`, { method: "POST", body: new URLSearchParams({ csrf: Agent.form(choices, formOf(choices, "topic")).fields.csrf }) });
	await letter(join(folder, "two"), ines.email, /Subject: Security letters were turned off/);
	assert.match((await change(password, `${password} 2`)).text, /was changed/);
	for (let i = 0; i < 100 && count("two/identity.db", "SELECT COUNT(*) FROM jobs WHERE kind = 'notice.security'"); i++) await new Promise((r) => setTimeout(r, 100));
	assert.equal(letters(join(folder, "two"), ines.email).filter((t) => about.test(t)).length, 0);
	assert.equal(await account.stop(), 0);
	servers.splice(servers.indexOf(account), 1);
	assert.match((await change(`${password} 2`, password)).text, /was changed/);
	await letter(join(folder, "two"), ines.email, about);
};

cases["a form is JSON too: the same rules, a pointer to each field, nothing half saved"] = async () => {
	const agent = await as(tom);
	const send = (body, headers = {}) => agent.fetch("/account/addresses", { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body),
		headers: { "content-type": "application/json", accept: "application/json", ...headers } });
	const before = count("one/account.db", "SELECT COUNT(*) FROM addresses");
	const bad = await send({ ...address, line1: " ", country: "XX", phone: 7, delivery: "yes" });
	assert.equal(bad.status, 422);
	assert.match(bad.headers.get("content-type"), /^application\/problem\+json/);
	assert.deepEqual((await bad.json()).errors.map((e) => e.pointer).sort(), ["#/country", "#/delivery", "#/line1", "#/phone"]);
	for (const [body, status] of [["{", 400], ["[]", 400], [{ ...address, zip: "1" }, 400], [{ ...address, name: "x".repeat(101) }, 422], [{ ...address, name: "a\u202eb" }, 422], ["x".repeat(70000), 413]])
		assert.equal((await send(body)).status, status, JSON.stringify(body).slice(0, 80));
	assert.equal((await send(address, { origin: "https://evil.example" })).status, 403, "not from another site's script");
	assert.equal(count("one/account.db", "SELECT COUNT(*) FROM addresses"), before);
	const good = await send({ ...address, name: "By a program", billing: true });
	assert.equal(good.status, 200);
	assert.match((await good.json()).location, /\/account\/addresses/);
	assert.match((await agent.go("/account/addresses")).text, /By a program/);
};
cases["a session that ended meanwhile: what was typed is shown, and goes through after signing in elsewhere"] = async () => {
	const agent = await as(tom);
	const form = await agent.go("/account/addresses/new");
	const held = new Map(agent.cookies);
	for (const name of [...agent.cookies.keys()]) if (name.startsWith("gh-")) agent.cookies.delete(name);
	const lost = await agent.submit(form, { ...address, name: "Kept <b>", line2: "x".repeat(90) });
	assert.equal(lost.status, 401);
	assert.match(lost.text, /not signed in any more/);
	assert.match(lost.text, /href="[^"]*\/auth\/login\?next=/);
	for (const [name, value] of held) agent.cookies.set(name, value); // in another tab
	const kept = Agent.form(lost, formOf(lost, 'name="line1"')).fields;
	assert.deepEqual([kept.name, kept.postal_code, kept.line2.trim()], ["Kept <b>", address.postal_code, "x".repeat(90)]);
	const back = await agent.submit(lost, {}, formOf(lost, 'name="line1"'));
	assert.equal(back.url.pathname, "/account/addresses");
	assert.match(back.text, /Kept &lt;b&gt;/);
};

// --- in a real browser ------------------------------------------------------------------------------------------------

const chrome = await browser();
cases["in a browser nothing typed is lost: without a connection, after a way back, when another page was opened; a second press sends nothing"] = async () => {
	const context = await chrome.newContext();
	const page = await context.newPage();
	await page.goto(`${base}/account/auth/login`);
	await page.getByLabel("E-mail address").fill(ines.email);
	await page.getByLabel("Password").fill(password);
	await page.getByRole("button", { name: "Sign in", exact: true }).click();
	await page.waitForURL(/\/account/);
	const form = `${base}/account/addresses/new`;
	const fill = async () => {
		await page.goto(form);
		await page.getByLabel("Name").fill("The mill");
		await page.getByLabel("Street and number").fill("1 Weir Road");
		await page.getByLabel("Town").fill("Porto");
		await page.getByLabel("Country").selectOption("PT");
	};
	const typed = () => page.getByLabel("Street and number").inputValue();
	await fill();
	await context.setOffline(true);
	await page.getByRole("button", { name: "Save" }).click();
	assert.match(await page.locator(".kept-note").innerText(), /no connection/);
	assert.equal(await typed(), "1 Weir Road");
	await context.setOffline(false);
	await page.goto(`${base}/account`);
	await page.goto(form);
	assert.equal(await typed(), "1 Weir Road", "after another page");
	await page.getByRole("button", { name: "Discard it" }).click();
	assert.equal(await typed(), "");
	// The connection breaks while it is sent: the browser's own page, and the way back.
	await fill();
	await page.route("**/account/addresses", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
	await page.getByRole("button", { name: "Save" }).click();
	await page.waitForURL(/chrome-error|addresses/);
	await page.unroute("**/account/addresses");
	await page.goBack();
	await page.goto(form);
	assert.equal(await typed(), "1 Weir Road", "after a broken connection");
	// Pressed twice while the first is under way: one address.
	let sent = 0;
	page.on("request", (r) => (sent += r.method() === "POST"));
	await page.evaluate(() => {
		const button = document.querySelector("form.form button[type=submit]");
		button.click();
		button.click();
	});
	await page.waitForURL(/done=saved/);
	assert.equal(sent, 1);
	assert.equal(await page.getByRole("heading", { name: "The mill" }).count(), 1);
	await page.goto(form);
	assert.equal(await typed(), "", "what was taken is forgotten");
	await context.close();
};
for (const name of ["phone", "desktop"])
	for (const scheme of ["light", "dark"])
		cases[`on a ${name}, ${scheme}: nothing wider than the screen, nothing for axe to find`] = async () => {
			const context = await chrome.newContext({ ...screens[name], colorScheme: scheme });
			const page = await context.newPage();
			const problems = [];
			page.on("pageerror", (e) => problems.push(String(e)));
			await page.goto(`${base}/account/auth/login`);
			const look = async (path) => {
				if (path) await page.goto(base + path);
				await clean(page);
			};
			await look();
			await look("/sign-up");
			await look("/sign-in/forgot");
			await page.goto(`${base}/account/auth/login`);
			await page.getByLabel("E-mail address").fill(ines.email);
			await page.getByLabel("Password").fill(password);
			await page.getByRole("button", { name: "Sign in", exact: true }).click();
			await page.waitForURL(/\/account/);
			for (const path of ["/account", "/account/profile", "/account/addresses", "/account/addresses/new", "/account/notifications", "/account/data", "/account/leave", "/identity",
				"/identity/password", "/identity/email", "/identity/passkeys", "/identity/two-step", "/identity/sessions", "/identity/applications", "/identity/log", "/admin/members", "/admin/invitations", "/admin/audit",
				"/account/auth/logout"])
				await look(path);
			assert.deepEqual(problems, []);
			await context.close();
		};

cases["the browser's time zone is proposed, under the name it has now, and saved like any other choice"] = async () => {
	const context = await chrome.newContext({ timezoneId: "Asia/Calcutta" });
	const page = await context.newPage();
	await page.goto(`${base}/account/auth/login`);
	await page.getByLabel("E-mail address").fill(ines.email);
	await page.getByLabel("Password").fill(password);
	await page.getByRole("button", { name: "Sign in", exact: true }).click();
	await page.waitForURL(/\/account/);
	await page.goto(`${base}/admin/audit`);
	assert.match(await page.locator("tbody time").first().textContent(), /^\d+ [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC$/);
	await page.goto(`${base}/account/profile`);
	assert.equal(await page.getByLabel("Time zone").inputValue(), "Asia/Kolkata");
	assert.ok(await page.getByText("Proposed by your browser").isVisible());
	await page.getByLabel("Language").selectOption("pt");
	await page.getByRole("button", { name: "Save" }).click();
	await page.getByText("Saved.").waitFor();
	assert.equal(await page.getByLabel("Time zone").inputValue(), "Asia/Kolkata");
	assert.equal(await page.getByLabel("Language").inputValue(), "pt");
	assert.ok(!(await page.getByText("Proposed by your browser").isVisible()));
	await page.goto(`${base}/admin/audit`);
	assert.match(await page.locator("tbody time").first().textContent(), /UTC\+5:30$/);
	await context.close();
};

await run(cases, async () => {
	await chrome.close();
	for (const s of servers) assert.equal(await s.stop(), 0);
	rmSync(folder, { recursive: true, force: true });
});

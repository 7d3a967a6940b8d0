// SPDX-License-Identifier: Apache-2.0
// Becoming somebody here and proving it: the owner's link, sign-up, passwords, mailed links, two steps, passkeys; and what those
// see who try for somebody else.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { request } from "node:http";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, freePort, letter as anyLetter, letters, run, serve, totp } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "guildhall-signin-"));
const servers = [];
const start = async (name, args = []) => {
	const port = await freePort();
	const data = join(folder, name);
	const server = await serve({ data, port, demo: false, args: ["--set", "rate.enabled=no", ...args] });
	servers.push(server);
	return { ...server, base: `http://localhost:${port}`, data };
};
const ines = { email: "ines@example.org", name: "Inês Marques", password: "a loaf on every table" };
const tom = { email: "tom@example.org", name: "Tom Okafor", password: "bicycles and bread ovens" };
addPerson(join(folder, "open"), { ...ines, owner: true });
addPerson(join(folder, "open"), tom);
const site = await start("open");
const { base } = site;

/** The newest letter with a link to that address, or of another subject; waits for it. */
const letter = async (to, { data = site.data, after = 0, about = /token=|account already/ } = {}) => {
	const { text, count } = await anyLetter(data, to, about, after);
	return { text, count, link: text.match(/http:\/\/localhost:\d+\S+token=[\w-]+/)?.[0] };
};
const notices = (to, about) => letters(site.data, to).filter((t) => about.test(t)).length;
const said = (page) => page.text.match(/class="(?:problem|done)"[^>]*>([^<]*)</)?.[1] ?? "";
const wrongs = (page) => [...page.text.matchAll(/class="wrong"[^>]*>([^<]*)</g)].map((m) => m[1]);
const signedIn = async (agent) => (await agent.fetch("/identity")).status === 200;

const cases = {};
cases["an empty site prints a link; whoever opens it becomes the owner; it works once"] = async () => {
	const empty = await start("empty");
	const link = empty.log().match(/http:\/\/localhost:\d+\/sign-up\?owner=\S+/)[0];
	const agent = new Agent(empty.base);
	let page = await agent.go(link);
	assert.match(page.text, /Make this site yours/);
	page = await agent.submit(page, { name: "Inês", email: "not an address", password: "short" });
	assert.equal(page.status, 422);
	assert.equal(wrongs(page).length, 2);
	assert.match(page.text, /value="not an address"/, "what was typed is kept");
	page = await agent.submit(page, { name: "Inês", email: ines.email, password: ines.password });
	assert.ok(await signedIn(agent));
	const late = new Agent(empty.base);
	assert.equal((await late.go(link)).status, 410);
	assert.equal((await late.go("/sign-up?owner=made-up")).status, 410);
	assert.equal(await empty.stop(), 0);
	servers.splice(servers.indexOf(empty), 1);
	const again = await start("empty");
	assert.doesNotMatch(again.log(), /no owner/);
};
cases["under another name of the site a sign-in moves to the right one, once"] = async () => {
	const other = base.replace("localhost", "127.0.0.1"), ask = (path) => fetch(other + path, { redirect: "manual" });
	const moved = await ask("/sign-in?next=%2Faccount");
	assert.equal(moved.status, 303);
	assert.equal(moved.headers.get("location"), `${base}/sign-in?next=%2Faccount&home=1`);
	assert.equal((await ask("/sign-in?next=%2Faccount&home=1")).status, 200); /* behind a proxy that hides the name: no circle */
	const login = await ask("/auth/login?next=%2F");
	assert.equal(login.status, 303);
	assert.equal(login.headers.get("location"), `${base}/auth/login?next=%2F&home=1`);
	assert.equal((await fetch(`${base}/sign-in`, { redirect: "manual" })).status, 200);
};

cases["wrong passwords and unknown addresses get the same answer, in the same words"] = async () => {
	const answers = [];
	for (const [email, password] of [[ines.email, "wrong wrong wrong"], ["nobody@example.org", "wrong wrong wrong"], [ines.email, ""], ["", ""]]) {
		const agent = new Agent(base);
		const page = await agent.submit(await agent.go("/sign-in"), { email, password });
		assert.equal(page.status, 422);
		assert.equal(await signedIn(agent), false);
		answers.push(said(page));
		if (email) assert.match(page.text, new RegExp(`value="${email}"`));
	}
	assert.equal(new Set(answers).size, 1);
	const mails = [];
	for (const email of [tom.email, "nobody@example.org"]) {
		const agent = new Agent(base);
		const page = await agent.submit(await agent.go("/sign-in/forgot"), { email });
		mails.push([page.status, page.text.replaceAll(email, "").replace(/nonce[^"]*"[^"]*"/g, "").replace(/value="[^"]*"/g, "").length]);
	}
	assert.deepEqual(mails[0], mails[1]);
};
cases["an address is the same whatever its case and form"] = async () => {
	const agent = new Agent(base);
	await agent.signIn({ email: " INES@Example.ORG ", password: ines.password });
	assert.ok(await signedIn(agent));
};
cases["a mailed link signs in once; opening it alone uses nothing up"] = async () => {
	const agent = new Agent(base);
	const before = (await letter(tom.email)).count; // of a case before
	const page = await agent.go(`/sign-in?email=${tom.email}`);
	const sent = await agent.go("/sign-in/mail", { method: "POST", body: new URLSearchParams({ ...Agent.form(page).fields, email: tom.email, next: "/identity" }) });
	assert.match(sent.text, /Look in your mail/);
	const { link, text } = await letter(tom.email, { after: before });
	assert.match(text, /Subject: Your link to sign in/);
	const scanner = new Agent(base);
	for (let i = 0; i < 3; i++) assert.match((await scanner.go(link)).text, /Sign in now/);
	assert.equal(await signedIn(scanner), false);
	const reader = new Agent(base);
	const done = await reader.submit(await reader.go(link));
	assert.equal(done.url.pathname, "/identity");
	assert.equal((await new Agent(base).go(link)).status, 410);
};
cases["a forgotten password: a new one by letter, everywhere else signed out"] = async () => {
	const elsewhere = new Agent(base);
	await elsewhere.signIn(tom);
	assert.ok(await signedIn(elsewhere));
	const before = (await letter(tom.email)).count;
	const agent = new Agent(base);
	await agent.submit(await agent.go("/sign-in/forgot"), { email: tom.email });
	const { link } = await letter(tom.email, { after: before });
	let page = await agent.submit(await agent.go(link), { password: "short" });
	assert.equal(page.status, 422);
	assert.equal(wrongs(page).length, 1);
	page = await agent.submit(page, { password: "ovens and bread, bicycles" });
	assert.ok(await signedIn(agent));
	await letter(tom.email, { about: /Subject: A new password was set/ });
	assert.equal(await signedIn(elsewhere), false);
	const old = new Agent(base);
	await old.signIn(tom);
	assert.equal(await signedIn(old), false);
	tom.password = "ovens and bread, bicycles";
};
cases["the password is changed by who knows it; other devices are signed out"] = async () => {
	const agent = new Agent(base), elsewhere = new Agent(base);
	await agent.signIn(tom);
	await elsewhere.signIn(tom);
	let page = await agent.submit(await agent.go("/identity/password"), { former: "wrong", fresh: "aaaaaaaaaaaa" });
	assert.equal(page.status, 422);
	assert.equal(wrongs(page).length, 2);
	page = await agent.submit(page, { former: tom.password, fresh: "a third one, for good" });
	assert.match(said(page), /was changed/);
	tom.password = "a third one, for good";
	const { text } = await letter(tom.email, { about: /Subject: Your password was changed/ });
	assert.match(text, /When: \d+ [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC\nWith: Firefox on Linux\n/);
	for (const path of ["/identity", "/sign-in/forgot", "/account/notifications"]) assert.ok(text.includes(`${base}${path}\n`), path);
	assert.ok(await signedIn(agent));
	assert.equal(await signedIn(elsewhere), false);
};
cases["another address: confirmed by letter in the browser that asked; told to the former one too; nobody else's link, nobody else's address"] = async () => {
	const uma = { email: "uma@example.org", name: "Uma Castellanos", password: "plums in the evening" };
	const fresh = "uma@orchard.example";
	addPerson(site.data, uma);
	const agent = new Agent(base), other = new Agent(base);
	await agent.signIn(uma);
	await other.signIn(ines);
	let page = await agent.submit(await agent.go("/identity/email"), { email: "no address" });
	assert.equal(page.status, 422);
	assert.match(page.text, /value="no address"/);
	page = await agent.submit(page, { email: " UMA@example.org" });
	assert.match(wrongs(page).join(), /your address already/);
	// Somebody's: the same page, and a letter to them.
	const taken = await agent.submit(page, { email: ines.email });
	assert.match((await letter(ines.email, { about: /Subject: You have an account already/ })).text, /wanted to give another account this address/);
	page = await agent.submit(await agent.go("/identity/email"), { email: fresh });
	assert.equal(page.text.match(/<p>.*?<\/p>/)[0], taken.text.match(/<p>.*?<\/p>/)[0]);
	const { link } = await letter(fresh);
	assert.ok(await signedIn(other));
	assert.equal((await other.go(link)).status, 410, "of somebody else");
	const elsewhere = new Agent(base);
	page = await elsewhere.go(link);
	assert.equal(page.url.pathname, "/sign-in", "whoever has the letter alone changes nothing");
	// A link to the former address, which may be in other hands.
	const forgetful = new Agent(base);
	await forgetful.submit(await forgetful.go("/sign-in/forgot"), { email: uma.email });
	const reset = (await letter(uma.email, { about: /Subject: Set a new password/ })).link;
	page = await elsewhere.signIn(uma, page);
	assert.match(page.text, /From now on your address is <strong>uma@orchard.example/);
	page = await elsewhere.submit(page);
	assert.match(said(page), /was changed/);
	assert.match(page.text, /letters go to <strong>uma@orchard.example/);
	assert.match((await agent.go("/identity")).text, /uma@orchard.example/, "in every session of theirs");
	for (const to of [uma.email, fresh]) {
		const { text } = await letter(to, { about: /Subject: Your e-mail address was changed/ });
		assert.match(text, /Former address: uma@example.org\n/);
		assert.doesNotMatch(text, /sign-in\/forgot/, "that letter goes to the new address");
	}
	assert.equal((await new Agent(base).go(reset)).status, 410);
	assert.equal((await elsewhere.go(link)).status, 410);
	const [old, now] = [new Agent(base), new Agent(base)];
	await old.signIn(uma);
	await now.signIn({ ...uma, email: fresh });
	assert.deepEqual([await signedIn(old), await signedIn(now)], [false, true]);
	assert.match((await now.go("/identity/log")).text, /E-mail address changed/);
};
cases["two steps: set up with an app, asked for afterwards, a code good once; recovery codes; off again"] = async () => {
	const agent = new Agent(base);
	await agent.signIn(tom);
	let page = await agent.submit(await agent.go("/identity/two-step"), { step: "begin" });
	assert.match(page.text, /<svg class="qr"/);
	const seed = page.text.match(/code-shown">([^<]+)</)[1];
	page = await agent.submit(page, { code: "000000" });
	assert.equal(page.status, 422);
	const used = totp(seed);
	page = await agent.submit(page, { code: used });
	const codes = [...page.text.matchAll(/<code>([a-z0-9]{5}-[a-z0-9]{5})<\/code>/g)].map((m) => m[1]);
	assert.equal(codes.length, 10);
	await letter(tom.email, { about: /Subject: Two steps were turned on/ });

	const fresh = new Agent(base);
	page = await fresh.signIn(tom);
	assert.equal(page.url.pathname, "/sign-in/second");
	assert.equal(await signedIn(fresh), false);
	for (const code of ["123456", used, "", "aaaaa-aaaaa"]) {
		page = await fresh.submit(page, { code });
		assert.equal(page.status, 422, `${code} was taken`);
	}
	await fresh.submit(page, { code: totp(seed, Math.floor(Date.now() / 30000) + 1) });
	assert.ok(await signedIn(fresh));

	const lost = new Agent(base);
	await lost.submit(await lost.signIn(tom), { code: codes[3].toUpperCase() });
	assert.ok(await signedIn(lost));
	const thief = new Agent(base);
	page = await thief.submit(await thief.signIn(tom), { code: codes[3] });
	assert.equal(page.status, 422, "a recovery code is good once");
	// A mailed link asks for it too.
	const byMail = new Agent(base);
	const before = (await letter(tom.email)).count;
	const form = Agent.form(await byMail.go("/sign-in"));
	await byMail.go("/sign-in/mail", { method: "POST", body: new URLSearchParams({ ...form.fields, email: tom.email }) });
	page = await byMail.submit(await byMail.go((await letter(tom.email, { after: before })).link));
	assert.equal(page.url.pathname, "/sign-in/second");

	page = await lost.go("/identity/two-step");
	assert.match(page.text, /9 recovery codes/);
	await lost.submit(page, { step: "codes" });
	await letter(tom.email, { about: /Subject: New recovery codes/ });
	page = await lost.submit(page, { step: "off" });
	await letter(tom.email, { about: /Subject: Two steps were turned off/ });
	const plain = new Agent(base);
	await plain.signIn(tom);
	assert.ok(await signedIn(plain));
};
cases["a browser that was not seen before is told by letter, once; the first of all and known ones are not"] = async () => {
	const mara = { email: "mara@example.org", name: "Mara Lund", password: "sourdough at midnight" };
	addPerson(site.data, mara);
	const about = /Subject: New sign-in/;
	const from = async (agent) => {
		const a = new Agent(base);
		const fetch = a.fetch.bind(a);
		a.fetch = (url, options = {}) => fetch(url, { ...options, headers: { ...options.headers, ...(agent && { "user-agent": agent }) } });
		await a.signIn(mara);
		assert.ok(await signedIn(a));
	};
	await from();
	await from();
	await from("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1");
	const { text } = await letter(mara.email, { about });
	assert.match(text, /With: Safari on iPhone\n/);
	await from("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Safari/604.1"); // newer, the same
	await from();
	await from("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36");
	assert.match((await letter(mara.email, { about, after: 1 })).text, /With: Chrome on Windows\n/);
	assert.equal(notices(mara.email, about), 2);
};
cases["devices: listed without place, signed out one by one or all"] = async () => {
	const here = new Agent(base), there = new Agent(base);
	await here.signIn(ines);
	await there.signIn(ines);
	let page = await here.go("/identity/sessions");
	assert.match(page.text, /Firefox on Linux/);
	assert.match(page.text, /this one/);
	page = await here.submit(page, {}, [...page.text.matchAll(/name="session"/g)].length - 1);
	assert.equal(await signedIn(there), false);
	assert.ok(await signedIn(here));
};
cases["the security log tells its owner what was done, wrong passwords too"] = async () => {
	const agent = new Agent(base);
	await agent.signIn(ines);
	const page = await agent.go("/identity/log");
	for (const words of ["Signed in", "A wrong password was tried", "Signed out"]) assert.match(page.text, new RegExp(words));
};
cases["what proves who you are is changed only soon after proving it"] = async () => {
	assert.equal((await new Agent(base).go("/identity/passkeys")).url.pathname, "/sign-in");
	assert.equal((await new Agent(base).fetch("/identity/passkeys/options", { method: "POST", headers: { accept: "application/json" } })).status, 401);
};
cases["sign-up: open, with a letter; who has an account is told by letter, and nobody else is"] = async () => {
	const agent = new Agent(base);
	const first = await agent.submit(await agent.go("/sign-up"), { name: "Ada Lindqvist", email: "ada@example.org", password: "turn the compost often" });
	assert.match(first.text, /Look in your mail/);
	const other = new Agent(base);
	const second = await other.submit(await other.go("/sign-up"), { name: "Somebody", email: ines.email, password: "turn the compost often" });
	assert.match(second.text, /Look in your mail/);
	assert.match((await letter(ines.email)).text, /have an account already/);
	const { link } = await letter("ada@example.org");
	const page = await agent.submit(await agent.go(link));
	assert.ok(await signedIn(agent), said(page));
	assert.equal((await new Agent(base).go(link)).status, 410);
	const back = new Agent(base);
	await back.signIn({ email: "ada@example.org", password: "turn the compost often" });
	assert.ok(await signedIn(back));
};
cases["sign-up: what a form says of the way somebody came opens nothing; only a token does"] = async () => {
	for (const mode of ["owner", "invited", "invitation", "approval"])
		for (const token of ["", "made-up"]) {
			const email = `${mode}${token}@example.org`, agent = new Agent(base);
			const page = await agent.submit(await agent.go("/sign-up"), { name: "Mallory", email, password: "turn the compost often", mode, token });
			assert.equal(await signedIn(agent), false, `${mode} ${token}`);
			assert.equal(page.status, token ? 410 : 200);
			if (!token)
				assert.match(page.text, /Look in your mail/);
			const there = new Agent(base);
			const known = await there.submit(await there.go("/sign-up"), { name: "Mallory", email: ines.email, password: "turn the compost often", mode, token });
			assert.equal(known.status, page.status, "an address that has an account answers alike");
		}
};
cases["who signed up with somebody else's address has no key to their account, and no words in their mail"] = async () => {
	const ruth = "ruth@example.org", planted = "planted by a stranger", own = "chosen by ruth herself";
	const stranger = new Agent(base), browser = new Agent(base);
	await stranger.submit(await stranger.go("/sign-up"), { name: "Win https://evil.example", email: ruth, password: planted });
	const { text, link } = await letter(ruth);
	assert.doesNotMatch(text, /evil\.example/);
	let page = await browser.go(link);
	assert.match(page.text, /name="password"/, "the stranger's counts in the stranger's browser alone");
	page = await browser.submit(page);
	assert.equal(page.status, 422);
	await browser.submit(page, { password: own });
	assert.ok(await signedIn(browser));
	const tries = [];
	for (const password of [planted, own]) {
		const agent = new Agent(base);
		await agent.signIn({ email: ruth, password });
		tries.push(await signedIn(agent));
	}
	assert.deepEqual(tries, [false, true]);
};
cases["a wrong password is as much work for nobody's address as for somebody's"] = async () => {
	const entries = () => Number(execFileSync("python3", ["-c", "import sqlite3,sys;print(sqlite3.connect(sys.argv[1]).execute(\"SELECT COUNT(*) FROM audit_log WHERE action = 'person.sign_in_failed'\").fetchone()[0])", join(site.data, "identity.db")]));
	const written = [];
	for (const email of [ines.email, "nobody@example.org"]) {
		const before = entries();
		await new Agent(base).signIn({ email, password: "wrong wrong wrong" });
		written.push(entries() - before);
	}
	assert.deepEqual(written, [1, 1]);
};
cases["where to go on is a place of this site, however it is written"] = async () => {
	const own = base.replace("http://", "");
	for (const next of ["//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/", "/\tevil", "/\n/evil.example", "\t//evil.example", " //evil.example", `${base}.evil.example/`,
		`${base}@evil.example/`, `http://evil.example/${own}`, `//${own}@evil.example`, "javascript:alert(1)", "data:text/html,x", `/a\r\nlocation: https://evil.example`, `/${"a".repeat(5000)}`]) {
		const agent = new Agent(base);
		const page = await agent.go("/sign-in");
		const { fields } = Agent.form(page);
		const answer = await agent.fetch("/sign-in", { method: "POST", body: new URLSearchParams({ ...fields, email: ines.email, password: ines.password, next }) });
		assert.deepEqual([answer.status, answer.headers.get("location")], [303, "/account"], JSON.stringify(next));
		assert.equal((await agent.fetch(`/sign-in?next=${encodeURIComponent(next)}`)).headers.get("location"), "/account", JSON.stringify(next));
	}
};
cases["links in letters carry the site's own name, whatever name it was asked under"] = async () => {
	const una = { email: "una@example.org", name: "Una Novak", password: "lentils and a long walk" };
	addPerson(site.data, una);
	const agent = new Agent(base), { fields } = Agent.form(await agent.go("/sign-in/forgot"));
	const body = new URLSearchParams({ ...fields, email: una.email }).toString();
	const status = await new Promise((resolve, reject) => {
		const q = request({ host: "127.0.0.1", port: site.port, path: "/sign-in/mail", method: "POST", headers: { host: "evil.example", "x-forwarded-host": "evil.example", "content-length": body.length,
			"content-type": "application/x-www-form-urlencoded", cookie: [...agent.cookies].map(([k, v]) => `${k}=${v}`).join("; ") } }, (r) => { r.resume(); resolve(r.statusCode); });
		q.on("error", reject);
		q.end(body);
	});
	assert.equal(status, 200);
	const { text, link } = await letter(una.email);
	assert.doesNotMatch(text, /evil\.example/);
	assert.ok(link.startsWith(`${base}/`));
};
cases["pages with forms are in nobody else's frame"] = async () => {
	for (const path of ["/sign-in", "/sign-up", "/sign-in/forgot", "/sign-in/link?token=x"])
		assert.match((await new Agent(base).fetch(path)).headers.get("content-security-policy"), /frame-ancestors 'self'(;|$)/, path);
};
cases["with a new password other letters with links, and sign-ins between two steps, are over"] = async () => {
	const kai = { email: "kai@example.org", name: "Kai Berg", password: "salt, then wait a day" };
	addPerson(site.data, kai);
	const agent = new Agent(base), thief = new Agent(base);
	await agent.signIn(kai);
	const begun = await agent.submit(await agent.go("/identity/two-step"), { step: "begin" });
	const seed = begun.text.match(/code-shown">([^<]+)</)[1];
	await agent.submit(begun, { code: totp(seed) });
	const second = await thief.signIn(kai);
	assert.equal(second.url.pathname, "/sign-in/second");
	const forgot = async (after) => {
		await thief.submit(await thief.go("/sign-in/forgot"), { email: kai.email });
		return letter(kai.email, { after, about: /Subject: Set a new password/ });
	};
	const first = await forgot(0), other = await forgot(1);
	const reader = new Agent(base);
	await reader.submit(await reader.go(first.link), { password: "salt, then wait two days" });
	assert.equal((await new Agent(base).go(other.link)).status, 410);
	const late = await thief.submit(second, { code: totp(seed, Math.floor(Date.now() / 30000) + 1) });
	assert.equal(late.url.pathname, "/sign-in");
	assert.equal(await signedIn(thief), false);
};
cases["sign-up by approval waits; by invitation is closed"] = async () => {
	const approval = await start("approval", ["--set", "identity.sign_up=approval"]);
	const agent = new Agent(approval.base);
	await agent.submit(await agent.go("/sign-up"), { name: "Ada", email: "ada@example.org", password: "turn the compost often" });
	const page = await agent.submit(await agent.go((await letter("ada@example.org", { data: approval.data })).link));
	assert.match(page.text, /Nearly there/);
	await agent.signIn({ email: "ada@example.org", password: "turn the compost often" });
	assert.equal(await signedIn(agent), false);
	const closed = await start("closed", ["--set", "identity.sign_up=invitation"]);
	const stranger = new Agent(closed.base);
	assert.match((await stranger.go("/sign-up")).text, /by invitation/);
	assert.equal((await stranger.go("/sign-up?invitation=made-up")).status, 410);
};
cases["passwords of a list from break-ins are refused wherever one is set; without the list nobody is kept from theirs"] = async () => {
	const list = join(folder, "breached.txt"), known = "correct horse battery staple";
	const hash = (text) => createHash("sha1").update(text).digest("hex").toUpperCase();
	writeFileSync(list, ["123456789012", known, "let me in, let me in"].map((p, i) => `${hash(p)}:${i + 1}7\r\n`).sort().join(""));
	const set = ["--set", `identity.breached_passwords=${list}`];
	assert.throws(() => addPerson(join(folder, "breached"), { ...tom, password: known }, set), /found in break-ins elsewhere \(27 times\)/);
	const own = { ...tom, password: "bicycles and bread ovens" };
	addPerson(join(folder, "breached"), own, set);
	const there = await start("breached", set);
	const refused = (page) => {
		assert.equal(page.status, 422);
		assert.match(wrongs(page).join(), /break-ins elsewhere \(27 times\)/);
	};
	const newcomer = new Agent(there.base);
	let page = await newcomer.submit(await newcomer.go("/sign-up"), { name: "Ada Lindqvist", email: "ada@example.org", password: known });
	refused(page);
	assert.match(page.text, /value="Ada Lindqvist"/);
	assert.match(page.text, /value="ada@example.org"/);
	page = await newcomer.submit(page, { password: `${known}!` });
	assert.match(page.text, /Look in your mail/);
	const agent = new Agent(there.base);
	await agent.signIn(own);
	page = await agent.submit(await agent.go("/identity/password"), { former: own.password, fresh: known });
	refused(page);
	const forgetful = new Agent(there.base);
	await forgetful.submit(await forgetful.go("/sign-in/forgot"), { email: tom.email });
	const { link } = await letter(tom.email, { data: there.data });
	page = await forgetful.submit(await forgetful.go(link), { password: known });
	refused(page);
	rmSync(list);
	await forgetful.submit(page, { password: known });
	assert.ok(await signedIn(forgetful));
	assert.match(there.log(), /password\.list_unread.*No such file/);
};
cases["every form wants its token (CSRF)"] = async () => {
	const agent = new Agent(base);
	await agent.signIn(ines);
	for (const path of ["/sign-in", "/sign-in/second", "/sign-in/mail", "/sign-in/link", "/sign-up", "/identity/password", "/identity/email", "/identity/two-step", "/identity/sessions",
		"/identity/passkeys", "/identity/passkeys/options", "/identity/passkeys/remove", "/sign-in/passkey", "/sign-in/passkey/options"]) {
		const bare = await agent.fetch(path, { method: "POST", body: new URLSearchParams({ session: "others", step: "off" }) });
		assert.equal(bare.status, 403, path);
	}
};
cases["attempts are throttled by account, whoever asks"] = async () => {
	addPerson(join(folder, "slow"), ines);
	const slow = await start("slow", ["--set", "rate.enabled=yes", "--set", "rate.sign_in_per_minute=100000", "--set", "rate.sign_in_burst=100000", "--set", "identity.account_burst=3", "--set", "identity.account_per_minute=1"]);
	for (const email of [ines.email, "nobody@example.org"]) {
		const seen = [];
		for (let i = 0; i < 6; i++) {
			const agent = new Agent(slow.base);
			const page = await agent.submit(await agent.go("/sign-in"), { email, password: "wrong wrong wrong" });
			seen.push(page.status);
			if (page.status === 429) assert.ok(Number(page.headers.get("retry-after")) > 0);
		}
		assert.deepEqual(seen, [422, 422, 422, 429, 429, 429], email);
	}
};

const signOut = async (agent) => agent.submit(await agent.go("/oauth/end_session"));
cases["nobody is called what turns the text around"] = async () => {
	const agent = new Agent(base);
	for (const [field, value] of [["name", "Ada\u202eadminA"], ["name", "\u2066Ada"], ["email", "ada\u202e@example.org"]]) {
		const page = await agent.submit(await agent.go("/sign-up"), { name: "Ada", email: "ada.turns@example.org", password: "turn the compost often", [field]: value });
		assert.deepEqual([page.status, wrongs(page).length], [422, 1], field);
	}
};
cases["what is guessed first is no password, wherever one is chosen, and the rule stands beside the field"] = async () => {
	const agent = new Agent(base), rosa = { ...ines, email: "rosa.quintela@example.org", name: "Rosa Quintela", password: "lentils soaked overnight" };
	addPerson(site.data, rosa);
	for (const password of ["password1234", "1234567890", "Quintela2026!", "rosa.quintela"]) {
		const page = await agent.submit(await agent.go("/sign-up"), { name: "Rosa Quintela", email: "rosa.quintela@example.net", password });
		assert.equal(page.status, 422, password);
		assert.match(wrongs(page)[0], /guessed first/, password);
		assert.match(page.text, /id="h-password">At least 10 characters/);
	}
	await agent.signIn(rosa);
	const changed = await agent.submit(await agent.go("/identity/password"), { former: rosa.password, fresh: "RosaQuintela1" });
	assert.match(wrongs(changed)[0], /your name or address/);
	const other = new Agent(base);
	await other.submit(await other.go("/sign-in/forgot"), { email: rosa.email });
	const { link } = await letter(rosa.email, { about: /Set a new password/ });
	const reset = await other.submit(await other.go(link), { password: "quintela-rosa-1" });
	assert.match(wrongs(reset)[0], /your name or address/);
	assert.ok(await signedIn(agent), "nothing was used up by it");
};
cases["a link to sign in without an address is asked for on the page where its button is"] = async () => {
	const agent = new Agent(base);
	for (const email of ["", "nobody"]) {
		const form = Agent.form(await agent.go("/sign-in"));
		const page = await agent.go("/sign-in/mail", { method: "POST", body: new URLSearchParams({ ...form.fields, email, password: "" }) });
		assert.equal(page.status, 422);
		assert.match(page.text, /<h1>Sign in<\/h1>[\s\S]*e-mail address/);
	}
};
/** Uses up what strangers have for an address. */
const hammer = async (host, email, path, form, seen) => {
	for (let i = 0; i < 8; i++) {
		const agent = new Agent(host);
		const page = await agent.submit(await agent.go(path), { email, ...form });
		if (seen(page)) return;
	}
	throw new Error("there is no limit");
};
const locked = (host, email) => hammer(host, email, "/sign-in", { password: "wrong wrong wrong" }, (page) => page.status === 429);
cases["strangers who try an account keep nobody out: a browser that was signed in there has attempts of its own, until a new password is set elsewhere"] = async () => {
	const host = servers.at(-1).url.replace("127.0.0.1", "localhost"), data = join(folder, "slow"), una = { ...ines, email: "una@example.org", name: "Una" };
	addPerson(data, una);
	const home = new Agent(host), work = new Agent(host), stranger = new Agent(host);
	await home.signIn(una);
	await work.signIn(una);
	assert.ok(await signedIn(home));
	await signOut(home);
	await locked(host, una.email);
	const refused = await stranger.signIn(una);
	assert.equal(refused.status, 429);
	assert.match(said(refused), /have a link mailed/);
	// Not even with a cookie of somebody else who may sign in.
	const other = { ...ines, email: "otto@example.org", name: "Otto" };
	addPerson(data, other);
	await stranger.signIn(other);
	assert.equal((await stranger.signIn(una, await stranger.go("/sign-in?again=1"))).status, 429);
	// The owner's browser: wrong ones are counted there too, but on its own account.
	assert.equal((await home.signIn({ ...una, password: "a slip of the finger" })).status, 422);
	await home.signIn(una);
	assert.ok(await signedIn(home), "the owner is in");
	// A new password makes strangers of all other browsers.
	const fresh = { ...una, password: "nettles by the compost heap" };
	await home.submit(await home.go("/identity/password"), { former: una.password, fresh: fresh.password });
	assert.equal((await work.signIn(fresh)).status, 429);
	await signOut(home);
	await home.signIn(fresh);
	assert.ok(await signedIn(home), "and the one it was set in is no stranger");
};
cases["strangers who know the password keep nobody from the second step"] = async () => {
	const host = servers.at(-1).url.replace("127.0.0.1", "localhost"), data = join(folder, "slow"), eva = { ...ines, email: "eva@example.org", name: "Eva" };
	addPerson(data, eva);
	const home = new Agent(host);
	await home.signIn(eva);
	const begun = await home.submit(await home.go("/identity/two-step"), { step: "begin" });
	const seed = begun.text.match(/code-shown">([^<]+)</)[1];
	const on = await home.submit(begun, { step: "confirm", code: totp(seed) });
	const codes = [...on.text.matchAll(/<code>([^<]+)</g)].map((m) => m[1]);
	const half = async (agent) => agent.signIn(eva);
	const thief = new Agent(host);
	let page = await half(thief);
	for (let i = 0; i < 8 && page.status !== 429; i++) page = await thief.submit(page, { code: "000000" });
	assert.equal(page.status, 429);
	await signOut(home);
	await home.submit(await half(home), { code: codes[0] });
	assert.ok(await signedIn(home));
};
cases["letters to one address are few, whoever asks for them; each kind has its own few, and so has the owner's browser"] = async () => {
	const host = servers.at(-1).url.replace("127.0.0.1", "localhost"), data = join(folder, "slow"), zed = "zed@example.org";
	const arrived = async (to, about, n) => {
		await letter(to, { data, after: n - 1, about });
		assert.equal(letters(data, to).filter((t) => about.test(t)).length, n);
	};
	const ask = async (agent, email, path, form) => assert.match((await agent.submit(await agent.go(path), { email, ...form })).text, /Look in your mail/);
	const many = async (n, ...rest) => {
		for (let i = 0; i < n; i++) await ask(new Agent(host), ...rest);
	};
	await many(8, zed, "/sign-up", { name: "Zed", password: "turn the compost often" });
	await arrived(zed, /confirm your address/, 4);
	const ola = { ...ines, email: "ola@example.org", name: "Ola" };
	addPerson(data, ola);
	const home = new Agent(host);
	await home.signIn(ola);
	await signOut(home);
	await many(8, ola.email, "/sign-up", { name: "Ola", password: "turn the compost often" });
	await many(8, ola.email, "/sign-in/forgot", {});
	await arrived(ola.email, /account already/, 4);
	await arrived(ola.email, /Set a new password/, 4);
	// What was asked for in her name has taken nothing from the way in that she uses.
	await home.submit(await home.go("/sign-in/forgot"), { email: ola.email });
	await arrived(ola.email, /Set a new password/, 5);
};

// --- in a real browser ------------------------------------------------------------------------------------------------

const chrome = await browser();
cases["a passkey is added and signs in, in Chromium with a virtual authenticator; removed, it does not"] = async () => {
	const context = await chrome.newContext();
	const page = await context.newPage();
	const problems = [];
	page.on("pageerror", (e) => problems.push(String(e)));
	const cdp = await context.newCDPSession(page);
	await cdp.send("WebAuthn.enable");
	await cdp.send("WebAuthn.addVirtualAuthenticator", { options: { protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true,
		isUserVerified: true, automaticPresenceSimulation: true } });
	await page.goto(`${base}/sign-in?next=/identity/passkeys`);
	await page.getByLabel("E-mail address").fill(ines.email);
	await page.getByLabel("Password").fill(ines.password);
	await page.getByRole("button", { name: "Sign in", exact: true }).click();
	await page.waitForURL(`${base}/identity/passkeys`);
	await page.getByLabel("A name for the new one").fill("Kitchen tablet");
	await page.getByRole("button", { name: "Add a passkey" }).click();
	await page.waitForURL(/done=added/);
	assert.match(await page.locator(".rows").innerText(), /Kitchen tablet/);
	assert.match((await letter(ines.email, { about: /Subject: A passkey was added/ })).text, /Passkey: Kitchen tablet\n/);

	await context.clearCookies();
	// The browser may offer it by itself (conditional mediation); else by its button.
	await page.goto(`${base}/sign-in?next=/identity`);
	const signedIn = page.waitForURL(`${base}/identity`);
	page.getByRole("button", { name: "Use a passkey" }).click().catch(() => {}); // gone with its page
	await signedIn;
	assert.match(await page.locator(".facts").innerText(), /Passkeys\s+1/);

	await page.goto(`${base}/identity/passkeys`);
	await page.getByRole("button", { name: /Remove/ }).click();
	await page.waitForURL(/done=removed/);
	assert.match((await letter(ines.email, { about: /Subject: A passkey was removed/ })).text, /Passkey: Kitchen tablet\n/);
	await context.clearCookies();
	await page.goto(`${base}/sign-in`);
	await page.waitForTimeout(500);
	if (await page.locator("[data-passkey-problem]").isHidden()) await page.getByRole("button", { name: "Use a passkey" }).click();
	await page.waitForFunction(() => !document.querySelector("[data-passkey-problem]").hidden);
	assert.match(await page.locator("[data-passkey-problem]").innerText(), /not known here/);
	assert.deepEqual(problems, []);
	await context.close();
};

await run(cases, async () => {
	await chrome.close();
	for (const s of servers) assert.equal(await s.stop(), 0);
	rmSync(folder, { recursive: true, force: true });
});

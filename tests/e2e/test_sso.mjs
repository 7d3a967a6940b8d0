// SPDX-License-Identifier: Apache-2.0
// One sign-in for every service: on one origin, in two processes, on sub-domains over TLS and on sites that have nothing in
// common, with third-party cookies blocked. One sign-out ends it everywhere.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { addPerson, freePort, run, serve } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "guildhall-sso-"));
const person = { email: "ines@example.org", name: "Inês Marques", password: "a loaf on every table" };
const SECRET = "5c".repeat(32);
const chrome = await chromium.launch({
	executablePath: "/usr/bin/chromium",
	args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--test-third-party-cookie-phaseout",
		"--host-resolver-rules=MAP *.test 127.0.0.1, MAP localhost 127.0.0.1"],
});
const servers = [];

const start = async (options) => {
	const s = await serve({ demo: false, ...options });
	servers.push(s);
	return s;
};
const set = (settings) => Object.entries(settings).flatMap(([k, v]) => ["--set", `${k}=${v}`]);

/** A set-up: the addresses of blog, account and identity, once they answer. */
const setups = {
	"one origin": async () => {
		const port = await freePort();
		const data = join(folder, "one");
		addPerson(data, person);
		await start({ data, port });
		const origin = `http://localhost:${port}`;
		return { blog: `${origin}/`, account: `${origin}/account`, provider: origin };
	},
	"two processes": async () => {
		const [first, second] = [await freePort(), await freePort()];
		const blog = `http://localhost:${first}`, account = `http://localhost:${second}/account`;
		const common = { "server.secret": SECRET, "blog.base_url": blog, "identity.base_url": blog, "account.base_url": account,
			"auth.url": `sqlite:${join(folder, "auth.db")}` };
		const remote = { "account.remote_url": `http://127.0.0.1:${second}`, "blog.remote_url": `http://127.0.0.1:${first}`,
			"identity.remote_url": `http://127.0.0.1:${first}` };
		const data = join(folder, "two");
		addPerson(data, person, set(common));
		await start({ data, port: first, args: [...set({ ...common, ...remote }), "--only", "blog,identity"] });
		await start({ data: join(folder, "two-account"), port: second, args: [...set({ ...common, ...remote }), "--only", "account"] });
		return { blog: `${blog}/`, account, provider: blog };
	},
	"sub-domains over TLS": async () => tls("coop", { blog: "www.coop.test", account: "account.coop.test", identity: "id.coop.test" }),
	"sites with nothing in common": async () => tls("far", { blog: "millrace.test", account: "desk.test", identity: "keys.test" }, { hint: false }),
};

async function tls(name, hosts, more = {}) {
	const cert = join(folder, `${name}.pem`), key = join(folder, `${name}.key`);
	execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test",
		"-addext", `subjectAltName=${Object.values(hosts).map((h) => `DNS:${h}`).join(",")}`, "-keyout", key, "-out", cert], { stdio: "ignore" });
	const port = await freePort();
	const at = (s) => `https://${hosts[s]}:${port}`;
	const settings = { "server.tls_cert": cert, "server.tls_key": key, "blog.base_url": at("blog"), "account.base_url": at("account"),
		"identity.base_url": at("identity") };
	const data = join(folder, name);
	addPerson(data, person);
	await start({ data, port, args: set(settings) });
	return { blog: `${at("blog")}/`, account: `${at("account")}/`, provider: at("identity"), secure: true, ...more };
}

const menu = (page) => page.locator("header .wide .auth-menu").first().innerText();

async function signIn(page, at) {
	await page.goto(new URL("/", at).origin + new URL(at).pathname.replace(/\/$/, "") + "/auth/login");
	assert.match(page.url(), /\/sign-in\?next=/);
	await page.getByLabel("E-mail address").fill(person.email);
	await page.getByLabel("Password").fill(person.password);
	await page.getByRole("button", { name: "Sign in", exact: true }).click();
	await page.waitForURL((u) => !u.pathname.includes("sign-in"));
}

const cases = {};
for (const [name, setUp] of Object.entries(setups)) {
	let at;
	cases[`${name}: signed in once, known everywhere; signed out once, nowhere`] = async () => {
		at = await setUp();
		const context = await chrome.newContext({ ignoreHTTPSErrors: true });
		const page = await context.newPage();
		await page.goto(at.blog);
		assert.match(await menu(page), /Sign in|Account/);
		await signIn(page, at.blog);
		assert.ok(page.url().startsWith(at.blog), page.url());
		assert.match(await menu(page), /Inês/);

		// The other service: silently where the hint reaches, with one press on "sign in" where it does not.
		await page.goto(at.account);
		if (at.hint === false) await page.goto(at.account.replace(/\/$/, "") + "/auth/login");
		assert.ok(page.url().startsWith(at.account.replace(/\/$/, "")), page.url());
		assert.match(await menu(page), /Inês/);

		const cookies = await context.cookies();
		const names = cookies.filter((c) => c.name.includes("gh-") && !c.name.includes("known")).map((c) => c.name).sort();
		const prefix = at.secure ? "__Host-" : "";
		assert.deepEqual(names, ["account", "blog", "identity"].map((s) => `${prefix}gh-${s}`));
		assert.ok(cookies.every((c) => c.httpOnly && c.secure === Boolean(at.secure) && c.sameSite === "Lax"));

		// Signed out at one: the others see it at their next request.
		await page.goto(at.account.replace(/\/$/, "") + "/auth/logout");
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.waitForURL(at.blog);
		assert.doesNotMatch(await menu(page), /Inês/);
		await page.goto(at.account);
		assert.doesNotMatch(await menu(page), /Inês/);
		await page.goto(`${at.provider}/sign-in`);
		assert.equal(await page.getByRole("heading", { name: "Sign in" }).count(), 1);
		await context.close();
	};
	cases[`${name}: a hint that leads nowhere is asked once, then left alone for a minute`] = async () => {
		const context = await chrome.newContext({ ignoreHTTPSErrors: true });
		await context.addCookies([{ name: "gh-known", value: "1", url: at.blog }]);
		const page = await context.newPage();
		let redirects = 0;
		page.on("response", (r) => { if (r.status() === 303) redirects++; });
		const answer = await page.goto(at.blog);
		assert.equal(answer.status(), 200);
		assert.equal(page.url(), at.blog);
		assert.equal(redirects, 4); // page, login, authorize, callback
		await page.goto(at.blog);
		assert.equal(redirects, 4);
		await context.close();
	};
	cases[`${name}: a session of another is of no use`] = async () => {
		const context = await chrome.newContext({ ignoreHTTPSErrors: true });
		const page = await context.newPage();
		await signIn(page, at.blog);
		const cookies = await context.cookies();
		const stolen = cookies.find((c) => c.name.endsWith("gh-blog")).value;
		const sso = cookies.find((c) => c.name.endsWith("gh-identity")).value;
		await context.clearCookies();
		const name = (s) => (at.secure ? "__Host-" : "") + `gh-${s}`;
		for (const [service, value] of [["account", stolen], ["account", sso], ["identity", stolen]]) {
			await context.clearCookies();
			await context.addCookies([{ name: name(service), value, url: service === "account" ? at.account : at.provider, secure: Boolean(at.secure) }]);
			await page.goto(service === "account" ? at.account : `${at.provider}/sign-in`);
			assert.doesNotMatch(await page.locator("body").innerText(), /Inês/, `${service} took another's cookie`);
		}
		await context.close();
	};
}

await run(cases, async () => {
	await chrome.close();
	for (const s of servers) assert.equal(await s.stop(), 0);
	rmSync(folder, { recursive: true, force: true });
});

// SPDX-License-Identifier: Apache-2.0
// Languages: every page and letter is in German for who reads German, with no English text of the catalogue in it; whose choice counts; kept
// pages of two languages never mix, in one process and in two; pages twice as long and from right to left are no wider than a screen.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, freePort, letter, run, serve } from "./lib.mjs";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const password = "a loaf on every table";
const ines = { email: "ines@example.org", name: "Inês Marques", password, owner: true };
const tom = { email: "tom@example.org", name: "Tom Okafor", password };
const data = mkdtempSync(join(tmpdir(), "guildhall-language-"));
addPerson(data, ines);
addPerson(data, tom);
const port = await freePort(), blogPort = await freePort(), idPort = await freePort();
const site = await serve({ data, port, args: ["--set", "rate.enabled=no", "--set", "i18n.pseudo=yes"] });
const base = `http://localhost:${port}`;
const german = { "accept-language": "de-AT,de;q=0.9,en;q=0.5" }, english = { "accept-language": "en-GB" };

/* --- the catalogue ------------------------------------------------------------------------------------------------- */

/** Texts whose German is another, as they stand in a page: without the places of what is filled in. */
function catalogue() {
	const found = new Set();
	for (const owner of ["platform", "services/account", "services/blog", "services/identity"]) {
		const po = readFileSync(join(root, "src", owner, "i18n/de.po"), "utf8");
		for (const entry of po.split(/\n\n/)) {
			const text = (name) => [...entry.matchAll(new RegExp(`^${name} ("(?:[^"\\\\]|\\\\.)*"(?:\\n"(?:[^"\\\\]|\\\\.)*")*)`, "gm"))]
				.map((m) => m[1].split("\n").map((l) => JSON.parse(l)).join(""))[0];
			const id = text("msgid"), de = text("msgstr(?:\\[0\\])?");
			if (!id || !de || id === de || /countries/.test(entry)) continue;
			for (const part of id.split(/\{\w+\}|<\/?\w+>|%[-.*\d$]*(?:l|ll|z)?[a-z]|\n/).map((p) => p.replace(/&\w+;/g, " ").trim()))
				if (/[a-z]{3}.* .*[a-z]{3}/.test(part) && !de.includes(part)) found.add(part);
			if (!/[{<%]/.test(id) && /^[A-Za-z][a-z]+$/.test(id)) found.add(id);
		}
	}
	return found;
}
const texts = catalogue();
const sentences = [...texts].filter((t) => t.includes(" ")), words = new Set([...texts].filter((t) => !t.includes(" ")));
assert.ok(sentences.length > 400 && words.size > 60, `${sentences.length} sentences, ${words.size} words`);

/** What a person reads or hears of a page that is not the site's own: its text nodes, and attributes like titles. */
function read(html) {
	const bare = html.replace(/<(script|style|svg|template)\b[\s\S]*?<\/\1>/g, "").replace(/<!--[\s\S]*?-->/g, "")
		.replace(/<div class="body"[\s\S]*?(?=<aside class="gate"|<footer class="narrow"|<\/article>)/, "").replace(/<ul class="nav-list" lang="en[^>]*>[\s\S]*?<\/ul>\s*(?=<\/nav>)/g, "").replace(/<(h1|h2|p|a|ul)\b[^>]* lang="en[^"]*"[^>]*>[\s\S]*?<\/\1>/g, "").replace(/<select id="(timezone|f-timezone|locale|f-lang|f-country)"[\s\S]*?<\/select>/g, "")
		.replace(/<code>[\s\S]*?<\/code>/g, "");
	const attributes = [...bare.matchAll(/ (?:alt|title|placeholder|aria-label|data-label|data-text-\w+)="([^"]*)"/g)].map((m) => m[1]);
	return [...bare.split(/<[^>]*>/), ...attributes].map((t) => Agent.unescape(t).replace(/&nbsp;/g, " ").replace(/\s+/g, " ").trim()).filter(Boolean);
}
function assertNoEnglish(html, where) {
	const list = read(html), whole = list.join("\n");
	const left = [...list.filter((t) => words.has(t)), ...sentences.filter((s) => whole.includes(s))];
	assert.deepEqual(left, [], `English at ${where}`);
}

/* --- pages --------------------------------------------------------------------------------------------------------- */

const open = ["/", "/archive/", "/tags/", "/search/", "/search/?q=bread", "/search/?q=zzqqxx", "/nothing-is-here/", "/sign-in", "/sign-in/forgot", "/sign-up",
	"/sign-in/link?token=none", "/account/auth/callback?code=x&state=y", "/oauth/authorize?client_id=nobody", "/sign-up?invitation=none", "/admin/"];
const own = ["/account", "/account/profile", "/account/addresses", "/account/addresses/new", "/account/notifications", "/account/data", "/account/leave",
	"/account/auth/logout", "/identity", "/identity/password", "/identity/email", "/identity/passkeys", "/identity/two-step", "/identity/sessions",
	"/identity/applications", "/identity/log", "/oauth/device", "/oauth/end_session"];
const admin = ["/admin/", "/admin/site", "/admin/menus", "/admin/settings", "/admin/members", "/admin/members?q=zzzz", "/admin/invitations", "/admin/applications",
	"/admin/audit", "/admin/operations", "/admin/dead-letters"];

/** Every page that menus, tabs and the administration's navigation lead to: what is new is looked at, too. */
function linked(page) {
	return [...page.text.matchAll(/ href="((?:\/(?:admin|account|identity))[^"#?]*)"/g)].map((m) => Agent.unescape(m[1])).filter((p) => !/\/media\/|logout$|\.(csv|json)$/.test(p));
}
const as = async (who, headers) => {
	const agent = new Agent(base), plain = agent.fetch.bind(agent);
	agent.fetch = (url, options = {}) => plain(url, { ...options, headers: { ...headers, ...options.headers } });
	if (!who) return agent;
	await agent.signIn(who);
	await agent.go("/account/auth/login");
	return agent;
};

const cases = {};
cases["a visitor who reads German: every page"] = async () => {
	const agent = await as(null, german);
	const posts = [...(await agent.go("/archive/")).text.matchAll(/<time[^>]*>[^<]*<\/time> <a href="([^"]*)"/g)].map((m) => m[1]);
	assert.ok(posts.length > 3);
	for (const path of [...open, ...posts]) {
		const page = await agent.go(path);
		assert.match(page.text, /<html lang="de">/, path);
		assert.equal(page.headers.get("content-language"), "de", path);
		assertNoEnglish(page.text, path);
	}
	assert.match((await agent.go("/")).text, /<h2 lang="en[^"]*" dir="ltr">/, "what the site says itself is marked as English");
	for (const path of ["/rss/", "/atom.xml"].filter((p) => p)) assert.doesNotMatch((await agent.go(path)).text, /lesen\./, `${path} is in the site's language`);
};
cases["forms that are refused, in German"] = async () => {
	const agent = await as(null, german);
	for (const [path, values, marker] of [["/sign-in", { email: "nobody@example.org", password: "x" }, "password"], ["/sign-in/forgot", { email: "no address" }, "email"],
		["/sign-up", { name: " ", email: "no", password: "short" }, "password"]]) {
		const page = await agent.go(path);
		if (!page.text.includes(`name="${marker}"`)) continue;
		const refused = await agent.submit(page, values);
		assert.ok(refused.status >= 400, path);
		assertNoEnglish(refused.text, `POST ${path}`);
	}
	const problem = await agent.fetch("/account/profile", { headers: { accept: "application/json" } });
	const body = await problem.json();
	assert.equal(body.detail, "Bitte melde dich an, um das zu sehen.");
	assert.equal(body.title, "Please sign in first", "titles go with their type, which programs know");
};
cases["who is signed in: every page of an owner"] = async () => {
	const agent = await as(ines, german);
	const seen = new Set();
	const next = [...own, ...admin];
	for (let path; (path = next.shift()); ) {
		if (seen.has(path) || seen.size > 200) continue;
		seen.add(path);
		const page = await agent.go(path);
		assert.match(page.text, /<html lang="de">/, path);
		assertNoEnglish(page.text, path);
		next.push(...linked(page));
	}
	assert.ok([...seen].some((p) => p.startsWith("/admin/members/")), "a member's page was among them");
	const form = async (path, values, marker) => {
		const page = await agent.go(path);
		const n = [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[0].includes(marker));
		const answer = await agent.submit(page, values, n);
		assertNoEnglish(answer.text, `POST ${path}`);
		return answer;
	};
	const countries = [...(await agent.go("/account/addresses/new")).text.matchAll(/<option value="([A-Z]{2})">([^<]*)/g)].map((m) => m[2]);
	assert.deepEqual([...countries].sort(new Intl.Collator("de").compare), countries, "countries are by their German names");
	await form("/admin/invitations", { email: "" }, 'name="email"');
	await form("/account/addresses/new", { name: "", line1: "", country: "" }, 'name="line1"');
	await form("/identity/password", { former: "wrong", fresh: "short" }, 'name="fresh"');
	await form("/account/profile", { handle: "NOT GOOD" }, 'name="handle"');
	await form("/admin/members", { do: "suspend" }, 'name="key"');
};
cases["whose choice counts: the person's, this browser's, the browser's, the site's"] = async () => {
	const visitor = await as(null, english);
	assert.match((await visitor.go("/")).text, /<html lang="en(-GB)?">/);
	let page = await visitor.go("/sign-in");
	const n = [...page.text.matchAll(/<form[^>]*method="post"/g)].length - 1;
	page = await visitor.submit(page, { lang: "de" }, n);
	assert.equal(page.url.pathname, "/sign-in");
	assert.match(page.text, /<html lang="de">/);
	assert.equal((await visitor.go("/site/language", { method: "POST", body: new URLSearchParams({ lang: "tlh" }) })).status, 400);
	const away = await visitor.fetch("/site/language", { method: "POST", headers: { referer: "https://elsewhere.example/" }, body: new URLSearchParams({ lang: "de" }) });
	assert.equal(away.headers.get("location"), "/");
	const member = await as(tom, english);
	page = await member.go("/account/profile");
	assert.match(page.text, /<html lang="en(-GB)?">/);
	page = await member.submit(page, { locale: "de" });
	assert.match(page.text, /<html lang="de">/, "at once");
	assert.match((await (await as(tom, english)).go("/account")).text, /<html lang="de">/, "in another browser of theirs, too");
	assert.match((await (await as(null, {})).go("/")).text, /<html lang="en(-GB)?">/, "the site's");
	const owner = await as(ines, english);
	const choose = async (lang) => {
		const body = new FormData(), form = await owner.go("/admin/site");
		for (const [k, v] of Object.entries(Agent.form(form).fields)) if (k !== "logo" && k !== "icon") body.append(k, v);
		const before = body.get("lang");
		body.set("lang", lang ?? before);
		assert.equal((await owner.go("/admin/site", { method: "POST", body })).status, 200);
		return before;
	};
	const before = await choose("de");
	assert.match(before, /^en/, "the form has what the site has");
	assert.match((await (await as(null, {})).go("/")).text, /<html lang="de">/, "the site's, at once");
	await choose(before.length === 2 ? before : "en");
	assert.match((await (await as(null, {})).go("/")).text, /<html lang="en(-GB)?">/, "and back");
};
cases["letters are in the language of their reader"] = async () => {
	const stranger = await as(null, english);
	await stranger.submit(await stranger.go("/sign-in/forgot"), { email: tom.email });
	const { text } = await letter(data, tom.email, /^To:/m);
	assert.match(text, /Neues Passwort setzen|Subject:.*Passwort/);
	assertNoEnglish(text.slice(text.indexOf("\n\n")), "a letter");
	const owner = await as(ines, english);
	const member = await as(tom, {});
	await member.submit(await member.go("/identity/password"), { former: password, fresh: "nine loud geese at noon" });
	const notice = await letter(data, tom.email, /Wann:/);
	assertNoEnglish(notice.text.slice(notice.text.indexOf("\n\n")), "a notice");
	tom.password = "nine loud geese at noon";
	await owner.submit(await owner.go("/sign-in/forgot"), { email: ines.email });
	assert.match((await letter(data, ines.email, /^To:/m)).text, /With this link you set a new password/);
};
cases["kept pages of two languages never mix, whoever comes first"] = async () => {
	for (const path of ["/", "/archive/", "/tags/"]) {
		const all = await Promise.all(Array.from({ length: 24 }, async (_, i) => {
			const answer = await fetch(base + path, { headers: [german, english, {}][i % 3] });
			return [i % 3, await answer.text(), answer.headers];
		}));
		for (const [which, text, headers] of all) {
			assert.match(text, [/<html lang="de">/, /<html lang="en(-GB)?">/, /<html lang="en(-GB)?">/][which], path);
			assert.match(headers.get("vary"), /accept-language/);
			assert.equal(text.includes("Zum Inhalt springen"), which === 0, path);
			assert.equal(text.includes(">Anmelden<"), which === 0, `${path}: the sign-in menu is a piece of its own`);
		}
	}
};
cases["what depends on the language says so once, kept or not"] = async () => {
	for (const path of ["/", "/", "/sign-in", "/nothing-is-here/"]) {
		const { headers } = await fetch(base + path, { headers: { ...german, "accept-encoding": "gzip" } });
		const vary = headers.get("vary").toLowerCase().split(/, */);
		assert.deepEqual(vary.filter((v) => v === "accept-language"), ["accept-language"], path);
		assert.ok(vary.includes("cookie") && vary.includes("accept-encoding"), `${path}: ${vary}`);
		assert.equal(headers.get("content-language"), "de", path);
	}
};
cases["across processes: pieces and answers come in the language of who asked"] = async () => {
	const folders = [mkdtempSync(join(tmpdir(), "guildhall-language-a-")), mkdtempSync(join(tmpdir(), "guildhall-language-b-"))];
	const shared = ["--set", `server.secret=${"5c".repeat(32)}`, "--set", "rate.enabled=no", "--set", `auth.url=sqlite:${join(folders[0], "auth.db")}`, "--set", `account.base_url=http://localhost:${idPort}/account`,
		"--set", `identity.base_url=http://localhost:${idPort}`, "--set", `blog.base_url=http://localhost:${blogPort}`];
	const second = await serve({ data: folders[1], port: idPort, demo: false, args: [...shared, "--set", "server.only=identity,account", "--set", `blog.remote_url=http://127.0.0.1:${blogPort}`] });
	const first = await serve({ data: folders[0], port: blogPort, args: [...shared, "--set", "server.only=blog", "--set", `account.remote_url=http://127.0.0.1:${idPort}`,
		"--set", `identity.remote_url=http://127.0.0.1:${idPort}`] });
	try {
		for (const [headers, words] of [[german, "Anmelden"], [english, "Sign in"], [german, "Anmelden"]]) {
			let text = "";
			for (let i = 0; i < 50 && !text.includes('class="auth-menu"'); i++) text = await (await fetch(`http://localhost:${blogPort}/archive/?${i}`, { headers })).text();
			assert.match(text, new RegExp(`class="auth-menu"[^>]*>${words}<`));
		}
	} finally {
		await first.stop();
		await second.stop();
		for (const f of folders) rmSync(f, { recursive: true, force: true });
	}
};

/* --- looks --------------------------------------------------------------------------------------------------------- */

for (const [lang, what] of [["en-XA", "twice as long"], ["ar-XB", "from right to left"]])
	for (const width of [390, 1280])
		cases[`${what}, ${width} pixels wide: no page is wider than the screen, and no English text is left`] = async () => {
			const chrome = await browser();
			const context = await chrome.newContext({ viewport: { width, height: 900 }, isMobile: width < 600, locale: "en-GB" });
			await context.addCookies([{ name: "lang", value: lang, url: base }]);
			const page = await context.newPage();
			const look = async (path) => {
				await page.goto(base + path);
				assert.equal(await page.evaluate(() => document.documentElement.lang), lang, path);
				assert.equal(await page.evaluate(() => document.documentElement.dir), lang === "ar-XB" ? "rtl" : "", path);
				const wide = await page.evaluate(() => {
					const most = document.documentElement.clientWidth;
					if (document.documentElement.scrollWidth <= most) return "";
					const out = [...document.querySelectorAll("body *")].filter((e) => {
						const r = e.getBoundingClientRect();
						return (r.right > most + 1 || r.left < -1) && !e.closest(".table-scroll, .visually-hidden, .skip, pre");
					});
					return out.slice(0, 3).map((e) => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 40)}`).join(" | ") || "something";
				});
				assert.equal(wide, "", `${path} is too wide`);
				assertNoEnglish((await page.content()).replaceAll("\u202e", "\u2039").replaceAll("\u202c", "\u203a"), `${lang} ${path}`);
			};
			for (const path of ["/", "/archive/", "/search/?q=bread", "/sign-in", "/sign-in/forgot", "/nothing-is-here/"]) await look(path);
			await page.goto(`${base}/account/auth/login`);
			await page.fill("[name=email]", ines.email);
			await page.fill("[name=password]", ines.password);
			await page.click("form[data-passkey-sign-in] button[type=submit]");
			await page.waitForURL(/\/account/);
			for (const path of [...own.filter((p) => !/oauth/.test(p)), ...admin]) await look(path);
			await chrome.close();
		};

await run(cases, async () => {
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

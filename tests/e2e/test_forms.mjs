// SPDX-License-Identifier: Apache-2.0
// Every form that the program has, found by following the links of an owner and of a visitor: nothing typed is lost when the session ended, when a field is
// wrong, after a way back; a double press does its work once. A form that a service adds is among them without a line here.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, browser, freePort, run, serve } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "guildhall-forms-"));
const ines = { email: "ines@example.org", name: "Inês Marques", password: "a loaf on every table", owner: true };
const data = join(folder, "one");
addPerson(data, ines);
const port = await freePort(), base = `http://localhost:${port}`;
const site = await serve({ data, port, args: ["--set", "rate.enabled=no", "--set", "identity.sign_up=open"] });
const owner = new Agent(base), visitor = new Agent(base);
await owner.signIn(ines);
await owner.go("/account/auth/login");

/** Addresses that differ by a number, an id or a name alone have the same forms. */
const kind = (path) => path.replace(/\/(\d+|01[0-9a-z]{22,})(?=\/|$)/g, "/*");
const LEAVES = /logout|end_session|\/leave|\/archive|\/media\/|\.(csv|json|xml|txt)$|\/export/;
const SECTIONS = /^\/(account|identity|admin|write|sign-in|sign-up|oauth\/device|search)(\/|$|\?)/;

const attribute = (tag, name) => Agent.unescape(tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? "");
/** Fields of a form that somebody types into or chooses, by name: what kind each is. */
const typedFields = (html) => {
	const found = new Map();
	for (const [tag] of html.matchAll(/<(?:input|textarea)\b[^>]*>/g)) {
		const type = tag.startsWith("<textarea") ? "area" : attribute(tag, "type") || "text", name = attribute(tag, "name");
		if (name && /^(text|area|email|tel)$/.test(type) && !/ readonly/.test(tag)) found.set(name, { type, max: Number(attribute(tag, "maxlength")) || 200, required: / required/.test(tag), pattern: attribute(tag, "pattern"), numeric: /inputmode="(numeric|decimal)"/.test(tag) });
	}
	return found;
};
const formsOf = (page) => [...page.text.matchAll(/<form\b[^>]*method="post"[^>]*>[\s\S]*?<\/form>/g)].map(([html], index) => ({ html, index, typed: typedFields(html), multipart: /enctype="multipart/.test(html) }));

/** What is found by following links from a few pages: each form once, with the page that it is on. */
async function crawl(agent, starts) {
	const waiting = [...starts], seen = new Set(), forms = new Map();
	while (waiting.length) {
		const at = waiting.shift(), url = new URL(at, base);
		if (seen.has(kind(url.pathname))) continue;
		seen.add(kind(url.pathname));
		const page = await agent.go(at);
		if (page.status !== 200 || page.url.origin !== base) continue;
		for (const form of formsOf(page)) {
			const action = new URL(attribute(form.html.match(/<form[^>]*>/)[0], "action") || page.url.href, page.url);
			const key = `${kind(page.url.pathname)} -> ${kind(action.pathname)} (${[...form.typed.keys()].join(" ")})`;
			if (form.typed.size && !forms.has(key)) forms.set(key, { ...form, key, path: page.url.pathname + page.url.search, action });
		}
		for (const [, link] of page.text.matchAll(/<a\b[^>]*href="([^"]*)"/g)) {
			const to = new URL(Agent.unescape(link), page.url);
			if (to.origin === base && SECTIONS.test(to.pathname) && !LEAVES.test(to.pathname)) waiting.push(to.pathname + to.search);
		}
	}
	return [...forms.values()];
}
const own = await crawl(owner, ["/account", "/identity", "/admin/", "/write", "/account/addresses/new", "/account/profile"]);
const open = await crawl(visitor, ["/sign-in", "/sign-up", "/sign-in/forgot"]);

/** Something for each field that it takes, and that is found again. */
const words = (form) => Object.fromEntries([...form.typed].map(([name, f], i) => {
	const text = f.type === "email" ? `typed${i}@example.org` : f.numeric ? `${40 + i}` : f.type === "tel" ? `+44 ${70000 + i}` : `typed_${i}_ø`;
	return [name, text.slice(0, f.max)];
}));
const sendForm = (agent, page, form, values) => {
	const { action, fields } = Agent.form(page, form.index);
	const all = { ...fields, ...values };
	let body = new URLSearchParams(all);
	if (form.multipart) {
		body = new FormData();
		for (const [name, value] of Object.entries(all)) body.append(name, value);
	}
	return agent.go(action, { method: "POST", headers: { referer: page.url.href }, body });
};
/** What a page's form with these fields holds. */
const given = (page, form) => formsOf(page).map((f) => Agent.form(page, f.index).fields).find((fields) => [...form.typed.keys()].every((name) => name in fields));
const holds = (page, form, values, but) => {
	const fields = given(page, form);
	assert.ok(fields, `${form.key}: the answer (${page.status}, ${page.url}) has no such form`);
	for (const [name, value] of Object.entries(values)) if (name !== but) assert.equal(fields[name].trim(), value, `${form.key}: ${name} (${page.status})`);
};

const cases = {};
cases["the forms that there are were found"] = async () => {
	const paths = new Set([...own, ...open].map((f) => kind(f.action.pathname)));
	for (const path of ["/account/profile", "/account/addresses", "/identity/email", "/admin/site", "/admin/menus", "/admin/settings", "/admin/invitations", "/write/new", "/sign-in", "/sign-up", "/sign-in/mail"])
		assert.ok(paths.has(path), `${path} is not among ${[...paths].join(", ")}`);
};
for (const form of own) {
	cases[`the session ended: ${form.key}`] = async () => {
		const page = await owner.go(form.path), values = words(form), gone = new Agent(base);
		for (const [name, value] of owner.cookies) if (!name.startsWith("gh-") && name !== "gh_sso") gone.cookies.set(name, value);
		const lost = await sendForm(gone, page, form, values);
		assert.equal(lost.status, 401, lost.text.slice(0, 300));
		holds(lost, form, values);
	};
}
cases["passwords are never given back"] = async () => {
	const page = await owner.go("/identity/password"), gone = new Agent(base), index = formsOf(page).findIndex((f) => /name="fresh"/.test(f.html));
	for (const [name, value] of owner.cookies) if (!name.startsWith("gh-") && name !== "gh_sso") gone.cookies.set(name, value);
	for (const [agent, status] of [[gone, 401], [owner, 422]]) {
		const answer = await sendForm(agent, page, { index }, { former: "not my password", fresh: "seven slow herons" });
		assert.equal(answer.status, status);
		assert.doesNotMatch(answer.text, /not my password|seven slow herons/);
	}
};
/** One is wrong: it has a character that no field takes. */
const wrongOne = (form) => [...form.typed].find(([, f]) => f.type === "email") ?? [...form.typed].find(([, f]) => f.type !== "area") ?? [...form.typed][0];
for (const form of [...own, ...open]) {
	cases[`a field is wrong: ${form.key}`] = async () => {
		const agent = own.includes(form) ? owner : visitor, page = await agent.go(form.path), values = words(form), [name] = wrongOne(form);
		values[name] = "\u202e";
		const answer = await sendForm(agent, page, form, values);
		assert.ok([400, 409, 422].includes(answer.status), `${answer.status} at ${answer.url}`);
		holds(answer, form, values, name);
	};
	cases[`pressed twice: ${form.key}`] = async () => {
		const agent = own.includes(form) ? owner : visitor, page = await agent.go(form.path);
		const { action, fields } = Agent.form(page, form.index), body = new URLSearchParams(fields);
		const send = () => agent.fetch(action, { method: "POST", headers: { referer: page.url.href }, body });
		const [first, second] = await Promise.all([send(), send()]);
		assert.deepEqual([second.status, second.headers.get("location")], [first.status, first.headers.get("location")]);
	};
}

const chrome = await browser();
cases["in a browser, a way back brings what was typed"] = async () => {
	const context = await chrome.newContext(), tab = await context.newPage();
	await tab.goto(`${base}/account/auth/login`);
	await tab.fill("[name=email]", ines.email);
	await tab.fill("[name=password]", ines.password);
	await tab.click("main form button[type=submit]");
	await tab.waitForURL(/\/account/);
	for (const form of own) {
		await tab.goto(base + form.path);
		const values = words(form), at = (name) => tab.locator(`form[action="${form.action.href}"] [name="${name}"], form[action="${form.action.pathname}"] [name="${name}"]`).first();
		const shown = [];
		for (const [name, value] of Object.entries(values)) if (await at(name).isVisible().catch(() => false) && await at(name).isEditable()) shown.push([name, value]);
		for (const [name, value] of shown) await at(name).fill(value);
		await tab.goto(`${base}/search/`);
		await tab.goto(base + form.path);
		for (const [name, value] of shown) assert.equal(await at(name).inputValue(), value, `${form.key}: ${name}`);
	}
	await context.close();
};

await run(cases, async () => {
	await chrome.close();
	assert.equal(await site.stop(), 0);
	rmSync(folder, { recursive: true, force: true });
});

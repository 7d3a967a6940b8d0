// SPDX-License-Identifier: Apache-2.0
// A form that is sent twice, without JavaScript: a second press while the first is under way, its sender gone or not; two processes of a site.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, freePort, run, serve } from "./lib.mjs";

const data = mkdtempSync(join(tmpdir(), "guildhall-once-"));
const mara = { email: "mara@example.org", name: "Mara Voss", password: "a loaf on every table" };
addPerson(data, mara);
const port = await freePort(), other = await freePort();
const base = `http://localhost:${port}`;
const set = (listen) => ["--set", "rate.enabled=no", "--set", `server.base_url=${base}`, "--set", "server.secret=" + "5c".repeat(32), "--set", `server.listen=127.0.0.1:${listen}`];
const site = await serve({ data, port, demo: false, args: set(port) });
const second = await serve({ data, port: other, demo: false, args: set(other) });
const address = { name: "Mara", line1: "Mill Lane 1", city: "Ousebridge", country: "GB" };
const agent = new Agent(base);
await agent.signIn(mara);
const count = async () => ((await agent.go("/account/addresses")).text.match(/Mill Lane 1/g) ?? []).length;
const formOf = (page, marker) => [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)].findIndex((m) => m[1].includes(marker));

/** The request of a form as bytes, for a socket of its own. */
const written = (page, values, marker) => {
	const { action, fields } = Agent.form(page, formOf(page, marker));
	const body = new URLSearchParams({ ...fields, ...values }).toString();
	const cookie = [...agent.cookies].map(([k, v]) => `${k}=${v}`).join("; ");
	return `POST ${action.pathname} HTTP/1.1\r\nHost: localhost:${port}\r\nCookie: ${cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};
const send = (text, to = port) => new Promise((resolve, reject) => {
	const socket = connect(to, "127.0.0.1", () => socket.write(text));
	let seen = "";
	socket.on("data", (d) => {
		seen += d;
		if (seen.includes("\r\n\r\n")) socket.destroy(), resolve(seen);
	});
	socket.on("error", reject);
	socket.on("end", () => resolve(seen));
});
const leave = (text) => new Promise((resolve, reject) => {
	const socket = connect(port, "127.0.0.1", () => socket.write(text, () => (socket.destroy(), resolve())));
	socket.on("error", reject);
});
const location = (answer) => {
	assert.match(answer, /^HTTP\/1.1 303 /, answer);
	return answer.match(/^location: (.*)\r$/im)[1];
};

const cases = {};
cases["two presses at once add one address, and both are told the same"] = async () => {
	const before = await count(), text = written(await agent.go("/account/addresses/new"), address, "line1");
	const answers = await Promise.all([send(text), send(text), send(text)]);
	assert.equal(new Set(answers.map(location)).size, 1);
	assert.equal(await count(), before + 1);
};
cases["a press whose sender left, which is what browsers do, and the next one"] = async () => {
	for (let i = 0; i < 5; i++) {
		const before = await count(), text = written(await agent.go("/account/addresses/new"), address, "line1");
		await leave(text);
		location(await send(text));
		assert.equal(await count(), before + 1);
	}
};
const picture = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
/** The same for a form with a file: what browsers make of it is not asked of fetch, so that two of them are alike to the byte. */
const writtenWithFile = (page, values, marker, file) => {
	const { action, fields } = Agent.form(page, formOf(page, marker));
	const part = (head, body) => Buffer.concat([Buffer.from(`--b0undary\r\nContent-Disposition: form-data; ${head}\r\n\r\n`), Buffer.from(body), Buffer.from("\r\n")]);
	const parts = Object.entries({ ...fields, ...values }).filter(([name]) => name !== "avatar").map(([name, value]) => part(`name="${name}"`, value));
	const body = Buffer.concat([...parts, part('name="avatar"; filename="me.png"\r\nContent-Type: image/png', file), Buffer.from("--b0undary--\r\n")]);
	const cookie = [...agent.cookies].map(([k, v]) => `${k}=${v}`).join("; ");
	return Buffer.concat([Buffer.from(`POST ${action.pathname} HTTP/1.1\r\nHost: localhost:${port}\r\nCookie: ${cookie}\r\nContent-Type: multipart/form-data; boundary=b0undary\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
};
cases["two presses of a form with a picture; another picture is another form"] = async () => {
	const changes = async () => ((await agent.go("/identity/log")).text.match(/Profile changed/g) ?? []).length;
	const before = await changes(), page = await agent.go("/account/profile");
	const text = writtenWithFile(page, {}, "avatar", picture), other = Buffer.from(picture);
	other[other.length - 30] ^= 1; // of the same name and size
	const answers = await Promise.all([send(text), send(text), send(text)]);
	assert.equal(new Set(answers.map(location)).size, 1);
	assert.equal(await changes(), before + 1);
	assert.match(await send(writtenWithFile(page, {}, "avatar", other)), /^HTTP\/1.1 (303|422) /);
	assert.match(await send(writtenWithFile(page, { name: "" }, "avatar", picture)), /^HTTP\/1.1 422 /);
};
cases["two presses that reach two processes"] = async () => {
	const before = await count(), text = written(await agent.go("/account/addresses/new"), address, "line1");
	const answers = await Promise.all([send(text), send(text, other)]);
	assert.equal(new Set(answers.map(location)).size, 1);
	assert.equal(await count(), before + 1);
};
cases["the same page sent again with other words is another form, and so is a page drawn anew"] = async () => {
	const before = await count(), page = await agent.go("/account/addresses/new");
	location(await send(written(page, address, "line1")));
	location(await send(written(page, { ...address, name: "Jonas" }, "line1")));
	location(await send(written(await agent.go("/account/addresses/new"), address, "line1")));
	assert.equal(await count(), before + 3);
};
cases["what was refused is looked at anew"] = async () => {
	const page = await agent.go("/account/addresses/new"), text = written(page, { ...address, city: "" }, "line1");
	assert.match(await send(text), /^HTTP\/1.1 422 /);
	assert.match(await send(text), /^HTTP\/1.1 422 /);
	const before = await count();
	location(await send(written(page, address, "line1")));
	assert.equal(await count(), before + 1);
};
cases["a second press that signs in brings the cookies again"] = async () => {
	const fresh = new Agent(base), page = await fresh.go("/sign-in");
	const { action, fields } = Agent.form(page, formOf(page, 'name="password"'));
	const body = new URLSearchParams({ ...fields, email: mara.email, password: mara.password }).toString();
	const cookie = [...fresh.cookies].map(([k, v]) => `${k}=${v}`).join("; ");
	const text = `POST ${action.pathname} HTTP/1.1\r\nHost: localhost:${port}\r\nCookie: ${cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
	const cookies = (answer) => [...answer.matchAll(/^set-cookie: (.*)\r$/gim)].map((m) => m[1]);
	const answers = await Promise.all([send(text), send(text)]);
	assert.equal(location(answers[0]), location(answers[1]));
	assert.ok(cookies(answers[0]).length > 0);
	assert.deepEqual(cookies(answers[0]), cookies(answers[1]));
	// With another browser's cookie the same words are another form's.
	assert.match(await send(text.replace(/gh_form=[^;\r]*/, "gh_form=" + "A".repeat(24))), /^HTTP\/1.1 403 /);
};

await run(cases, async () => {
	assert.equal(await second.stop(), 0);
	assert.equal(await site.stop(), 0);
	rmSync(data, { recursive: true, force: true });
});

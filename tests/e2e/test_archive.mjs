// SPDX-License-Identifier: Apache-2.0
// The whole site as one zip, and the same site of it: identical bytes, people who sign in, nothing changed by what is broken; on each store.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent } from "./agent.mjs";
import { addPerson, freePort, run, serve, totp } from "./lib.mjs";

const here = dirname(fileURLToPath(import.meta.url)), fixtures = join(here, "../fixtures"), pg = join(here, "../lib/pg.sh");
const folder = mkdtempSync(join(tmpdir(), "guildhall-archive-"));
const ines = { email: "ines@example.org", name: "Inês", password: "a loaf on every table" };
const guildhall = (...args) => spawnSync(process.env.GUILDHALL, args, { encoding: "utf8", timeout: 120000 });
const ok = (...args) => {
	const done = guildhall(...args);
	assert.equal(done.status, 0, `${args.join(" ")}\n${done.stderr.slice(-2000)}`);
	return done.stdout;
};
const bytes = (name) => readFileSync(join(folder, name));
const exported = (name, data, ...more) => {
	ok("export", "--archive", join(folder, name), "--data", data, ...more);
	return bytes(name);
};

const texts = join(folder, "texts"), site = join(folder, "site"), whole = join(folder, "whole.zip");
mkdirSync(texts);
cpSync(join(fixtures, "media/metadata.png"), join(texts, "wheel.png"));
writeFileSync(join(texts, "mill.md"), "---\ntitle: The mill\ntags: [Water]\n---\n![w](wheel.png) *words*\n");
ok("import", "markdown", texts, "--data", site);
ok("import", "ghost", join(fixtures, "ghost/ghost6-lexical.json"), "--data", site);
addPerson(site, { ...ines, owner: true });
ok("content-key", "--data", site);

/** Ines turns two steps on; returns the seed. */
const secondStep = async (data) => {
	const port = await freePort(), server = await serve({ data, port, demo: false, args: ["--set", "rate.enabled=no"] });
	const agent = new Agent(`http://localhost:${port}`);
	await agent.signIn(ines);
	const begun = await agent.submit(await agent.go("/identity/two-step"), { step: "begin" });
	const seed = begun.text.match(/<code[^>]*>([A-Z2-7 ]{20,})<\/code>/)[1];
	await agent.submit(begun, { step: "confirm", code: totp(seed) });
	await server.stop();
	return seed;
};

const cases = {};
let first, seed;
cases["the same site gives the same bytes, for its owner alone, as a plain zip"] = async () => {
	seed = await secondStep(site);
	first = exported("whole.zip", site);
	assert.deepEqual(exported("again.zip", site), first);
	assert.deepEqual(exported("elsewhere.zip", site), first, "the zone of the machine is not in it");
	assert.equal(statSync(whole).mode & 0o777, 0o600);
	const names = execFileSync("python3", ["-c", "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print('\\n'.join(z.namelist()))", whole], { encoding: "utf8" }).trim().split("\n");
	for (const name of ["archive.json", "data/blog/objects.jsonl", "data/identity/people.jsonl", "data/identity/passwords.jsonl", "data/account/addresses.jsonl"]) assert.ok(names.includes(name), name);
	assert.equal(names.filter((n) => /^media\/[0-9a-f]{64}\.orig$/.test(n)).length >= 1, true);
	for (const name of ["jobs", "activities", "audit_log", "oauth_keys", "schema_migrations", "search_fts"]) assert.ok(!names.some((n) => n.includes(`/${name}`)), name);
	process.env.TZ = "Pacific/Auckland";
	assert.deepEqual(exported("zone.zip", site), first);
	delete process.env.TZ;
};
cases["into an empty site it is the same site: identical bytes, and people sign in with both steps"] = async () => {
	const copy = join(folder, "copy");
	assert.match(ok("import", "archive", whole, "--data", copy), /rows added/);
	assert.deepEqual(exported("copy.zip", copy), first);
	const port = await freePort(), server = await serve({ data: copy, port, demo: false, args: ["--set", "rate.enabled=no"] });
	const agent = new Agent(`http://localhost:${port}`), page = await agent.go("/mill/");
	assert.match(page.text, /The mill/);
	const picture = await agent.fetch(page.text.match(/src="(\/media\/[^"]+)"/)[1]);
	assert.equal(picture.status, 200);
	const second = await agent.signIn(ines);
	await agent.submit(second, { code: totp(seed, Math.floor(Date.now() / 30000) + 1) });
	assert.equal((await agent.fetch("/identity")).status, 200);
	await server.stop();
};
cases["into the site it came from it changes nothing"] = () => {
	assert.match(ok("import", "archive", whole, "--data", site), /: 0 rows added/);
	assert.deepEqual(exported("own.zip", site), first);
};
cases["what is cut, changed, lacks an entry or is no archive is refused, and the site is as it was"] = () => {
	const data = join(folder, "refuses"), bad = join(folder, "bad.zip");
	const before = exported("empty.zip", data);
	const repack = (code) => execFileSync("python3", ["-c", `import sys, zipfile
z = zipfile.ZipFile(sys.argv[1]); out = zipfile.ZipFile(sys.argv[2], 'w'); out.comment = z.comment
for i in z.infolist():
${code.split("\n").map((l) => `    ${l}`).join("\n")}
out.close()`, whole, bad]);
	const refuse = (what, content) => {
		if (content) writeFileSync(bad, content);
		const done = guildhall("import", "archive", bad, "--data", data);
		assert.equal(done.status, 1, `${what}: ${done.stdout}${done.stderr.slice(-500)}`);
		assert.deepEqual(exported("after.zip", data), before, what);
	};
	for (const part of [0, 1, 30, first.length >> 1, first.length - 100, first.length - 64, first.length - 1]) refuse(`cut at ${part}`, first.subarray(0, part));
	for (const at of [0, 5, 12, 40, first.length >> 1, first.length - 200, first.length - 80, first.length - 65, first.length - 1]) {
		const changed = Buffer.from(first);
		changed[at] ^= 1;
		refuse(`changed at ${at}`, changed);
	}
	refuse("more behind it", Buffer.concat([first, Buffer.from("x")]));
	refuse("no zip", "nothing of the kind".repeat(20));
	repack("if i.filename != 'data/blog/objects.jsonl': out.writestr(i, z.read(i))");
	refuse("an entry is missing");
	repack("out.writestr(i, z.read(i))\nif i.filename == 'archive.json': out.writestr('../../escaped.txt', 'x')");
	refuse("a name that leads out");
	assert.equal(guildhall("import", "archive", join(folder, "nonesuch.zip"), "--data", data).status, 1);
	assert.ok(!readdirSync(join(data, "tmp")).length, "nothing is left lying about");
};
cases["names that lead out are not written, even under a right digest"] = () => {
	const data = join(folder, "outside"), bad = join(folder, "digest.zip");
	const names = ["../escaped.jsonl", "/tmp/guildhall-escaped.jsonl", "data/../../escaped.jsonl", "data/blog/../../../escaped.jsonl", "data/blog/objects.jsonl/x", "media/x.orig", "secret", "DATA/blog/x.jsonl"];
	for (const name of names) {
		execFileSync("python3", ["-c", `import hashlib, sys, zipfile
z = zipfile.ZipFile(sys.argv[1], 'w'); z.writestr('archive.json', '{}'); z.writestr(sys.argv[2], 'x'); z.comment = b'0' * 64; z.close()
b = open(sys.argv[1], 'rb').read()[:-64]; open(sys.argv[1], 'wb').write(b + hashlib.sha256(b).hexdigest().encode())`, bad, name]);
		const done = guildhall("import", "archive", bad, "--data", data);
		assert.equal(done.status, 1, name);
		assert.match(done.stderr, /a name in it is none of an archive's/, name);
	}
	assert.ok(!readdirSync(folder).includes("escaped.jsonl"));
};
cases["a site with something of its own is left alone"] = () => {
	const data = join(folder, "other");
	addPerson(data, { email: "tom@example.org", name: "Tom", password: "bicycles and bread ovens" });
	const before = exported("other.zip", data), done = guildhall("import", "archive", whole, "--data", data);
	assert.equal(done.status, 1);
	assert.match(done.stderr, /something of its own/);
	assert.deepEqual(exported("other2.zip", data), before);
};
cases["beside a running server, which shows it"] = async () => {
	const data = join(folder, "running"), port = await freePort(), server = await serve({ data, port, demo: false, args: ["--set", "rate.enabled=no"] });
	const agent = new Agent(`http://localhost:${port}`);
	assert.equal((await agent.fetch("/mill/")).status, 404);
	ok("import", "archive", whole, "--data", data);
	for (let i = 0; (await agent.fetch("/mill/")).status !== 200; i++) {
		assert.ok(i < 300);
		await new Promise((r) => setTimeout(r, 100));
	}
	assert.deepEqual(exported("running.zip", data), first);
	assert.equal(await server.stop(), 0);
};
cases["from SQLite into PostgreSQL and back it is the same"] = () => {
	const dir = `${folder}-pg`, started = spawnSync("bash", [pg, "start", dir], { encoding: "utf8", timeout: 120000 });
	if (started.status === 77) return;
	assert.equal(started.status, 0, started.stderr);
	const url = started.stdout.trim().split("\n")[0];
	try {
		const names = readdirSync(join(here, "../../src/services")).filter((n) => !n.includes(".")).concat("auth");
		for (const name of names) execFileSync("psql", [url, "-qc", `CREATE DATABASE gh_${name}`]);
		const args = ["--set", `database.url=${url.replace("/postgres?", "/gh_{service}?")}`, "--set", `auth.url=${url.replace("/postgres?", "/gh_auth?")}`], data = join(folder, "there");
		ok("import", "archive", whole, "--data", data, ...args);
		assert.deepEqual(exported("there.zip", data, ...args), first);
		assert.match(ok("import", "archive", whole, "--data", data, ...args), /: 0 rows added/);
	} finally {
		spawnSync("bash", [pg, "stop", dir], { timeout: 60000 });
	}
};

await run(cases, () => rmSync(folder, { recursive: true, force: true }));

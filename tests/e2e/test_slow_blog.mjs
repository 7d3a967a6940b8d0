// SPDX-License-Identifier: Apache-2.0
// A member's pages while the blog hangs: its store in the same process, then its whole process. They come, with what is remembered
// of the site, else without; and what was missing comes back by itself.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent } from "./agent.mjs";
import { addPerson, freePort, run, serve } from "./lib.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const pg = join(root, "tests/lib/pg.sh");
const folder = mkdtempSync(join(tmpdir(), "guildhall-slow-blog-"));
const tom = { email: "tom@example.org", name: "Tom Okafor", password: "a loaf on every table" };
const pages = ["/account", "/account/profile", "/account/addresses", "/account/addresses/new", "/account/notifications", "/account/data", "/account/leave"];
const after = [];
const limit = 20000; // far more than any page takes, less than the requests of one service waiting for each other

const titles = (agent) =>
	Promise.all(pages.map(async (path) => {
		const answer = await agent.fetch(path, { signal: AbortSignal.timeout(limit) });
		assert.equal(answer.status, 200, path);
		const text = await answer.text();
		assert.match(text, /<\/html>/);
		return text.match(/<title>([^<]*)/)[1];
	}));
const named = (list) => list.every((t) => t.includes(" – "));
const hangs_and_comes_back = async (origin, victim) => {
	const agent = new Agent(origin);
	const headers = { "accept-language": "en" }; // who does not say is answered in the language of the site, which is the blog's to know
	const { action, fields } = Agent.form(await agent.go("/sign-in", { headers }));
	await agent.fetch(action, { method: "POST", headers, body: new URLSearchParams({ ...fields, email: tom.email, password: tom.password }) });
	after.push(() => victim.kill("SIGCONT"));
	victim.kill("SIGSTOP");
	await agent.go("/account/auth/login");
	for (let i = 0; i < 3; i++) assert.ok((await titles(agent)).every((t) => !t.includes(" – ")), "never heard of it");
	victim.kill("SIGCONT");
	let now = [];
	for (let i = 0; i < 150 && !named((now = await titles(agent))); i++) await new Promise((r) => setTimeout(r, 400));
	assert.ok(named(now), `by itself: ${now}`);
	victim.kill("SIGSTOP");
	for (let i = 0; i < 3; i++) assert.ok(named(await titles(agent)), "remembered");
	victim.kill("SIGCONT");
};

const cases = {};
cases["the blog's store hangs, in one process"] = async () => {
	const data = join(folder, "one"), dir = mkdtempSync(join(tmpdir(), "guildhall-pg-"));
	execFileSync(pg, ["start", dir], { stdio: "ignore" });
	after.push(() => execFileSync(pg, ["stop", dir], { stdio: "ignore" }));
	const port = await freePort();
	const proxy = spawn(join(process.env.BUILD_DIR, "tests/slow_proxy"), [port, `unix:${dir}/.s.PGSQL.5432`, 0], { stdio: ["ignore", "pipe", "inherit"] });
	after.push(() => proxy.kill("SIGKILL"));
	await once(proxy.stdout, "data");
	const set = ["--set", `blog.database=postgresql://postgres@127.0.0.1:${port}/postgres`, "--set", "rate.enabled=no"];
	addPerson(data, tom, set);
	const site = await serve({ data, demo: false, args: set });
	after.push(async () => assert.equal(await site.stop(), 0));
	await hangs_and_comes_back(`http://localhost:${site.port}`, proxy);
};
cases["the blog's process hangs"] = async () => {
	const [first, second] = [await freePort(), await freePort()];
	const origin = `http://localhost:${first}`;
	const set = Object.entries({ "server.secret": "5c".repeat(32), "identity.base_url": origin, "account.base_url": `${origin}/account`, "blog.base_url": `http://localhost:${second}`,
		"auth.url": `sqlite:${join(folder, "auth.db")}`, "blog.remote_url": `http://127.0.0.1:${second}`, "identity.remote_url": `http://127.0.0.1:${first}`,
		"account.remote_url": `http://127.0.0.1:${first}`, "rate.enabled": "no" }).flatMap(([k, v]) => ["--set", `${k}=${v}`]);
	addPerson(join(folder, "two"), tom, set);
	const members = await serve({ data: join(folder, "two"), port: first, demo: false, args: [...set, "--only", "account,identity"] });
	const blog = await serve({ data: join(folder, "three"), port: second, demo: false, args: [...set, "--only", "blog"] });
	after.push(async () => assert.equal(await members.stop(), 0), async () => assert.equal(await blog.stop(), 0));
	await hangs_and_comes_back(origin, blog.process);
};

await run(cases, async () => {
	for (const end of after.reverse()) await end();
	rmSync(folder, { recursive: true, force: true });
});

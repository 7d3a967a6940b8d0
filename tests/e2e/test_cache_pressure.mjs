// SPDX-License-Identifier: Apache-2.0
// Sign-in state in a Redis of its own: a cache Redis that is filled far past its limit, emptied or killed signs nobody out.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, freePort, run, serve } from "./lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "guildhall-pressure-"));
const redis = async (name, ...more) => {
	const socket = join(folder, `${name}.sock`);
	const child = spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder, ...more], { stdio: "ignore" });
	const cli = (...args) => execFileSync("redis-cli", ["-s", socket, ...args], { encoding: "utf8" }).trim();
	for (let i = 0; i < 100 && !existsSync(socket); i++) await new Promise((r) => setTimeout(r, 50));
	const end = () => new Promise((resolve) => (child.exitCode !== null || child.signalCode ? resolve() : (child.once("exit", resolve), child.kill("SIGKILL"))));
	return { url: `unix:${socket}`, cli, end };
};
const cache = await redis("cache", "--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru");
const auth = await redis("auth", "--maxmemory-policy", "noeviction");
const person = { email: "ines@example.org", name: "Inês Marques", password: "a loaf on every table" };
const stores = ["--set", `redis.url=${cache.url}`, "--set", `redis.auth_url=${auth.url}`];
addPerson(join(folder, "data"), person, stores);
const port = await freePort();
const site = await serve({ data: join(folder, "data"), port, demo: false, args: [...stores, "--set", "rate.enabled=no"] });
const base = `http://localhost:${port}`;
const signedIn = async (agent) => (await agent.fetch("/identity")).status === 200 && (await agent.fetch("/account")).status === 200;
const people = [];

const cases = {};
cases["forty browsers sign in; who they are is in the auth Redis alone"] = async () => {
	for (let i = 0; i < 40; i++) {
		const agent = new Agent(base);
		await agent.signIn(person);
		await agent.go("/account/auth/login");
		people.push(agent);
	}
	assert.ok(await signedIn(people[0]));
	assert.ok(Number(auth.cli("dbsize")) >= 80);
	assert.equal(cache.cli("--scan", "--pattern", "gh:auth*"), "");
};
cases["the cache filled past its limit: it forgets, and nobody is signed out"] = async () => {
	for (let i = 0; i < 100; i++)
		cache.cli("eval", "for i = 1, 200 do redis.call('SET', 'fill:' .. ARGV[1] .. ':' .. i, string.rep('x', 1000)) end", "0", String(i));
	assert.ok(Number(cache.cli("info", "stats").match(/evicted_keys:(\d+)/)[1]) > 1000, "it did forget");
	for (const agent of people) assert.ok(await signedIn(agent));
};
cases["the cache emptied, then killed: nobody is signed out, and people sign in"] = async () => {
	cache.cli("flushall");
	for (const agent of people) assert.ok(await signedIn(agent));
	await cache.end();
	for (const agent of people.slice(0, 10)) assert.ok(await signedIn(agent));
	const late = new Agent(base);
	await late.signIn(person);
	await late.go("/account/auth/login");
	assert.ok(await signedIn(late));
};
cases["without its auth Redis the public part goes on for visitors, and signing in says that it can't"] = async () => {
	await auth.end();
	assert.equal((await people[0].go("/")).status, 200);
	assert.equal((await people[0].fetch("/account", { headers: { accept: "application/json" } })).status, 503);
	const page = await new Agent(base).go("/sign-in");
	assert.equal(page.status, 200);
};

await run(cases, async () => {
	assert.equal(await site.stop(), 0);
	await cache.end();
	await auth.end();
	rmSync(folder, { recursive: true, force: true });
});

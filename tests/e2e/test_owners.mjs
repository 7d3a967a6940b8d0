// SPDX-License-Identifier: Apache-2.0
// On PostgreSQL, where transactions run side by side: two owners who go at the same moment do not leave a site without one.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent } from "./agent.mjs";
import { addPerson, freePort, run, serve, services } from "./lib.mjs";

const pg = join(dirname(fileURLToPath(import.meta.url)), "../lib/pg.sh");
const folder = mkdtempSync(join(tmpdir(), "guildhall-owners-")), database = `${folder}-pg`; // whose user is another
let url;
try {
	url = execFileSync("bash", [pg, "start", database], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
} catch (error) {
	rmSync(folder, { recursive: true, force: true });
	if (error.status !== 77) throw error;
	process.exit(77); // not installed
}
const psql = (where, sql) => execFileSync("psql", [where, "-qAt", "-c", sql], { encoding: "utf8" }).trim();
for (const name of [...services, "auth"]) psql(url, `CREATE DATABASE ${name}`);
const there = url.replace("/postgres?", "/{service}?"), identity = url.replace("/postgres?", "/identity?");
const port = await freePort(), base = `http://localhost:${port}`, data = join(folder, "site");
const args = ["--set", `database.url=${there}`, "--set", `auth.url=${url.replace("/postgres?", "/auth?")}`, "--set", "rate.enabled=no"];
const password = "a loaf on every table";
const owners = [["ines@example.org", "Inês Marques"], ["max@example.org", "Max Adeyemi"]].map(([email, name]) => ({ email, name, password, owner: true }));
for (const p of owners) addPerson(data, p, args);
const site = await serve({ data, port, demo: false, args });
const as = async (who) => {
	const agent = new Agent(base);
	await agent.signIn(who);
	await agent.go("/account/auth/login");
	return agent;
};
/** While that is being written and not committed, fn runs; then it is. */
const beside = async (sql, fn) => {
	const other = spawn("psql", [identity, "-qAt"], { stdio: ["pipe", "pipe", "inherit"] });
	other.stdin.write(`BEGIN;\n${sql};\nSELECT 'written';\n`);
	await once(other.stdout, "data");
	const result = fn();
	await new Promise((r) => setTimeout(r, 700)); // long enough for a transaction that does not wait
	other.stdin.end("COMMIT;\n");
	await once(other, "exit");
	return result;
};

const cases = {};
cases["an owner who leaves while the other is leaving is told that they are the only one"] = async () => {
	const ines = await as(owners[0]);
	const page = await ines.go("/account/leave");
	const left = await beside("UPDATE people SET status = 'leaving' WHERE email = 'max@example.org'", () => ines.submit(page, {}, 0));
	assert.equal(left.status, 409);
	assert.match(left.text, /only owner/);
};
cases["an owner who suspends the other while being suspended by them is not obeyed"] = async () => {
	psql(identity, "UPDATE people SET status = 'active'");
	const ines = await as(owners[0]);
	const id = (await ines.go("/admin/members")).text.match(/value="([0-9a-z]{13})"><span class="visually-hidden">Choose Max/)[1];
	const { fields } = Agent.form(await ines.go(`/admin/members/${id}`));
	const answer = await beside("UPDATE people SET status = 'suspended' WHERE email = 'ines@example.org'",
		() => ines.go(`/admin/members/${id}`, { method: "POST", body: new URLSearchParams({ csrf: fields.csrf, action: "suspend" }) }));
	assert.equal(answer.status, 403);
	assert.equal(psql(identity, "SELECT status FROM people WHERE email = 'max@example.org'"), "active");
};

await run(cases, async () => {
	assert.equal(await site.stop(), 0);
	if (existsSync(database)) execFileSync("bash", [pg, "stop", database]);
	rmSync(folder, { recursive: true, force: true });
});

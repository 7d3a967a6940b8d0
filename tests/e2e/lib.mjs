// SPDX-License-Identifier: Apache-2.0
// What the browser tests share: a Guildhall of their own, a browser, and a count of what passed.
import { execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { setDefaultResultOrder } from "node:dns";
import { chromium } from "playwright-core";

// Servers listen on 127.0.0.1 and are called localhost, which may be ::1 first; Node 18 does not try the second.
setDefaultResultOrder("ipv4first");

/** The program's services, by its own list. */
export const services = [...readFileSync(new URL("../../src/platform/core/services.def", import.meta.url), "utf8").matchAll(/^X\((\w+)\)/gm)].map((m) => m[1]);

// A hundred of each script's own, below those that the kernel gives to whoever connects: between "free" and "listens" nobody else may have it.
const firstPort = 20000 + (process.pid % 127) * 100;
let portsGiven = 0;

export const freePort = () =>
	new Promise((resolve) => {
		const port = firstPort + (portsGiven++ % 100), s = createServer();
		s.once("error", () => resolve(freePort()));
		s.listen(port, "127.0.0.1", () => s.close(() => resolve(port)));
	});

/** What a log holds besides its JSON lines: reports of sanitizers, failed assertions. */
const own_words = (log) => log.split("\n").filter((l) => !l.startsWith("{")).slice(-80).join("\n");

/** Start `guildhall serve` and wait for its ready line. Returns { url, stop, exit, process }. */
export async function serve({ data, args = [], demo = true, port, env = {} } = {}) {
	const binary = process.env.GUILDHALL;
	if (!binary) throw new Error("GUILDHALL must name the binary");
	const own = !data;
	data ??= mkdtempSync(join(tmpdir(), "guildhall-e2e-"));
	port ??= await freePort();
	const all = ["serve", "--data", data, "--listen", `127.0.0.1:${port}`, ...(demo ? ["--demo"] : []), ...args];
	const child = spawn(binary, all, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
	let log = "";
	child.stderr.on("data", (d) => (log = (log + d).slice(-200000)));
	let stopping = false;
	const exit = new Promise((resolve) =>
		child.once("exit", (code, signal) => {
			if (!stopping) console.log(`the server ended by itself with ${code ?? signal}\n${own_words(log)}`);
			resolve(code ?? signal);
		}),
	);
	const url = await new Promise((resolve, reject) => {
		const late = setTimeout(() => reject(new Error(`not ready in 60 s\n${log}`)), 60000);
		let out = "";
		child.stdout.on("data", (d) => {
			out += d;
			const found = out.match(/^ready (\S+) \d+/m);
			if (found) {
				clearTimeout(late);
				resolve(found[1]);
			}
		});
		exit.then((code) => {
			clearTimeout(late);
			reject(new Error(`ended with ${code} before it was ready\n${log}`));
		});
	});
	const stop = async () => {
		stopping = true;
		child.kill("SIGTERM");
		const code = await exit;
		if (own) rmSync(data, { recursive: true, force: true });
		return code;
	};
	return { url: url.replace(/\/$/, "").replace("//localhost", "//127.0.0.1"), port, data, stop, exit, process: child, log: () => log };
}

/** A wall clock for serve({ env: clock.env }) that is ahead while clock.ahead(seconds, fn) runs. */
export function movableClock() {
	const folder = mkdtempSync(join(tmpdir(), "guildhall-clock-")), file = join(folder, "seconds");
	const set = (seconds) => {
		const fd = openSync(file, "r+"), bytes = Buffer.alloc(8);
		bytes.writeBigInt64LE(BigInt(seconds));
		writeSync(fd, bytes, 0, 8, 0);
		closeSync(fd);
	};
	writeFileSync(file, Buffer.alloc(8));
	return {
		env: { CLOCK_SHIFT_FILE: file, LD_PRELOAD: join(process.env.BUILD_DIR, "tests/libclock_shift.so"),
			ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ""}:verify_asan_link_order=0` },
		ahead: async (seconds, fn) => {
			set(seconds);
			try {
				return await fn();
			} finally {
				set(0);
			}
		},
		remove: () => rmSync(folder, { recursive: true, force: true }),
	};
}

/** `guildhall user add`, before or while a server runs on the same folder. */
export function addPerson(data, { email, name, password, owner, admin }, args = []) {
	const more = [...(name ? ["--name", name] : []), ...(admin ? ["--admin"] : []), ...(owner ? ["--owner"] : [])];
	execFileSync(process.env.GUILDHALL, ["user", "add", email, ...more, "--data", data, ...args],
		{ input: `${password}\n`, stdio: ["pipe", "ignore", "pipe"], timeout: 60000 });
}

/** Letters of a site's mail folder to an address, the oldest first. */
export const letters = (data, to) =>
	(existsSync(join(data, "mail")) ? readdirSync(join(data, "mail")) : []).filter((f) => f.endsWith(".eml")).sort()
		.map((f) => readFileSync(join(data, "mail", f), "utf8").replace(/\r?\n[ \t]+/g, " "))
		.filter((t) => new RegExp(`^To:.*${to.replace(".", "\\.")}`, "m").test(t))
		.map((t) => t.replace(/=\r?\n/g, "").replace(/=3D/g, "=").replace(/\r/g, ""));

/** The newest of them that is `about` something, when there are more than `after`; waits for it. */
export async function letter(data, to, about, after = 0) {
	for (let i = 0; i < 200; i++) {
		const found = letters(data, to).filter((t) => about.test(t));
		if (found.length > after) return { text: found.at(-1), count: found.length };
		await new Promise((r) => setTimeout(r, 100));
	}
	throw new Error(`no letter to ${to} about ${about}`);
}

/** What a page says. */
export const main = (page) => page.locator("main").innerText();

/** It says `words` after a while: what follows in the background is under way. */
export async function sure(page, words, what) {
	for (let i = 0; i < 60 && !words.test(await main(page)); i++) { await page.waitForTimeout(500); await page.reload(); }
	assert.match(await main(page), words, what);
}

/** What an authenticator app shows for a seed. */
export const totp = (base32, step = Math.floor(Date.now() / 30000)) => {
	let bits = "";
	for (const c of base32.replaceAll(" ", "")) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0");
	const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(step));
	const mac = createHmac("sha1", key).update(counter).digest();
	return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, "0");
};

export async function browser() {
	return chromium.launch({
		executablePath: "/usr/bin/chromium",
		args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync"],
	});
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** axe finds nothing wrong with the page as it stands, and it is no wider than its screen. (A phone's innerWidth grows with the page: it can't say.) */
export async function clean(page, what = page.url()) {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => window.axe.run());
	assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 2)}`), [], what);
	const wider = await page.evaluate((width) => document.documentElement.scrollWidth - width, page.viewportSize().width);
	assert.ok(wider <= 0, `${what} is ${wider} pixels wider than its screen`);
}

/** The screens that pages are looked at on. */
export const screens = {
	phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
	desktop: { viewport: { width: 1280, height: 900 } },
	plain: { viewport: { width: 390, height: 844 }, javaScriptEnabled: false },
};

/** Cases for these pages as somebody who is signed in sees them: on a phone and at a desk, in light and dark. */
export function everyLook(cases, { chrome, base, email, password, paths }) {
	for (const name of ["phone", "desktop"])
		for (const scheme of ["light", "dark"])
			cases[`on a ${name}, ${scheme}: nothing wider than the screen, nothing for axe to find`] = async () => {
				const context = await chrome.newContext({ ...screens[name], colorScheme: scheme });
				const page = await context.newPage();
				await page.goto(`${base}/account/auth/login`);
				await page.locator("[name=email]").fill(email);
				await page.locator("[name=password]").fill(password);
				await page.locator("form button[type=submit]").first().click();
				await page.waitForURL(/\/account/);
				for (const path of paths) {
					await page.goto(base + path);
					await clean(page, path);
				}
				await context.close();
			};
}

/** Run named cases one after the other, print each, end with the count and the exit code. */
export async function run(cases, after = async () => {}) {
	let passed = 0, failed = 0;
	for (const [name, fn] of Object.entries(cases)) {
		try {
			await fn();
			passed++;
			console.log(`ok   ${name}`);
		} catch (error) {
			failed++;
			console.log(`FAIL ${name}\n     ${error.stack ?? error}`);
		}
	}
	try {
		await after();
	} catch (error) {
		failed++;
		console.log(`FAIL clean-up\n     ${error.stack ?? error}`);
	}
	console.log(`${passed} passed, ${failed} failed`);
	process.exit(failed ? 1 : 0);
}

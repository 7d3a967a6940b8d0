// SPDX-License-Identifier: Apache-2.0
// Colours stay: what a browser shows of each kind of picture, beside what it shows of the sizes that are made of it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browser, run } from "./lib.mjs";

const NEAR = 2;
/** Inks with a profile: Chromium looks up the profile's table more coarsely than lcms does, up to here; without the profile it would be 90. */
const NEAR_OF = { "cmyk.jpg": 40 };
const folder = mkdtempSync(join(tmpdir(), "guildhall-colours-")), content = join(folder, "images"), data = join(folder, "data");
mkdirSync(content);
execFileSync(join(process.env.BUILD_DIR, "tests/pictures"), [content]);
const names = readdirSync(content).sort();
const html = names.map((n) => `<img src="/content/images/${n}" alt="">`).join("");
const post = { id: "1", title: "Colours", slug: "colours", status: "published", html, published_at: "2024-01-01T00:00:00.000Z" };
writeFileSync(join(folder, "export.json"), JSON.stringify({ db: [{ meta: { version: "6.0.0" }, data: { posts: [post] } }] }));
execFileSync(process.env.GUILDHALL, ["import", "ghost", join(folder, "export.json"), "--media", content, "--data", data], { stdio: "ignore" });

const types = { jpg: "image/jpeg", png: "image/png", webp: "image/webp" };
const url = (path) => `data:${types[path.split(".").pop()]};base64,${readFileSync(path).toString("base64")}`;
/** The sizes that were made of it: as wide as it is, so that no square is mixed with another. */
const made = (name) => {
	const sha = createHash("sha256").update(readFileSync(join(content, name))).digest("hex");
	const at = join(data, "media", sha.slice(0, 2), sha.slice(2, 4));
	return readdirSync(at).filter((f) => f.startsWith(`${sha}-640.`)).map((f) => join(at, f));
};

const chromium = await browser();
const page = await chromium.newPage();
const shown = (path) =>
	page.evaluate(async (src) => {
		const im = new Image();
		im.src = src;
		await im.decode();
		const canvas = new OffscreenCanvas(im.naturalWidth, im.naturalHeight), c = canvas.getContext("2d", { colorSpace: "srgb" });
		c.drawImage(im, 0, 0);
		return Array.from({ length: im.naturalWidth / 40 }, (_, i) => [...c.getImageData(i * 40 + 20, 20, 1, 1).data].slice(0, 3));
	}, url(path));

const cases = {};
for (const name of names)
	cases[name] = async () => {
		const want = await shown(join(content, name)), files = made(name);
		assert.equal(files.length, 2, `sizes of ${name}`);
		for (const file of files) {
			const got = await shown(file);
			const far = want.map((w, i) => [w, got[i], Math.max(...w.map((v, k) => Math.abs(v - got[i][k])))]).filter(([, , d]) => d > (NEAR_OF[name] ?? NEAR));
			assert.deepEqual(far, [], `${name} as ${file.split(".").pop()}`);
			assert.ok(!readFileSync(file).includes("ICC_PROFILE") && !readFileSync(file).includes("ICCP"), "a profile in each picture");
		}
	};

await run(cases, async () => {
	await chromium.close();
	rmSync(folder, { recursive: true, force: true });
});

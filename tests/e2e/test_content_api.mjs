// SPDX-License-Identifier: Apache-2.0
// Ghost's Content API with the client that front ends use: the demo co-operative, read as Ghost's own front ends read a site. And what no client sends.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, serve } from "./lib.mjs";

const GhostContentAPI = createRequire(import.meta.url)("@tryghost/content-api");
const data = mkdtempSync(join(tmpdir(), "guildhall-content-"));
const printed = () => execFileSync(process.env.GUILDHALL, ["content-key", "--data", data], { encoding: "utf8" });
const site = await serve({ data, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${site.port}`;
const key = printed().trim();
const api = new GhostContentAPI({ url: base, key, version: "v5.0" });
/** What an address below the API answers. */
const ask = async (path, headers = {}) => {
	const answer = await fetch(`${base}/ghost/api/content/${path}${path.includes("?") ? "&" : "?"}key=${key}`, { headers });
	return { status: answer.status, headers: answer.headers, body: await answer.json() };
};
const slugs = async (filter, more = {}) => (await api.posts.browse({ filter, limit: 100, ...more })).map((p) => p.slug).sort();
const all = await api.posts.browse({ limit: 100, include: ["tags", "authors"], formats: ["html", "plaintext"] });
const rest = (list) => all.map((p) => p.slug).filter((s) => !list.includes(s)).sort();

const cases = {};
cases["the key: 26 hex digits, the same each time, and nothing without it"] = async () => {
	assert.match(key, /^[0-9a-f]{26}$/);
	assert.equal(printed(), `${key}\n`);
	for (const bad of ["", key.slice(1), key.toUpperCase(), `${"0".repeat(26)}`]) {
		const answer = await fetch(`${base}/ghost/api/content/posts/?key=${bad}`);
		assert.equal(answer.status, 401);
		const { errors: [error] } = await answer.json();
		assert.equal(error.type, "UnauthorizedError");
		assert.ok(error.message);
	}
	assert.equal((await fetch(`${base}/ghost/api/content/posts/`)).status, 401);
};
cases["posts, a post by slug and by id, with tags and authors"] = async () => {
	assert.ok(all.length > 10);
	for (const post of all) {
		assert.match(post.id, /^[0-9a-f]{24}$/);
		assert.match(post.published_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
		assert.ok(post.url.startsWith(`${base}/`) && post.title && post.slug && Array.isArray(post.tags) && post.authors.length);
		assert.equal(post.primary_author.slug, post.authors[0].slug);
		assert.equal(post.access, post.visibility === "public");
	}
	assert.deepEqual(all.map((p) => p.published_at), all.map((p) => p.published_at).sort().reverse());
	const one = all.find((p) => p.tags.length > 1 && p.access);
	assert.equal((await api.posts.read({ slug: one.slug })).id, one.id);
	const read = await api.posts.read({ id: one.id }, { include: ["tags"], formats: ["html"] });
	assert.equal(read.html, one.html);
	assert.equal(read.plaintext, undefined);
	assert.deepEqual(read.tags, one.tags);
	assert.doesNotMatch(read.html, /(src|href)="\/[^/]/, "addresses are whole");
	assert.equal((await fetch(one.feature_image ?? all.find((p) => p.feature_image).feature_image)).status, 200);
	await assert.rejects(api.posts.read({ slug: "no-such-post" }), (error) => error.type === "NotFoundError" && error.response.status === 404);
	assert.equal((await ask(`posts/${"0".repeat(24)}/`)).status, 404);
	assert.equal((await ask("nothing/")).status, 404);
};
cases["what is for members is named, and not told, by no field and no filter"] = async () => {
	const gated = all.filter((p) => !p.access);
	assert.ok(gated.length);
	for (const post of gated) {
		assert.equal(post.html, "");
		assert.equal(post.plaintext, "");
		assert.equal(post.excerpt, post.custom_excerpt ?? "");
	}
	for (const field of ["html", "plaintext", "excerpt", "mobiledoc", "lexical", "authors.email", "email"])
		assert.equal((await ask(`posts/?filter=${field}:~'a'`)).status, 400, field);
	const text = JSON.stringify([all, await api.authors.browse({ limit: 100 }), await api.settings.browse()]);
	assert.doesNotMatch(text, /[\w.]+@[\w.]+\.\w/);
	assert.doesNotMatch(text, new RegExp(key));
};
cases["filters: and, or, groups, comparison, lists, null, contains"] = async () => {
	const tag = all.find((p) => p.primary_tag).primary_tag.slug, tagged = all.filter((p) => p.tags.some((t) => t.slug === tag)).map((p) => p.slug).sort();
	assert.deepEqual(await slugs(`tag:${tag}`), tagged);
	assert.deepEqual(await slugs(`tags:[${tag}]`), tagged);
	assert.deepEqual(await slugs(`tag:-${tag}`), rest(tagged));
	assert.deepEqual(await slugs(`tag:-[${tag},other]`), rest(tagged));
	assert.deepEqual(await slugs(`primary_tag:${tag}`), all.filter((p) => p.primary_tag?.slug === tag).map((p) => p.slug).sort());
	const author = all[0].authors[0].slug, written = all.filter((p) => p.authors.some((a) => a.slug === author)).map((p) => p.slug).sort();
	assert.deepEqual(await slugs(`author:${author}`), written);
	assert.deepEqual(await slugs(`author:${author}+tag:${tag}`), written.filter((s) => tagged.includes(s)));
	assert.deepEqual(await slugs(`author:${author},tag:${tag}`), [...new Set([...written, ...tagged])].sort());
	const [first, second, third] = all;
	assert.deepEqual(await slugs(`slug:[${first.slug},${second.slug}]`), [first.slug, second.slug].sort());
	assert.deepEqual(await slugs(`(slug:${first.slug},slug:${second.slug})+slug:-${second.slug}`), [first.slug]);
	assert.deepEqual(await slugs(`slug:${third.slug},(slug:${first.slug}+slug:${second.slug})`), [third.slug], "+ binds closer");
	assert.deepEqual(await slugs(`id:${first.id}`), [first.slug]);
	assert.deepEqual(await slugs(`id:-${first.id}`), rest([first.slug]));
	const at = second.published_at.slice(0, 19).replace("T", " ");
	assert.deepEqual(await slugs(`published_at:>='${at}'`), all.filter((p) => p.published_at >= second.published_at).map((p) => p.slug).sort());
	assert.deepEqual(await slugs(`published_at:<'${at}'`), all.filter((p) => p.published_at < second.published_at).map((p) => p.slug).sort());
	assert.deepEqual(await slugs("published_at:>now-1d+published_at:<now-1d"), []);
	assert.deepEqual(await slugs("visibility:public"), all.filter((p) => p.access).map((p) => p.slug).sort());
	assert.deepEqual(await slugs("featured:true"), all.filter((p) => p.featured).map((p) => p.slug).sort());
	assert.deepEqual(await slugs("feature_image:null"), all.filter((p) => !p.feature_image).map((p) => p.slug).sort());
	assert.deepEqual(await slugs("feature_image:-null"), all.filter((p) => p.feature_image).map((p) => p.slug).sort());
	const word = first.title.split(" ")[0].toLowerCase();
	assert.deepEqual(await slugs(`title:~^'${word}'`), all.filter((p) => p.title.toLowerCase().startsWith(word)).map((p) => p.slug).sort());
	assert.deepEqual(await slugs(`title:-~'${word}'`), all.filter((p) => !p.title.toLowerCase().includes(word)).map((p) => p.slug).sort());
	const end = first.slug.slice(-4);
	assert.deepEqual(await slugs(`slug:~$'${end}'`), all.filter((p) => p.slug.endsWith(end)).map((p) => p.slug).sort());
	assert.deepEqual(await slugs("title:'it\\'s \\\"x\\\" 100%_'"), []);
};
cases["filters that are none: 400, with a sentence"] = async () => {
	const long = `slug:[${Array(71).fill("a").join(",")}]`, deep = `${"(".repeat(17)}slug:a${")".repeat(17)}`, many = Array(65).fill("slug:a").join("+");
	for (const filter of ["tag", "tag:", ":x", "nope:1", "tag:[a", "(tag:a", "tag:a)", "tag:a+", "tag:a,,tag:b", "title:'x", "published_at:>yesterday", "featured:perhaps",
		"tag:>a", "slug:>[a,b]", "featured:~'t'", "x".repeat(4097), long, deep, many, "slug:a' OR '1'='1", "slug:null+id:>null"]) {
		const { status, body } = await ask(`posts/?filter=${encodeURIComponent(filter)}`);
		assert.equal(status, 400, filter);
		assert.ok(body.errors[0].message && body.errors[0].type === "BadRequestError");
	}
	// At their bounds they are taken (NQL_VALUES_MAX, NQL_DEPTH_MAX, NQL_TERMS_MAX, NQL_LENGTH_MAX).
	for (const filter of [`slug:[${Array(70).fill("a").join(",")}]`, `id:[${Array(70).fill("0".repeat(24)).join(",")}]`, `${"(".repeat(16)}slug:a${")".repeat(16)}`,
		Array(64).fill("slug:a").join("+"), `slug:'${"x".repeat(4096 - 7)}'`])
		assert.equal((await ask(`posts/?filter=${encodeURIComponent(filter)}`)).status, 200);
	for (const bad of ["limit=0", "limit=x", "page=0", "page=1000001", "order=nope", "order=title%20sideways"]) assert.equal((await ask(`posts/?${bad}`)).status, 400, bad);
};
cases["orders, pages, fields"] = async () => {
	const titles = (await api.posts.browse({ order: "title asc", limit: 100, fields: ["title"] })).map((p) => p.title);
	assert.equal(titles.length, all.length);
	assert.deepEqual((await api.posts.browse({ order: "title DESC", limit: 100 })).map((p) => p.title), [...titles].reverse());
	const page = await api.posts.browse({ limit: 3, page: 2 });
	assert.deepEqual(page.map((p) => p.slug), all.slice(3, 6).map((p) => p.slug));
	assert.deepEqual(page.meta.pagination, { page: 2, limit: 3, pages: Math.ceil(all.length / 3), total: all.length, next: 3, prev: 1 });
	assert.equal((await api.posts.browse()).length, Math.min(15, all.length));
	assert.equal((await api.posts.browse({ limit: "all" })).meta.pagination.limit, 100);
	assert.deepEqual(Object.keys((await api.posts.browse({ limit: 1, fields: ["id", "slug", "url"] }))[0]).sort(), ["id", "slug", "url"]);
	assert.equal((await ask("posts/?limit=101")).body.meta.pagination.limit, 100);
};
cases["pages, tags, authors, tiers, settings"] = async () => {
	const pages = await api.pages.browse({ limit: 100 });
	assert.ok(pages.length && pages.every((p) => !all.some((a) => a.id === p.id)));
	assert.equal((await api.pages.read({ slug: pages[0].slug })).title, pages[0].title);
	const tags = await api.tags.browse({ limit: 100, include: ["count.posts"] });
	for (const tag of tags) assert.equal(tag.count.posts, all.filter((p) => p.tags.some((t) => t.id === tag.id)).length, tag.slug);
	assert.equal((await api.tags.read({ id: tags[0].id })).slug, tags[0].slug);
	assert.deepEqual((await api.tags.browse({ filter: `slug:${tags[0].slug}` })).map((t) => t.id), [tags[0].id]);
	const authors = await api.authors.browse({ limit: 100, include: ["count.posts"] });
	for (const author of authors) assert.equal(author.count.posts, all.filter((p) => p.authors.some((a) => a.id === author.id)).length);
	assert.equal((await api.authors.read({ slug: authors[0].slug })).name, authors[0].name);
	assert.ok(Array.isArray(await api.tiers.browse({ include: ["monthly_price", "yearly_price", "benefits"] })));
	const settings = await api.settings.browse();
	assert.ok(settings.title && settings.url === `${base}/` && settings.navigation.length && settings.lang);
};
cases["any origin may, and gets what was kept; a change is seen"] = async () => {
	const preflight = await fetch(`${base}/ghost/api/content/posts/`, { method: "OPTIONS", headers: { origin: "https://front.example", "access-control-request-headers": "accept-version" } });
	assert.equal(preflight.status, 204);
	assert.match(preflight.headers.get("access-control-allow-headers"), /Accept-Version/);
	for (let i = 0; i < 2; i++) {
		const { headers } = await ask("posts/?limit=1", { origin: "https://front.example" });
		assert.equal(headers.get("access-control-allow-origin"), "*");
		assert.match(headers.get("content-type"), /^application\/json/);
	}
};

await run(cases, async () => {
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

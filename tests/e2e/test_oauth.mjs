// SPDX-License-Identifier: Apache-2.0
// The authorization server as relying parties of the field use it (openid-client, oauth4webapi), and as those would who mean no good.
import assert from "node:assert/strict";
import { webcrypto, randomBytes, createHash } from "node:crypto";
import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, freePort, letter, letters, movableClock, run, serve } from "./lib.mjs";

globalThis.crypto ??= webcrypto; // Node 18
globalThis.CryptoKey ??= webcrypto.CryptoKey;
const { Issuer, generators, custom } = await import("openid-client");
const oauth = await import("oauth4webapi");

const data = mkdtempSync(join(tmpdir(), "guildhall-oauth-"));
const ines = { email: "ines@example.org", name: "Inês Marques", password: "a loaf on every table" };
const tom = { email: "tom@example.org", name: "Tom Okafor", password: "bicycles and bread ovens" };
const olga = { email: "olga@example.org", name: "Olga Brandt", password: "rye, water and patience", owner: true };
const mia = { email: "mia@example.org", name: "Mia Sato", password: "noodles on thursdays" };
for (const p of [ines, tom, olga, mia]) addPerson(data, p);
const port = await freePort();
const clock = movableClock();
const site = await serve({ data, port, demo: false, env: clock.env, args: ["--set", "rate.enabled=no", "--set", "outbound.allow_private=yes"] });
const base = `http://localhost:${port}`;
custom.setHttpOptionsDefaults({ timeout: 20000 });
const insecure = { [oauth.allowInsecureRequests]: true };

// --- what relying parties share --------------------------------------------------------------------------------------

const rpPort = await freePort();
const callback = `http://127.0.0.1:${rpPort}/cb`;
const told = []; // back-channel logout tokens
const rp = createServer((q, r) => {
	let body = "";
	q.on("data", (d) => (body += d));
	q.on("end", () => {
		if (q.url === "/backchannel") told.push(new URLSearchParams(body).get("logout_token"));
		r.end("ok");
	});
});
await new Promise((resolve) => rp.listen(rpPort, "127.0.0.1", resolve));

const register = async (metadata) => {
	const answer = await fetch(`${base}/oauth/register`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(metadata) });
	return { status: answer.status, ...(await answer.json()) };
};
const post = async (path, form, headers = {}) => {
	const answer = await fetch(base + path, { method: "POST", headers, body: new URLSearchParams(form) });
	const text = await answer.text();
	return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : null };
};
const basic = (c) => ({ authorization: `Basic ${Buffer.from(`${c.client_id}:${c.client_secret}`).toString("base64")}` });
const full = { client_name: "Bread Diary", redirect_uris: [callback], grant_types: ["authorization_code", "refresh_token"], token_endpoint_auth_method: "client_secret_basic",
	post_logout_redirect_uris: [`http://127.0.0.1:${rpPort}/bye`], backchannel_logout_uri: `http://127.0.0.1:${rpPort}/backchannel`, backchannel_logout_session_required: true };

const pkce = () => {
	const verifier = randomBytes(32).toString("base64url");
	return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
};
const authorizeUrl = (client, more = {}) => {
	const u = new URL(`${base}/oauth/authorize`);
	for (const [k, v] of Object.entries({ client_id: client.client_id, redirect_uri: callback, response_type: "code", scope: "openid", state: "s1", code_challenge_method: "S256", ...more }))
		if (v !== undefined) u.searchParams.set(k, v);
	return u;
};
/** Through sign-in and consent, as a person would. Returns the callback's parameters. */
const authorize = async (url, { who = ines, agent = new Agent(base), decision = "allow" } = {}) => {
	let page = await agent.go(url);
	if (page.url.pathname === "/sign-in") page = await agent.signIn(who, page);
	if (page.text.includes("/oauth/consent")) page = await agent.submit(page, { decision });
	assert.equal(page.url.origin, new URL(callback).origin, `${page.status} at ${page.url}: ${page.text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").slice(0, 300)}`);
	return { params: Object.fromEntries(page.url.searchParams), agent, url: page.url };
};
const codeFor = async (client, more = {}, options) => {
	const { verifier, challenge } = pkce();
	const { params, agent } = await authorize(authorizeUrl(client, { code_challenge: challenge, ...more }), options);
	return { code: params.code, verifier, params, agent };
};
const exchange = (client, { code, verifier }, more = {}) =>
	post("/oauth/token", { grant_type: "authorization_code", code, redirect_uri: callback, code_verifier: verifier, ...more }, basic(client));
const refresh = (client, token, more = {}) => post("/oauth/token", { grant_type: "refresh_token", refresh_token: token, ...more }, basic(client));
const active = async (client, token) => (await post("/oauth/introspect", { token }, basic(client))).body.active;

const cases = {};
let client; // most cases' relying party
cases["dynamic registration, read, changed and removed (RFC 7591, 7592)"] = async () => {
	client = await register(full);
	assert.equal(client.status, 201);
	assert.ok(client.client_secret && client.registration_access_token);
	const other = await register({ ...full, client_name: "Short Lived" });
	const manage = { authorization: `Bearer ${other.registration_access_token}`, "content-type": "application/json" };
	const read = await (await fetch(other.registration_client_uri, { headers: manage })).json();
	assert.equal(read.client_name, "Short Lived");
	assert.equal(read.client_secret, undefined);
	const changed = await fetch(other.registration_client_uri, { method: "PUT", headers: manage, body: JSON.stringify({ ...full, client_name: "Renamed" }) });
	assert.equal((await changed.json()).client_name, "Renamed");
	assert.equal((await fetch(other.registration_client_uri, { headers: { authorization: `Bearer ${client.registration_access_token}` } })).status, 401);
	const userinfo = (token) => fetch(`${base}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } });
	const tokens = (await exchange(other, await codeFor(other, { scope: "openid" }))).body;
	assert.equal((await userinfo(tokens.access_token)).status, 200);
	assert.equal((await fetch(other.registration_client_uri, { method: "DELETE", headers: manage })).status, 204);
	assert.equal((await userinfo(tokens.access_token)).status, 401, "what it was given goes with it");
	assert.equal((await fetch(other.registration_client_uri, { headers: manage })).status, 401);
};
cases["registration refuses what it should"] = async () => {
	const refused = [{ redirect_uris: ["http://evil.example/cb"] }, { redirect_uris: ["javascript:alert(1)"] }, { redirect_uris: ["https://a.example/cb#x"] }, { redirect_uris: [] },
		{ redirect_uris: ["myapp:/cb"] }, { grant_types: ["implicit"] }, { grant_types: ["password"] }, { response_types: ["token"] }, { token_endpoint_auth_method: "client_secret_jwt" },
		{ token_endpoint_auth_method: "private_key_jwt" }, { jwks_uri: "https://a.example/jwks" }, { scope: "write" }, { scope: "introspect" }, { id_token_signed_response_alg: "none" },
		{ id_token_signed_response_alg: "HS256" }, { backchannel_logout_uri: "ftp://a.example/" }, { backchannel_logout_uri: "org.example.app:/out" }, { backchannel_logout_uri: "http://a.example/" }, { client_name: "x".repeat(101) }, { client_name: "Bank\u202egpj" }, { client_name: 7, redirect_uris: "no list" },
		{ token_endpoint_auth_method: "none", grant_types: ["client_credentials"] }];
	for (const more of refused) {
		const answer = await register({ ...full, ...more });
		assert.equal(answer.status, 400, JSON.stringify(more));
		assert.match(answer.error, /^invalid_(redirect_uri|client_metadata)$/);
	}
	// What an address says is what a parser reads in it, not how it begins.
	for (const uri of ["http://localhost.evil.example/cb", "http://localhost@evil.example/cb", "http://127.0.0.1:x@evil.example/", "http://[::1].evil.example/", "https:evil.example", "https://", "https:///cb",
		"JavaScript:alert(1)", "DATA:text/html,x", "intent://evil.example/", "https://a.example@evil.example/", "https://a.example:99999/"]) {
		assert.equal((await register({ ...full, redirect_uris: [uri] })).status, 400, uri);
		const app = await fetch(`${base}/api/v1/apps`, { method: "POST", body: new URLSearchParams({ client_name: "Elk", redirect_uris: uri }) });
		assert.equal(app.status, 422, uri);
	}
	// As large as one may be: the answer holds all of it.
	const uris = (n, room) => Array.from({ length: n }, (_, i) => `https://a.example/${i}/`.padEnd(room, "x"));
	const large = await register({ ...full, redirect_uris: uris(20, 1900), post_logout_redirect_uris: uris(13, 1900) });
	assert.deepEqual([large.status, large.redirect_uris.length, large.post_logout_redirect_uris.length], [201, 20, 13]);
	for (const path of ["/oauth/register", "/api/v1/apps"]) {
		const flood = await fetch(base + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ client_name: "x".repeat(70000) }) });
		assert.equal(flood.status, 413, path);
	}
	const broken = await fetch(`${base}/oauth/register`, { method: "POST", headers: { "content-type": "application/json" }, body: "{" });
	assert.equal(broken.status, 400);
};

cases["libraries' defaults: nothings and unknown scopes are left out, RS256 where nothing is named, a secret either way, the request as a form"] = async () => {
	const app = await register({ client_name: "Default", redirect_uris: [callback], client_uri: null, logo_uri: "", contacts: [], tos_uri: null, response_types: null, grant_types: [], jwks_uri: "", jwks: null,
		id_token_signed_response_alg: null, token_endpoint_auth_method: null, scope: "openid email address phone", post_logout_redirect_uris: [], backchannel_logout_uri: "" });
	assert.deepEqual([app.status, app.scope, app.id_token_signed_response_alg, app.token_endpoint_auth_method, app.logo_uri], [201, "openid email", "RS256", "client_secret_basic", undefined]);
	const algOf = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url")).alg;
	// Scopes that are not known are passed over, and the answer says so.
	const got = await codeFor(app, { scope: "openid address email phone" });
	const tokens = await post("/oauth/token", { grant_type: "authorization_code", code: got.code, redirect_uri: callback, code_verifier: got.verifier, client_id: app.client_id, client_secret: app.client_secret });
	assert.deepEqual([tokens.status, tokens.body.scope, algOf(tokens.body.id_token)], [200, "openid email", "RS256"]);
	const posted = await register({ ...full, token_endpoint_auth_method: "client_secret_post" });
	assert.equal((await exchange(posted, await codeFor(posted))).status, 200, "in the header though the form was registered");
	assert.equal((await post("/oauth/token", { grant_type: "client_credentials" }, basic({ ...posted, client_secret: "wrong" }))).body.error, "invalid_client");
	const bare = await register({ ...full, token_endpoint_auth_method: "none" });
	assert.equal((await post("/oauth/introspect", { token: "x", client_id: bare.client_id, client_secret: "" })).body.error, "invalid_client", "a secret where there is none");
	// The request as a form, from another site: no cookie comes along.
	const { challenge } = pkce(), params = authorizeUrl(app, { code_challenge: challenge }).search.slice(1);
	const answer = await fetch(`${base}/oauth/authorize`, { method: "POST", redirect: "manual", headers: { "content-type": "application/x-www-form-urlencoded", origin: "https://bread.example.org", "sec-fetch-site": "cross-site" }, body: params });
	assert.equal(answer.status, 303);
	const back = await got.agent.go(answer.headers.get("location"));
	assert.ok(back.url.searchParams.get("code"), back.text);
	const wrongForm = await fetch(`${base}/oauth/authorize`, { method: "POST", redirect: "manual", body: new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(params)), response_type: "token" }) });
	assert.equal((await got.agent.go(wrongForm.headers.get("location"))).url.searchParams.get("error"), "unsupported_response_type");
	assert.equal((await fetch(`${base}/oauth/authorize`, { method: "POST", redirect: "manual", body: new URLSearchParams({ client_id: "nobody" }) })).status, 400);
};
cases["what is refused is told with a description, to the client and in the log"] = async () => {
	const { challenge } = pkce();
	const { agent } = await codeFor(client);
	for (const more of [{ response_type: "token" }, { code_challenge: undefined }, { scope: "everything" }]) {
		const { url } = await agent.go(authorizeUrl(client, { code_challenge: challenge, ...more }));
		assert.ok(url.searchParams.get("error_description").length > 10, JSON.stringify(more));
	}
	const answers = [post("/oauth/token", {}, basic(client)), post("/oauth/token", { grant_type: "x" }, basic(client)), post("/oauth/token", { grant_type: "refresh_token", refresh_token: "x" }, basic(client)),
		post("/oauth/token", { client_id: client.client_id }), post("/oauth/par", { redirect_uri: callback, response_type: "token" }, basic(client)), register({ redirect_uris: ["x"] })];
	for (const answer of await Promise.all(answers)) assert.ok((answer.body ?? answer).error_description.length > 10, JSON.stringify(answer));
	for (const line of [/"oauth.refused"[^\n]*"invalid_grant"/, /"oauth.not_authorized"[^\n]*unsupported_response_type/]) {
		for (let i = 0; i < 200 && !line.test(site.log()); i++) await new Promise((r) => setTimeout(r, 50)); // the log comes through a pipe
		assert.ok(line.test(site.log()), String(line));
	}
};
cases["an application that was registered anew is asked for anew"] = async () => {
	const app = await register({ ...full, client_name: "Flour Mill" }), { challenge } = pkce();
	const manage = { authorization: `Bearer ${app.registration_access_token}`, "content-type": "application/json" };
	const { agent } = await codeFor(app);
	assert.ok((await agent.go(authorizeUrl(app, { code_challenge: challenge, prompt: "none" }))).url.searchParams.get("code"));
	assert.equal((await fetch(app.registration_client_uri, { method: "PUT", headers: manage, body: JSON.stringify({ ...full, client_name: "Flour Bank" }) })).status, 200);
	const silent = await agent.go(authorizeUrl(app, { code_challenge: challenge, prompt: "none" }));
	assert.deepEqual([silent.status, silent.url.origin], [400, base]);
	const asked = await agent.go(authorizeUrl(app, { code_challenge: challenge }));
	assert.match(asked.text, /Let Flour Bank in/);
	assert.ok((await agent.submit(asked, { decision: "allow" })).url.searchParams.get("code"));
	assert.ok((await agent.go(authorizeUrl(app, { code_challenge: challenge, prompt: "none" }))).url.searchParams.get("code"));
};
cases["registrations are bounded: of one address in an hour, and in all"] = async () => {
	const folder = mkdtempSync(join(tmpdir(), "guildhall-crowd-"));
	const crowd = await serve({ data: folder, demo: false, args: ["--set", "identity.applications_per_hour=3", "--set", "identity.applications_max=2", "--set", "rate.read_per_minute=1000000", "--set", "rate.read_burst=1000000"] });
	const more = [{ path: "/oauth/register", body: JSON.stringify({ ...full }), headers: { "content-type": "application/json" } },
		{ path: "/api/v1/apps", body: new URLSearchParams({ client_name: "Elk", redirect_uris: "urn:ietf:wg:oauth:2.0:oob" }) }];
	const seen = [];
	let app;
	for (const i of [0, 1, 0, 1, 0]) {
		const answer = await fetch(crowd.url + more[i].path, { method: "POST", ...more[i] });
		seen.push(answer.status);
		app ??= await answer.clone().json();
		if (answer.status >= 400) {
			assert.equal((await answer.json()).error, "temporarily_unavailable");
			assert.ok(Number(answer.headers.get("retry-after")) > 0);
		}
	}
	assert.deepEqual(seen, [201, 200, 503, 429, 429]);
	// While they sign in, requests of visitors that are kept are few.
	const u = authorizeUrl(app, { code_challenge: pkce().challenge }), asked = [];
	for (let i = 0; i < 300 && asked.at(-1) !== 429; i++) asked.push((await fetch(`${crowd.url}/oauth/authorize${u.search}`, { redirect: "manual" })).status);
	assert.deepEqual([asked.slice(0, 60).every((s) => s === 303), asked.at(-1)], [true, 429]);
	// And sign-ins that are begun and never ended are few; a page that asks silently is shown to a visitor then.
	const begin = (query) => fetch(`${crowd.url}/auth/login?home=1&${query}`, { redirect: "manual" });
	const long = `/${"x".repeat(4095)}`, far = new URL((await begin(`next=${long}`)).headers.get("location"));
	assert.equal(far.pathname, "/oauth/authorize");
	let last = far;
	for (let i = 0; i < 3000 && last.pathname === "/oauth/authorize"; i++) last = new URL((await begin("silent=1&next=/archive/")).headers.get("location"), crowd.url);
	assert.equal(last.pathname, "/archive/");
	assert.equal((await begin("next=/archive/")).status, 429);
	assert.equal(await crowd.stop(), 0);
	rmSync(folder, { recursive: true, force: true });
};

// --- the clients of the field ----------------------------------------------------------------------------------------

for (const alg of ["ES256", "EdDSA", "RS256"])
	cases[`openid-client: discovery, code with PKCE, ${alg} ID token, userinfo, refresh, introspection, revocation`] = async () => {
		const issuer = await Issuer.discover(base);
		assert.equal(issuer.metadata.issuer, base);
		const registered = await register({ ...full, id_token_signed_response_alg: alg });
		const c = new issuer.Client({ ...registered, redirect_uris: [callback], response_types: ["code"], id_token_signed_response_alg: alg });
		const verifier = generators.codeVerifier(), nonce = generators.nonce(), state = generators.state();
		const { params } = await authorize(c.authorizationUrl({ scope: "openid profile email offline_access", nonce, state, code_challenge: generators.codeChallenge(verifier), code_challenge_method: "S256" }));
		assert.equal(params.iss, base);
		const tokens = await c.callback(callback, params, { nonce, state, code_verifier: verifier, response_type: "code" });
		const claims = tokens.claims();
		assert.ok(claims.sub && claims.auth_time && claims.sid && claims.amr.includes("pwd"));
		const info = await c.userinfo(tokens);
		assert.deepEqual([info.sub, info.name, info.email, info.email_verified], [claims.sub, "Inês Marques", "ines@example.org", true]);
		const again = await c.refresh(tokens);
		assert.notEqual(again.refresh_token, tokens.refresh_token);
		assert.equal(again.claims().sub, claims.sub);
		const seen = await c.introspect(again.access_token);
		assert.equal(seen.active, true);
		assert.equal(seen.client_id, registered.client_id);
		await c.revoke(again.refresh_token);
		assert.equal((await c.introspect(again.access_token)).active, false);
		assert.equal((await c.introspect(tokens.access_token)).active, false);
	};
cases["openid-client: pushed request, device flow, form_post"] = async () => {
	const issuer = await Issuer.discover(base);
	const registered = await register({ ...full, grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"] });
	const c = new issuer.Client({ ...registered, redirect_uris: [callback], response_types: ["code"] });
	const verifier = generators.codeVerifier(), state = generators.state();
	const pushed = await c.pushedAuthorizationRequest({ scope: "openid", state, code_challenge: generators.codeChallenge(verifier), code_challenge_method: "S256", redirect_uri: callback, response_type: "code", client_id: registered.client_id });
	const { params } = await authorize(`${base}/oauth/authorize?client_id=${registered.client_id}&request_uri=${encodeURIComponent(pushed.request_uri)}`);
	assert.ok((await c.callback(callback, params, { state, code_verifier: verifier, response_type: "code" })).id_token);

	const handle = await c.deviceAuthorization({ scope: "openid offline_access" });
	const agent = new Agent(base);
	let page = await agent.signIn(ines, await agent.go(`/oauth/device?user_code=${handle.user_code}`));
	page = await agent.submit(page, { user_code: handle.user_code.toLowerCase().replace("-", " ") });
	assert.match(page.text, /Bread Diary/);
	page = await agent.submit(page, { decision: "allow" });
	assert.match(page.text, /Connected/);
	assert.match((await letter(data, ines.email, /Subject: A device was connected/)).text, /Application: Bread Diary\n/);
	const tokens = await handle.poll();
	assert.ok(tokens.access_token && tokens.refresh_token && tokens.claims().sub);

	const { verifier: v2, challenge } = pkce();
	const posted = await agent.go(authorizeUrl(registered, { code_challenge: challenge, response_mode: "form_post", prompt: "consent" }));
	const answer = await agent.submit(posted, { decision: "allow" });
	const form = Agent.form(answer);
	assert.equal(form.action.href, callback);
	assert.deepEqual([form.fields.state, form.fields.iss], ["s1", base]);
	assert.equal((await exchange(registered, { code: form.fields.code, verifier: v2 })).status, 200);
};
cases["oauth4webapi: DPoP bound code, tokens and userinfo; private_key_jwt; pushed request"] = async () => {
	const as = await oauth.processDiscoveryResponse(new URL(base), await oauth.discoveryRequest(new URL(base), { ...insecure }));
	const keys = await oauth.generateKeyPair("ES256", { extractable: true });
	const jwk = { ...(await crypto.subtle.exportKey("jwk", keys.publicKey)), kid: "k1", use: "sig", alg: "ES256" };
	delete jwk.key_ops;
	delete jwk.ext;
	const registered = await register({ ...full, token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [jwk] }, dpop_bound_access_tokens: true });
	assert.equal(registered.status, 201, JSON.stringify(registered));
	const c = { client_id: registered.client_id };
	const auth = oauth.PrivateKeyJwt({ key: keys.privateKey, kid: "k1" });
	const DPoP = oauth.DPoP(c, await oauth.generateKeyPair("ES256"));
	const verifier = oauth.generateRandomCodeVerifier(), nonce = oauth.generateRandomNonce(), state = oauth.generateRandomState();
	const request = new URLSearchParams({ client_id: c.client_id, redirect_uri: callback, response_type: "code", scope: "openid offline_access", state, nonce,
		code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" });
	const pushed = await oauth.processPushedAuthorizationResponse(as, c, await oauth.pushedAuthorizationRequest(as, c, auth, request, { DPoP, ...insecure }));
	const { url } = await authorize(`${base}/oauth/authorize?client_id=${c.client_id}&request_uri=${encodeURIComponent(pushed.request_uri)}`);
	const params = oauth.validateAuthResponse(as, c, url, state);
	const result = await oauth.processAuthorizationCodeResponse(as, c, await oauth.authorizationCodeGrantRequest(as, c, auth, params, callback, verifier, { DPoP, ...insecure }), { expectedNonce: nonce, requireIdToken: true });
	assert.equal(result.token_type, "dpop");
	const { sub } = oauth.getValidatedIdTokenClaims(result);
	const info = await oauth.processUserInfoResponse(as, c, sub, await oauth.userInfoRequest(as, c, result.access_token, { DPoP, ...insecure }));
	assert.equal(info.sub, sub);
	const next = await oauth.processRefreshTokenResponse(as, c, await oauth.refreshTokenGrantRequest(as, c, auth, result.refresh_token, { DPoP, ...insecure }));
	assert.ok(next.refresh_token);
	// A bound token is no bearer token, and another key does not fit.
	assert.equal((await fetch(`${base}/oauth/userinfo`, { headers: { authorization: `Bearer ${next.access_token}` } })).status, 401);
	const thief = oauth.DPoP(c, await oauth.generateKeyPair("ES256"));
	await assert.rejects(async () => oauth.processUserInfoResponse(as, c, sub, await oauth.userInfoRequest(as, c, next.access_token, { DPoP: thief, ...insecure })));
	await assert.rejects(async () => oauth.processRefreshTokenResponse(as, c, await oauth.refreshTokenGrantRequest(as, c, auth, next.refresh_token, { DPoP: thief, ...insecure })));
	const seen = await oauth.processIntrospectionResponse(as, c, await oauth.introspectionRequest(as, c, auth, next.access_token, insecure));
	assert.ok(seen.cnf.jkt);
	await oauth.processRevocationResponse(await oauth.revocationRequest(as, c, auth, next.access_token, insecure));
	assert.equal((await oauth.processIntrospectionResponse(as, c, await oauth.introspectionRequest(as, c, auth, next.access_token, insecure))).active, false);
};
cases["oauth4webapi: client credentials, device flow"] = async () => {
	const as = await oauth.processDiscoveryResponse(new URL(base), await oauth.discoveryRequest(new URL(base), { ...insecure }));
	const machine = await register({ client_name: "Night Baker", grant_types: ["client_credentials"] });
	const c = { client_id: machine.client_id }, auth = oauth.ClientSecretBasic(machine.client_secret);
	const result = await oauth.processClientCredentialsResponse(as, c, await oauth.clientCredentialsGrantRequest(as, c, auth, new URLSearchParams({ scope: "profile" }), insecure));
	assert.equal(result.scope, "profile");
	assert.equal((await fetch(`${base}/oauth/userinfo`, { headers: { authorization: `Bearer ${result.access_token}` } })).status, 403);
	const tv = await register({ client_name: "Television", grant_types: ["urn:ietf:params:oauth:grant-type:device_code"], token_endpoint_auth_method: "none" });
	const t = { client_id: tv.client_id };
	const device = await oauth.processDeviceAuthorizationResponse(as, t, await oauth.deviceAuthorizationRequest(as, t, oauth.None(), new URLSearchParams({ scope: "openid" }), insecure));
	const poll = () => post("/oauth/token", { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: device.device_code, client_id: tv.client_id });
	assert.equal((await poll()).body.error, "authorization_pending");
	assert.equal((await poll()).body.error, "slow_down");
	const agent = new Agent(base);
	let page = await agent.signIn(tom, await agent.go(`/oauth/device?user_code=${device.user_code}`));
	page = await agent.submit(page);
	page = await agent.submit(page, { decision: "deny" });
	assert.equal((await poll()).body.error, "access_denied");
	assert.equal((await poll()).body.error, "expired_token");
	page = await agent.submit(await agent.go("/oauth/device"), { user_code: "BBBB-BBBB" });
	assert.equal(page.status, 422);
};
cases["RP-initiated logout; back-channel logout tells those who asked, with a token that verifies"] = async () => {
	const issuer = await Issuer.discover(base);
	const c = new issuer.Client(client);
	const first = await codeFor(client, { scope: "openid" });
	const tokens = (await exchange(client, first)).body;
	const other = await codeFor(client, { scope: "openid offline_access", prompt: "consent" }, { agent: first.agent });
	const offline = (await exchange(client, other)).body;
	told.length = 0;
	const out = await first.agent.go(c.endSessionUrl({ id_token_hint: tokens.id_token, post_logout_redirect_uri: full.post_logout_redirect_uris[0], state: "bye" }));
	assert.equal(out.url.href, `${full.post_logout_redirect_uris[0]}?state=bye`);
	assert.equal(first.agent.cookies.has("gh-identity"), false);
	// Without offline_access the tokens are gone; with it they stay.
	assert.equal(await active(client, tokens.access_token), false);
	assert.equal(await active(client, offline.access_token), true);
	for (let i = 0; i < 100 && !told.length; i++) await new Promise((r) => setTimeout(r, 100));
	assert.ok(told.length >= 1, "the client was told");
	const { createRemoteJWKSet, jwtVerify } = await import("jose");
	const { payload } = await jwtVerify(told[0], createRemoteJWKSet(new URL(issuer.metadata.jwks_uri)), { issuer: base, audience: client.client_id, typ: "logout+jwt" });
	assert.deepEqual(payload.events, { "http://schemas.openid.net/event/backchannel-logout": {} });
	assert.equal(payload.nonce, undefined);
	assert.equal(payload.sid, JSON.parse(Buffer.from(tokens.id_token.split(".")[1], "base64url")).sid);
};
cases["logout without a hint asks first; an address that is not the client's is not gone to"] = async () => {
	const { agent } = await codeFor(client);
	let page = await agent.go(`/oauth/end_session?client_id=${client.client_id}&post_logout_redirect_uri=https://evil.example/`);
	assert.match(page.text, /Sign out\?/);
	page = await agent.submit(page);
	assert.equal(page.url.origin, base);
	assert.equal(agent.cookies.has("gh-identity"), false);
};
cases["Mastodon's clients: JSON, scopes within scopes, tokens without end that outlast the sign-on, other origins"] = async () => {
	const json = async (path, body) => {
		const answer = await fetch(base + path, { method: "POST", headers: { "content-type": "application/json", origin: "https://elk.example" }, body: JSON.stringify(body) });
		return { status: answer.status, headers: answer.headers, body: await answer.json() };
	};
	assert.equal((await fetch(`${base}/api/v1/apps`, { method: "OPTIONS", headers: { origin: "https://elk.example", "access-control-request-method": "POST" } })).headers.get("access-control-allow-origin"), "*");
	const made = await json("/api/v1/apps", { client_name: "Phanpy", redirect_uris: "https://elk.example/cb", scopes: "read write follow push profile", website: "" });
	assert.deepEqual([made.status, made.headers.get("access-control-allow-origin")], [200, "*"]);
	const app = made.body, agent = new Agent(base);
	let page = await agent.signIn(ines, await agent.go(`/oauth/authorize?response_type=code&client_id=${app.client_id}&redirect_uri=${encodeURIComponent("https://elk.example/cb")}&scope=read:accounts+write:statuses`));
	page = await agent.submit(page, { decision: "allow" });
	const tokens = await json("/oauth/token", { grant_type: "authorization_code", client_id: app.client_id, client_secret: app.client_secret, redirect_uri: "https://elk.example/cb", code: page.url.searchParams.get("code") });
	assert.deepEqual([tokens.status, tokens.body.scope, tokens.body.expires_in], [200, "read:accounts write:statuses", undefined]);
	const form = new FormData();
	for (const [k, v] of Object.entries({ grant_type: "client_credentials", client_id: app.client_id, client_secret: app.client_secret, scope: "read" })) form.set(k, v);
	const own = await (await fetch(`${base}/oauth/token`, { method: "POST", body: form })).json();
	assert.deepEqual([own.scope, own.expires_in], ["read", undefined]);
	const secret = { client_id: app.client_id, client_secret: app.client_secret }, itself = [own.access_token];
	const about = async (token) => (await post("/oauth/introspect", { token, ...secret })).body;
	for (let i = 0; i < 5; i++) itself.push((await json("/oauth/token", { grant_type: "client_credentials", scope: "read", ...secret })).body.access_token);
	assert.deepEqual(await Promise.all(itself.map(async (t) => (await about(t)).active)), [false, true, true, true, true, true], "five for itself, the oldest makes way");
	const lives = async () => (await post("/oauth/introspect", { token: tokens.body.access_token, client_id: app.client_id, client_secret: app.client_secret })).body.active;
	await agent.submit(await agent.go("/oauth/end_session"));
	assert.equal((await about(tokens.body.access_token)).exp, undefined);
	await clock.ahead(20 * 366 * 86400, async () => assert.deepEqual([await lives(), (await about(itself[5])).active], [true, true]));
	assert.equal((await fetch(`${base}/oauth/revoke`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token: itself[5], ...secret }) })).status, 200);
	const away = new FormData();
	for (const [k, v] of Object.entries({ token: itself[4], ...secret })) away.set(k, v);
	assert.equal((await fetch(`${base}/oauth/revoke`, { method: "POST", body: away })).status, 200);
	assert.deepEqual([(await about(itself[5])).active, (await about(itself[4])).active, (await about(itself[3])).active], [false, false, true]);
	await agent.signIn(ines);
	page = await agent.go("/identity/applications");
	const forms = [...page.text.matchAll(/name="client" value="([^"]+)"/g)].map((m) => m[1]);
	await agent.submit(page, {}, forms.indexOf(app.client_id));
	assert.equal(await lives(), false);
	for (const body of ["[]", "{", "7", '{"grant_type":7}']) {
		const broken = await fetch(`${base}/oauth/token`, { method: "POST", headers: { "content-type": "application/json" }, body });
		assert.ok([400, 401].includes(broken.status), body);
	}
};
cases["signing out takes nobody who is not signed in to an application's address unasked"] = async () => {
	const bye = full.post_logout_redirect_uris[0], at = `/oauth/end_session?client_id=${client.client_id}&post_logout_redirect_uri=${encodeURIComponent(bye)}&state=x`;
	const nobody = new Agent(base);
	const page = await nobody.go(at);
	assert.deepEqual([page.status, page.url.origin], [200, base]);
	assert.match(page.text, /You are signed out[\s\S]*Bread Diary[\s\S]*127\.0\.0\.1/);
	assert.equal((await nobody.submit(page)).url.href, `${bye}?state=x`);
	// With a hint that is somebody else's, too: whoever has an account has one.
	const { agent, ...got } = await codeFor(client);
	const hint = (await exchange(client, got)).body.id_token;
	assert.equal((await nobody.go(`${at}&id_token_hint=${hint}`)).url.origin, base);
	assert.match((await agent.go(at)).text, /Afterwards you go on to <strong>127\.0\.0\.1/);
	assert.equal((await nobody.go("/oauth/end_session")).url.pathname, "/");
};
cases["Mastodon's class of clients is kept apart: its own scopes, the code shown, no OpenID"] = async () => {
	const app = await (await fetch(`${base}/api/v1/apps`, { method: "POST", body: new URLSearchParams({ client_name: "Elk", redirect_uris: "urn:ietf:wg:oauth:2.0:oob", scopes: "read write:statuses push" }) })).json();
	assert.ok(app.client_id && app.client_secret);
	const agent = new Agent(base);
	let page = await agent.signIn(ines, await agent.go(`/oauth/authorize?response_type=code&client_id=${app.client_id}&redirect_uri=urn:ietf:wg:oauth:2.0:oob&scope=read+write:statuses`));
	assert.match(page.text, /Elk/);
	page = await agent.submit(page, { decision: "allow" });
	const code = page.text.match(/code-shown">([^<]+)</)[1];
	const tokens = await post("/oauth/token", { grant_type: "authorization_code", client_id: app.client_id, client_secret: app.client_secret, redirect_uri: "urn:ietf:wg:oauth:2.0:oob", code });
	assert.equal(tokens.status, 200, JSON.stringify(tokens.body));
	assert.equal(tokens.body.id_token, undefined);
	assert.equal(tokens.body.scope, "read write:statuses");
	assert.ok(tokens.body.created_at);
	assert.deepEqual([tokens.body.expires_in, tokens.body.refresh_token], [undefined, undefined]);
	assert.equal((await fetch(`${base}/oauth/userinfo`, { headers: { authorization: `Bearer ${tokens.body.access_token}` } })).status, 403);
	const openid = await agent.go(`/oauth/authorize?response_type=code&client_id=${app.client_id}&redirect_uri=urn:ietf:wg:oauth:2.0:oob&scope=openid`);
	assert.doesNotMatch(openid.text, /code-shown/);
};

// --- those who mean no good ------------------------------------------------------------------------------------------

cases["a replayed code gets nothing, and ends what the first one got"] = async () => {
	const got = await codeFor(client, { scope: "openid offline_access" });
	const first = await exchange(client, got);
	assert.equal(first.status, 200);
	assert.equal(await active(client, first.body.access_token), true);
	const second = await exchange(client, got);
	assert.deepEqual([second.status, second.body.error], [400, "invalid_grant"]);
	assert.equal(await active(client, first.body.access_token), false);
	assert.equal((await refresh(client, first.body.refresh_token)).body.error, "invalid_grant");
};
cases["a wrong verifier, none, another address or another client: no tokens, and the code is spent"] = async () => {
	const other = await register(full);
	for (const attempt of [(g) => exchange(client, { ...g, verifier: pkce().verifier }), (g) => exchange(client, { ...g, verifier: "" }), (g) => exchange(client, { ...g, verifier: "short" }),
		(g) => exchange(client, g, { redirect_uri: `${callback}/` })]) {
		const got = await codeFor(client);
		assert.equal((await attempt(got)).body.error, "invalid_grant");
		assert.equal((await exchange(client, got)).body.error, "invalid_grant");
	}
	// Another client with somebody's code does not even spend it.
	const got = await codeFor(client);
	assert.equal((await exchange(other, got)).body.error, "invalid_grant");
	assert.equal((await exchange(client, got)).status, 200);
};
cases["an open redirect is none: unknown clients and addresses are told to the person"] = async () => {
	const agent = new Agent(base);
	await agent.signIn(ines);
	const { challenge } = pkce();
	const wrong = [{ redirect_uri: "https://evil.example/cb" }, { redirect_uri: `${callback}.evil.example` }, { redirect_uri: `${callback}?x=1` }, { redirect_uri: `${callback}/../cb` },
		{ redirect_uri: `http://127.0.0.1:${rpPort}@evil.example/cb` }, { redirect_uri: `http://localhost:${rpPort}/cb` }, { redirect_uri: `${callback}#x` }, { redirect_uri: undefined },
		{ client_id: "app-0000000000000" }, { client_id: "service:identity" }, { client_id: "service:nobody" }, { client_id: "service:blog" }, { client_id: undefined }];
	for (const more of wrong) {
		const page = await agent.go(authorizeUrl(client, { code_challenge: challenge, ...more }));
		assert.equal(page.url.origin, base, JSON.stringify(more));
		assert.equal(page.status, 400, JSON.stringify(more));
	}
	for (const next of ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]) {
		const fresh = new Agent(base);
		const done = await fresh.signIn(ines, await fresh.go(`/sign-in?next=${encodeURIComponent(next)}`));
		assert.equal(done.url.origin, base, next);
	}
	// On this computer the port is free (RFC 8252 7.3), the rest is not.
	const loopback = await agent.go(authorizeUrl(client, { code_challenge: challenge, redirect_uri: "http://127.0.0.1:1/cb" }));
	assert.ok(loopback.status === 200 || loopback.url.origin === "http://127.0.0.1:1");
};
/** Requests that get nothing, and what their client is told. */
const wrongly = [[{ response_type: "token" }, "unsupported_response_type"], [{ response_type: undefined }, "invalid_request"], [{ code_challenge: undefined }, "invalid_request"],
	[{ code_challenge_method: "plain" }, "invalid_request"], [{ scope: "everything" }, "invalid_scope"], [{ prompt: "none login" }, "invalid_request"],
	[{ request: "eyJhbGciOiJub25lIn0.e30." }, "request_not_supported"], [{ response_mode: "fragment" }, "invalid_request"], [{ max_age: "-1" }, "invalid_request"]];
const told_of = (url) => [url.origin + url.pathname, url.searchParams.get("error"), url.searchParams.get("state"), url.searchParams.get("iss")];
cases["what a client that was let in asks wrongly is told to it"] = async () => {
	const { challenge } = pkce();
	const { agent } = await codeFor(client);
	for (const [more, error] of wrongly) {
		const { url } = await agent.go(authorizeUrl(client, { code_challenge: challenge, ...more }));
		assert.deepEqual(told_of(url), [callback, error, "s1", base], JSON.stringify(more));
	}
	const twice = await agent.go(`${authorizeUrl(client, { code_challenge: challenge })}&state=s2`);
	assert.equal(twice.url.searchParams.get("error"), "invalid_request");
	const more = await agent.go(authorizeUrl(client, { code_challenge: challenge, prompt: "none", scope: "openid profile email" }));
	assert.deepEqual(told_of(more.url), [callback, "consent_required", "s1", base]);
	const late = await agent.go(authorizeUrl(client, { code_challenge: challenge, prompt: "none", max_age: "0" }));
	assert.equal(late.url.searchParams.get("error"), "login_required");
	const denied = await authorize(authorizeUrl(client, { code_challenge: challenge, prompt: "consent" }), { decision: "deny" });
	assert.equal(denied.params.error, "access_denied");
};
cases["nobody is sent on to an address that anybody may have registered, by whatever link: who never let the application in is shown a page"] = async () => {
	const { challenge } = pkce();
	const signedIn = new Agent(base);
	await signedIn.signIn(ines);
	const stranger = await register({ ...full, client_name: 'Prize <b>Draw</b> "1"' });
	const silent = [[{ prompt: "none" }, { nobody: "login_required", somebody: "consent_required" }]];
	const all = [...wrongly, [{ state: ["s1", "s2"] }, "invalid_request"], ...silent, [{ prompt: "none", max_age: "0" }, "login_required"]];
	for (const agent of [new Agent(base), signedIn])
		for (const mode of [undefined, "form_post"])
			for (const [more, error] of all) {
				const url = authorizeUrl(stranger, { code_challenge: challenge, response_mode: mode, ...more, state: "s1" });
				if (more.state) url.searchParams.append("state", "s2");
				const page = await agent.go(url), what = `${JSON.stringify(more)} ${mode}`;
				assert.deepEqual([page.status, page.url.origin, page.url.pathname], [400, base, "/oauth/authorize"], what);
				assert.ok(page.text.includes("Prize &lt;b&gt;Draw&lt;/b&gt;") && page.text.includes("127.0.0.1"), what);
				assert.doesNotMatch(page.text, /<script nonce|http-equiv="refresh/, what);
				// Whoever goes on takes the answer along.
				const answer = await agent.submit(page);
				const params = answer.url.origin === base ? new URLSearchParams(Agent.form(answer).fields) : answer.url.searchParams;
				const expected = typeof error === "string" ? error : agent === signedIn ? error.somebody : error.nobody;
				assert.equal(params.get("error"), expected, what);
				assert.equal(answer.url.origin === base ? Agent.form(answer).action.href : told_of(answer.url)[0], callback, what);
			}
	// A pushed request is none either, nor is one that is taken up again.
	const push = await post("/oauth/par", { redirect_uri: callback, response_type: "code", scope: "openid", prompt: "none", code_challenge: challenge, code_challenge_method: "S256" }, basic(stranger));
	const page = await signedIn.go(`/oauth/authorize?client_id=${stranger.client_id}&request_uri=${encodeURIComponent(push.body.request_uri)}`);
	assert.deepEqual([page.status, page.url.origin], [400, base]);
	assert.equal((await signedIn.go(`/oauth/authorize?resume=${Agent.form(page).fields.resume}`)).status, 400);
	// What this site's own services ask silently is answered at once.
	const own = await new Agent(base).fetch("/auth/login?silent=1");
	const silently = await new Agent(base).fetch(own.headers.get("location"));
	assert.match(silently.headers.get("location"), /\/auth\/callback\?error=login_required/);
	// An application without an address is nowhere to go to.
	const oob = await (await fetch(`${base}/api/v1/apps`, { method: "POST", body: new URLSearchParams({ client_name: "Elk", redirect_uris: "urn:ietf:wg:oauth:2.0:oob" }) })).json();
	const shown = await signedIn.go(`/oauth/authorize?response_type=code&client_id=${oob.client_id}&redirect_uri=urn:ietf:wg:oauth:2.0:oob&scope=everything`);
	assert.match(shown.text, /Nothing was let in/);
	const asked = await signedIn.go(`/oauth/authorize?response_type=code&client_id=${oob.client_id}&redirect_uri=urn:ietf:wg:oauth:2.0:oob&scope=read`);
	assert.match(asked.text, /An application asks for access/);
	assert.doesNotMatch(asked.text, /urn:|takes you on/);
};
cases["prompt=login and max_age are proved again; consent is asked once, and for more when more is asked"] = async () => {
	const app = await register({ ...full, client_name: "Oven\nTimer" });
	const { challenge } = pkce();
	const agent = new Agent(base);
	await authorize(authorizeUrl(app, { code_challenge: challenge }), { agent });
	const again = await agent.go(authorizeUrl(app, { code_challenge: challenge }));
	assert.ok(again.url.searchParams.get("code"), "no second consent");
	const more = await agent.go(authorizeUrl(app, { code_challenge: challenge, scope: "openid email" }));
	assert.match(more.text, /See your e-mail address/);
	await authorize(authorizeUrl(app, { code_challenge: challenge, prompt: "consent" }), { agent });
	const about = /Application: Oven Timer\n/; // of one line, whatever it was registered as
	assert.match((await letter(data, ines.email, about)).text, /Subject: An application was let in/);
	await agent.submit(more, { decision: "allow" });
	await letter(data, ines.email, about, 1);
	assert.equal(letters(data, ines.email).filter((t) => about.test(t)).length, 2, "one for each time it was allowed more");
	const login = await agent.go(authorizeUrl(app, { code_challenge: challenge, prompt: "login" }));
	assert.equal(login.url.pathname, "/sign-in");
	const done = await agent.signIn(ines, login);
	assert.ok(done.url.searchParams.get("code"));
	const age = await agent.go(authorizeUrl(app, { code_challenge: challenge, max_age: "0" }));
	assert.equal(age.url.pathname, "/sign-in");
};
cases["an answer of another issuer is not taken (mix-up)"] = async () => {
	const agent = new Agent(base);
	await agent.signIn(ines);
	const start = await agent.fetch("/auth/login");
	const asked = new URL(start.headers.get("location"));
	const answer = await agent.fetch(asked);
	const back = new URL(answer.headers.get("location"));
	back.searchParams.set("iss", "https://evil.example");
	const page = await agent.go(back);
	assert.equal(page.status, 400);
	assert.equal(agent.cookies.has("gh-blog"), false);
	// The state is spent with it.
	back.searchParams.set("iss", base);
	assert.equal((await agent.go(back)).status, 400);
	// And a client of the field refuses it by itself.
	const issuer = await Issuer.discover(base);
	const c = new issuer.Client(client);
	await assert.rejects(c.callback(callback, { code: "x", state: "s", iss: "https://evil.example" }, { state: "s", response_type: "code" }), /iss mismatch/);
};
cases["a sign-in begun in one browser is not finished in another (login CSRF)"] = async () => {
	const attacker = new Agent(base), victim = new Agent(base);
	await attacker.signIn(tom);
	const start = await attacker.fetch("/auth/login");
	const answer = await attacker.fetch(start.headers.get("location"));
	const page = await victim.go(answer.headers.get("location"));
	assert.equal(page.status, 400);
	assert.equal(victim.cookies.has("gh-blog"), false);
};
cases["a session identifier from before signing in is none afterwards (fixation)"] = async () => {
	const agent = new Agent(base);
	const planted = randomBytes(32).toString("base64url");
	agent.cookies.set("gh-identity", planted);
	agent.cookies.set("gh-blog", planted);
	await agent.signIn(ines);
	await agent.go("/auth/login");
	assert.notEqual(agent.cookies.get("gh-identity"), planted);
	assert.notEqual(agent.cookies.get("gh-blog"), planted);
	const thief = new Agent(base);
	thief.cookies.set("gh-identity", planted);
	assert.match((await thief.go("/sign-in")).text, /type="password"/);
	// Signing in again ends what this browser had.
	const old = agent.cookies.get("gh-identity");
	await agent.signIn(ines, await agent.go("/sign-in?again=1"));
	thief.cookies.set("gh-identity", old);
	assert.match((await thief.go("/sign-in")).text, /type="password"/);
};
cases["a refresh token used twice: within half a minute the same successor, later the end of the grant"] = async () => {
	const got = await exchange(client, await codeFor(client, { scope: "openid offline_access" }));
	const [a, b] = await Promise.all([refresh(client, got.body.refresh_token), refresh(client, got.body.refresh_token)]);
	assert.deepEqual([a.status, b.status], [200, 200]);
	assert.equal(a.body.refresh_token, b.body.refresh_token);
	const next = await refresh(client, a.body.refresh_token);
	assert.equal(next.status, 200);
	const stolen = await clock.ahead(31, () => refresh(client, got.body.refresh_token));
	assert.deepEqual([stolen.status, stolen.body.error], [400, "invalid_grant"]);
	assert.equal((await refresh(client, next.body.refresh_token)).body.error, "invalid_grant");
	assert.equal(await active(client, next.body.access_token), false);
};
cases["a refresh token whose successor was used is a stolen one, within that half minute too"] = async () => {
	const got = await exchange(client, await codeFor(client, { scope: "openid offline_access" }));
	const next = await refresh(client, got.body.refresh_token);
	const last = await refresh(client, next.body.refresh_token);
	assert.deepEqual([next.status, last.status], [200, 200]);
	const stolen = await refresh(client, got.body.refresh_token);
	assert.deepEqual([stolen.status, stolen.body.error], [400, "invalid_grant"]);
	for (const token of [got.body.access_token, next.body.access_token, last.body.access_token]) assert.equal(await active(client, token), false);
	assert.equal((await refresh(client, last.body.refresh_token)).body.error, "invalid_grant");
};
cases["a refresh for less gives less: no address without its scope, no ID token without openid; the refresh token keeps it all"] = async () => {
	const got = await exchange(client, await codeFor(client, { scope: "openid email offline_access", prompt: "consent" }));
	const less = (await refresh(client, got.body.refresh_token, { scope: "openid" })).body;
	assert.equal(less.scope, "openid");
	const info = await fetch(`${base}/oauth/userinfo`, { headers: { authorization: `Bearer ${less.access_token}` } });
	assert.deepEqual([info.status, (await info.json()).email], [200, undefined]);
	const none = (await refresh(client, less.refresh_token, { scope: "email" })).body;
	assert.deepEqual([none.scope, none.id_token], ["email", undefined]);
	assert.equal((await refresh(client, none.refresh_token, { scope: "openid profile" })).body.error, "invalid_scope");
	const all = (await refresh(client, none.refresh_token)).body; // asking for too much used nothing up
	assert.equal(all.scope, "openid email offline_access");
	assert.ok(all.id_token);
};
cases["a refresh token of another client, with more scope, or made up"] = async () => {
	const other = await register(full);
	const got = await exchange(client, await codeFor(client, { scope: "openid offline_access" }));
	assert.equal((await refresh(other, got.body.refresh_token)).body.error, "invalid_grant");
	assert.equal((await refresh(client, randomBytes(32).toString("base64url"))).body.error, "invalid_grant");
	assert.equal((await refresh(client, "x")).body.error, "invalid_grant");
	assert.equal((await refresh(client, got.body.refresh_token, { scope: "openid email" })).body.error, "invalid_scope");
};
cases["forged and unsigned tokens, wrong secrets and keys, replayed proofs"] = async () => {
	const get = (authorization, more = {}) => fetch(`${base}/oauth/userinfo`, { headers: { authorization, ...more } });
	const jwt = (head, body) => [head, body].map((x) => Buffer.from(JSON.stringify(x)).toString("base64url")).join(".");
	for (const token of ["", "x", randomBytes(32).toString("base64url"), `${jwt({ alg: "none" }, { sub: "1" })}.`, "a.b.c", "x".repeat(5000)]) {
		const answer = await get(`Bearer ${token}`);
		assert.equal(answer.status, 401);
		assert.match(answer.headers.get("www-authenticate"), /^Bearer/);
	}
	assert.equal((await post("/oauth/token", { grant_type: "client_credentials" }, basic({ ...client, client_secret: "wrong" }))).body.error, "invalid_client");
	assert.equal((await post("/oauth/token", { grant_type: "client_credentials", client_id: client.client_id })).body.error, "invalid_client");
	assert.equal((await post("/oauth/token", { grant_type: "client_credentials", client_id: client.client_id, client_secret: client.client_secret }, basic(client))).body.error, "invalid_client");
	assert.equal((await post("/oauth/token", { grant_type: "password", username: "ines@example.org", password: "x" }, basic(client))).body.error, "unsupported_grant_type");
	assert.equal((await post("/oauth/introspect", { token: "x" })).body.error, "invalid_client");
	// A key's assertion is good once, for us, for a while.
	const { SignJWT, generateKeyPair, exportJWK } = await import("jose");
	const keys = await generateKeyPair("ES256"), stranger = await generateKeyPair("ES256");
	const app = await register({ client_name: "Keyed", grant_types: ["client_credentials"], token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [await exportJWK(keys.publicKey)] } });
	const assertion = (key, { aud = `${base}/oauth/token`, sub = app.client_id, exp = "1m", jti = randomBytes(8).toString("hex") } = {}) =>
		new SignJWT({}).setProtectedHeader({ alg: "ES256" }).setIssuer(sub).setSubject(sub).setAudience(aud).setJti(jti).setIssuedAt().setExpirationTime(exp).sign(key);
	const ask = (a) => post("/oauth/token", { grant_type: "client_credentials", client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", client_assertion: a });
	const good = await assertion(keys.privateKey);
	assert.equal((await ask(good)).status, 200);
	assert.equal((await ask(good)).body.error, "invalid_client", "replayed");
	assert.equal((await ask(await assertion(stranger.privateKey))).body.error, "invalid_client", "another key");
	assert.equal((await ask(await assertion(keys.privateKey, { aud: "https://evil.example" }))).body.error, "invalid_client", "for somebody else");
	assert.equal((await ask(await assertion(keys.privateKey, { exp: Math.floor(Date.now() / 1000) - 60 }))).body.error, "invalid_client", "expired");
	assert.equal((await ask(await assertion(keys.privateKey, { exp: "2h" }))).body.error, "invalid_client", "good for too long");
	assert.equal((await ask(await assertion(keys.privateKey, { jti: "j".repeat(128) }))).status, 200);
	assert.equal((await ask(await assertion(keys.privateKey, { jti: "j".repeat(129) }))).body.error, "invalid_client", "a name that is too long");
	assert.equal((await ask(good.slice(0, -8) + "AAAAAAAA")).body.error, "invalid_client", "forged");
	// Proofs of possession: once, for this method and address.
	const proof = async (claims = {}, key = keys) =>
		new SignJWT({ htm: "POST", htu: `${base}/oauth/token`, jti: randomBytes(8).toString("hex"), iat: Math.floor(Date.now() / 1000), ...claims })
			.setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: await exportJWK(key.publicKey) }).sign(key.privateKey);
	const machine = await register({ client_name: "Machine", grant_types: ["client_credentials"] });
	const bound = async (p) => post("/oauth/token", { grant_type: "client_credentials" }, { ...basic(machine), DPoP: p });
	const one = await proof();
	assert.equal((await bound(one)).body.token_type, "DPoP");
	for (const bad of [one, await proof({ htm: "GET" }), await proof({ htu: `${base}/oauth/par` }), await proof({ iat: Math.floor(Date.now() / 1000) - 600 }), await proof({ jti: undefined }), "x.y.z"])
		assert.equal((await bound(bad)).body.error, "invalid_dpop_proof");
};
cases["a pushed request is good once, for its client alone"] = async () => {
	const other = await register(full);
	const { challenge } = pkce();
	const push = () => post("/oauth/par", { redirect_uri: callback, response_type: "code", scope: "openid", code_challenge: challenge, code_challenge_method: "S256" }, basic(client));
	const agent = new Agent(base);
	await agent.signIn(ines);
	const { body } = await push();
	const at = (c, uri) => `/oauth/authorize?client_id=${c.client_id}&request_uri=${encodeURIComponent(uri)}`;
	assert.equal((await agent.go(at(other, body.request_uri))).status, 400);
	const fresh = (await push()).body.request_uri;
	const used = await agent.go(at(client, fresh));
	assert.ok(used.status === 200 || used.url.searchParams.get("code"));
	assert.equal((await agent.go(at(client, fresh))).status, 400);
	assert.equal((await agent.go(at(client, "https://evil.example/request"))).status, 400);
	assert.equal((await post("/oauth/par", { redirect_uri: "https://evil.example/", response_type: "code" }, basic(client))).body.error, "invalid_request");
	const only = await register({ ...full, require_pushed_authorization_requests: true });
	const refused = await agent.submit(await agent.go(authorizeUrl(only, { code_challenge: challenge })));
	assert.equal(refused.url.searchParams.get("error"), "invalid_request");
};
cases["every form wants its token (CSRF), and consent is the person's who is asked"] = async () => {
	const agent = new Agent(base);
	await agent.signIn(ines);
	for (const path of ["/sign-in", "/oauth/consent", "/oauth/device", "/oauth/device/decision", "/oauth/end_session", "/identity/applications", "/auth/logout", "/account/auth/logout"]) {
		const bare = await agent.fetch(path, { method: "POST", body: new URLSearchParams({ decision: "allow", client: client.client_id }) });
		assert.equal(bare.status, 403, path);
		const forged = await agent.fetch(path, { method: "POST", body: new URLSearchParams({ csrf: randomBytes(24).toString("base64url") }) });
		assert.equal(forged.status, 403, path);
	}
	assert.ok(agent.cookies.has("gh-identity"), "nobody was signed out");
};
cases["applications are listed and taken back, tokens and all"] = async () => {
	const app = await register({ ...full, client_name: "Seed Swap" });
	const got = await codeFor(app, { scope: "openid offline_access" });
	const tokens = (await exchange(app, got)).body;
	let page = await got.agent.go("/identity/applications");
	assert.match(page.text, /Seed Swap/);
	const forms = [...page.text.matchAll(/name="client" value="([^"]+)"/g)].map((m) => m[1]);
	page = await got.agent.submit(page, {}, forms.indexOf(app.client_id));
	assert.doesNotMatch(page.text, /Seed Swap/);
	assert.equal(await active(app, tokens.access_token), false);
	assert.equal((await refresh(app, tokens.refresh_token)).body.error, "invalid_grant");
};
/** A device of that application, let in by whoever agent is; not asked for yet. */
const letDeviceIn = async (tv, agent) => {
	const device = (await post("/oauth/device_authorization", { client_id: tv.client_id, scope: "openid offline_access" })).body;
	let page = await agent.submit(await agent.go(`/oauth/device?user_code=${device.user_code}`));
	page = await agent.submit(page, { decision: "allow" });
	return () => post("/oauth/token", { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: device.device_code, client_id: tv.client_id });
};
const television = { client_name: "Television", grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"], token_endpoint_auth_method: "none" };
cases["a device is an application like others: listed, and taken back"] = async () => {
	const tv = await register({ ...television, client_name: "Shop Window" }), agent = new Agent(base);
	await agent.signIn(tom);
	const { body } = await (await letDeviceIn(tv, agent))();
	assert.ok(body.refresh_token);
	let page = await agent.go("/identity/applications");
	assert.match(page.text, /Shop Window/);
	const forms = [...page.text.matchAll(/name="client" value="([^"]+)"/g)].map((m) => m[1]);
	page = await agent.submit(page, {}, forms.indexOf(tv.client_id));
	assert.doesNotMatch(page.text, /Shop Window/);
	const again = await post("/oauth/token", { grant_type: "refresh_token", refresh_token: body.refresh_token, client_id: tv.client_id });
	assert.equal(again.body.error, "invalid_grant");
};
const tellsOf = async (app) => {
	const mine = () => told.filter((t) => JSON.parse(Buffer.from(t.split(".")[1], "base64url")).aud === app.client_id);
	for (let i = 0; i < 100 && !mine().length; i++) await new Promise((r) => setTimeout(r, 100));
	return mine().length;
};
cases["a new password ends what hangs on the sign-ins of before, and tells applications; what may come back alone stays"] = async () => {
	const app = await register({ ...full, client_name: "Wall Calendar" });
	const online = (await exchange(app, await codeFor(app, { scope: "openid" }, { who: mia }))).body;
	const offline = (await exchange(app, await codeFor(app, { scope: "openid offline_access" }, { who: mia }))).body;
	const agent = new Agent(base), fresh = "noodles on fridays too";
	await agent.signIn(mia);
	await agent.submit(await agent.go("/identity/password"), { former: mia.password, fresh });
	mia.password = fresh;
	assert.deepEqual([await active(app, online.access_token), await active(app, offline.access_token)], [false, true]);
	assert.ok(await tellsOf(app));
	assert.equal((await agent.fetch("/identity")).status, 200);
};
cases["who is suspended is out of every application: tokens, codes and devices on their way, and the application is told"] = async () => {
	const app = await register({ ...full, client_name: "Noticeboard" }), tv = await register(television);
	const got = await codeFor(app, { scope: "openid offline_access" }, { who: mia });
	const tokens = (await exchange(app, got)).body;
	const unused = await codeFor(app, { scope: "openid offline_access" }, { agent: got.agent });
	const poll = await letDeviceIn(tv, got.agent);
	const owner = new Agent(base);
	await owner.signIn(olga);
	const list = await owner.go("/admin/members");
	const id = list.text.match(/value="([0-9a-z]{13})"><span class="visually-hidden">Choose Mia/)[1];
	const csrf = Agent.form(await owner.go(`/admin/members/${id}`)).fields.csrf;
	assert.equal(await active(app, tokens.access_token), true);
	await owner.go(`/admin/members/${id}`, { method: "POST", body: new URLSearchParams({ csrf, action: "suspend" }) });
	assert.equal(await active(app, tokens.access_token), false);
	assert.equal((await refresh(app, tokens.refresh_token)).body.error, "invalid_grant");
	assert.equal((await exchange(app, unused)).body.error, "invalid_grant");
	assert.equal((await poll()).body.error, "access_denied");
	assert.ok(await tellsOf(app));
};
cases["a theft that shows is in the audit chain, and in the person's own log"] = async () => {
	const owner = new Agent(base);
	await owner.signIn(olga);
	for (const action of ["oauth.code_replayed", "oauth.refresh_replayed"]) assert.ok((await owner.go(`/admin/audit?action=${action}`)).text.includes("Inês Marques"), action);
	const agent = new Agent(base);
	await agent.signIn(ines);
	assert.match((await agent.go("/identity/log")).text, /used twice, so its access ended/);
};
cases["other origins may call what they must, and nothing else"] = async () => {
	const pre = await fetch(`${base}/oauth/token`, { method: "OPTIONS", headers: { origin: "https://app.example", "access-control-request-method": "POST" } });
	assert.equal(pre.headers.get("access-control-allow-origin"), "*");
	const jwks = await fetch(`${base}/oauth/jwks`);
	assert.equal(jwks.headers.get("access-control-allow-origin"), "*");
	const keys = (await jwks.json()).keys;
	assert.deepEqual(keys.map((k) => k.alg).sort(), ["ES256", "EdDSA", "RS256"]);
	assert.ok(keys.every((k) => k.kid && k.use === "sig" && !("d" in k)));
	assert.equal((await fetch(`${base}/sign-in`)).headers.get("access-control-allow-origin"), null);
};

// --- time ------------------------------------------------------------------------------------------------------------

const userinfo = async (token) => {
	const answer = await fetch(`${base}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } });
	return { status: answer.status, challenge: answer.headers.get("www-authenticate") };
};
cases["an access token is good for an hour: then introspection, userinfo and revocation know none"] = async () => {
	const { body } = await exchange(client, await codeFor(client, { scope: "openid offline_access" }));
	assert.equal(body.expires_in, 3600);
	await clock.ahead(3590, async () => {
		assert.equal((await userinfo(body.access_token)).status, 200);
		assert.equal(await active(client, body.access_token), true);
	});
	await clock.ahead(3601, async () => {
		const { status, challenge } = await userinfo(body.access_token);
		assert.equal(status, 401);
		assert.match(challenge, /^Bearer.*invalid_token/);
		assert.deepEqual((await post("/oauth/introspect", { token: body.access_token }, basic(client))).body, { active: false });
		assert.equal((await post("/oauth/revoke", { token: body.access_token }, basic(client))).status, 200);
		// The grant goes on: its refresh token gets another.
		const next = await refresh(client, body.refresh_token);
		assert.equal((await userinfo(next.body.access_token)).status, 200);
	});
};
cases["an access token that an application has for itself, or bound to a key, ends in the same way"] = async () => {
	const { SignJWT, generateKeyPair, exportJWK } = await import("jose");
	const machine = await register({ client_name: "Oven", grant_types: ["client_credentials"] }), keys = await generateKeyPair("ES256");
	const proof = async (method, path, ahead, more = {}) =>
		new SignJWT({ htm: method, htu: base + path, jti: randomBytes(8).toString("hex"), iat: Math.floor(Date.now() / 1000) + ahead, ...more })
			.setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: await exportJWK(keys.publicKey) }).sign(keys.privateKey);
	const own = (await post("/oauth/token", { grant_type: "client_credentials" }, basic(machine))).body.access_token;
	assert.equal(await active(machine, own), true);
	const got = await codeFor(client);
	const bound = (await post("/oauth/token", { grant_type: "authorization_code", code: got.code, redirect_uri: callback, code_verifier: got.verifier },
		{ ...basic(client), DPoP: await proof("POST", "/oauth/token", 0) })).body.access_token;
	const ath = createHash("sha256").update(bound).digest("base64url");
	const ask = async (ahead) =>
		(await fetch(`${base}/oauth/userinfo`, { headers: { authorization: `DPoP ${bound}`, DPoP: await proof("GET", "/oauth/userinfo", ahead, { ath }) } })).status;
	assert.equal(await ask(0), 200);
	await clock.ahead(3590, async () => assert.equal(await ask(3590), 200));
	await clock.ahead(3601, async () => {
		assert.equal(await ask(3601), 401);
		assert.equal(await active(machine, own), false);
		assert.equal(await active(client, bound), false);
	});
	// A proof is good for a minute.
	await clock.ahead(75, async () => assert.equal(await ask(0), 401));
};
cases["a code is good for a minute, a pushed request for a minute and a half, a device's code for ten minutes"] = async () => {
	const first = await codeFor(client), second = await codeFor(client);
	await clock.ahead(50, async () => assert.equal((await exchange(client, first)).status, 200));
	await clock.ahead(61, async () => {
		const late = await exchange(client, second);
		assert.deepEqual([late.status, late.body.error], [400, "invalid_grant"]);
	});
	const agent = new Agent(base);
	await agent.signIn(ines);
	const { challenge } = pkce();
	const pushed = await post("/oauth/par", { redirect_uri: callback, response_type: "code", scope: "openid", code_challenge: challenge, code_challenge_method: "S256" }, basic(client));
	await clock.ahead(91, async () =>
		assert.equal((await agent.go(`/oauth/authorize?client_id=${client.client_id}&request_uri=${encodeURIComponent(pushed.body.request_uri)}`)).status, 400));
	const grant = "urn:ietf:params:oauth:grant-type:device_code";
	const tv = await register({ ...full, grant_types: [grant] });
	const handle = (await post("/oauth/device_authorization", { scope: "openid" }, basic(tv))).body;
	await clock.ahead(601, async () =>
		assert.equal((await post("/oauth/token", { grant_type: grant, device_code: handle.device_code }, basic(tv))).body.error, "expired_token"));
};
cases["a refresh token is good for ninety days from its last use, and its successor for as many from then"] = async () => {
	const day = 86400;
	const { body } = await exchange(client, await codeFor(client, { scope: "openid offline_access" }));
	const other = (await exchange(client, await codeFor(client, { scope: "openid offline_access" }))).body;
	const next = await clock.ahead(89 * day, () => refresh(client, body.refresh_token));
	assert.equal(next.status, 200);
	await clock.ahead(90 * day + 1, async () => {
		const late = await refresh(client, other.refresh_token);
		assert.deepEqual([late.status, late.body.error], [400, "invalid_grant"]);
		assert.equal(await active(client, other.refresh_token), false);
	});
	const last = await clock.ahead(178 * day, () => refresh(client, next.body.refresh_token));
	assert.equal(last.status, 200);
	await clock.ahead(269 * day, async () => assert.equal((await refresh(client, last.body.refresh_token)).body.error, "invalid_grant"));
};
cases["a sign-in ends after thirty days, used or not, here and at each service"] = async () => {
	const day = 86400, agent = new Agent(base);
	await agent.signIn(ines);
	assert.equal((await agent.go("/account")).url.pathname, "/account");
	await clock.ahead(29 * day, async () => assert.equal((await agent.go("/account")).url.pathname, "/account"));
	await clock.ahead(30 * day + 1, async () => {
		assert.equal((await agent.go("/account")).url.pathname, "/sign-in");
		assert.equal((await agent.go("/identity/applications")).url.pathname, "/sign-in");
	});
};

await run(cases, async () => {
	rp.close();
	rp.closeAllConnections();
	assert.equal(await site.stop(), 0);
	clock.remove();
	rmSync(data, { recursive: true, force: true });
});

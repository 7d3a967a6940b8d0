// SPDX-License-Identifier: Apache-2.0
// Applications of the field as their libraries have them without being told more: each signs somebody in, refreshes, signs out.
import assert from "node:assert/strict";
import { webcrypto, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent.mjs";
import { addPerson, freePort, run, serve } from "./lib.mjs";

globalThis.crypto ??= webcrypto; // Node 18
globalThis.CryptoKey ??= webcrypto.CryptoKey;
const six = await import("openid-client-6");
const { Issuer, generators } = await import("openid-client");
const oauth = await import("oauth4webapi");
const { createOAuthAPIClient, createRestAPIClient } = await import("masto");

const data = mkdtempSync(join(tmpdir(), "guildhall-clients-"));
const ines = { email: "ines@example.org", name: "Inês Marques", password: "a loaf on every table" };
addPerson(data, ines);
const port = await freePort();
const site = await serve({ data, port, demo: false, args: ["--set", "rate.enabled=no"] });
const base = `http://localhost:${port}`;
const callback = "http://127.0.0.1:9/cb"; // never called: the agent stops there
const insecure = { [oauth.allowInsecureRequests]: true };

const json = async (path, body, headers = {}) => {
	const answer = await fetch(base + path, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
	return { status: answer.status, headers: answer.headers, body: await answer.json() };
};
const form = async (path, body, headers = {}) => {
	const answer = await fetch(base + path, { method: "POST", headers, body: new URLSearchParams(body) });
	const text = await answer.text();
	return { status: answer.status, body: text ? JSON.parse(text) : null };
};
const basic = (c) => ({ authorization: `Basic ${Buffer.from(`${c.client_id}:${c.client_secret}`).toString("base64")}` });
/** Registers with nothing but what has no default. */
const register = async (more = {}) => {
	const made = await json("/oauth/register", { client_name: "Whoever", redirect_uris: [callback], post_logout_redirect_uris: ["http://127.0.0.1:9/bye"], ...more });
	assert.equal(made.status, 201, JSON.stringify(made.body));
	return made.body;
};
/** As a person: signs in, allows. Where the application gets its answer. */
const through = async (url, agent = new Agent(base)) => {
	let page = await agent.go(url);
	if (page.url.pathname === "/sign-in") page = await agent.signIn(ines, page);
	if (page.text.includes("/oauth/consent")) page = await agent.submit(page, { decision: "allow" });
	return { page, agent };
};
const bye = async (agent, url) => {
	let page = await agent.go(url);
	if (page.url.origin === base) page = await agent.submit(page);
	assert.equal(page.url.href.split("?")[0], "http://127.0.0.1:9/bye");
	assert.equal((await agent.go("/account")).url.pathname, "/sign-in", "signed out");
};
const refreshes = { grant_types: ["authorization_code", "refresh_token"] };

const cases = {};
cases["openid-client 6"] = async () => {
	const client = await register(refreshes);
	const config = await six.discovery(new URL(base), client.client_id, client.client_secret, undefined, { execute: [six.allowInsecureRequests] });
	const pkceCodeVerifier = six.randomPKCECodeVerifier(), expectedNonce = six.randomNonce();
	const url = six.buildAuthorizationUrl(config, { redirect_uri: callback, scope: "openid email offline_access", code_challenge: await six.calculatePKCECodeChallenge(pkceCodeVerifier),
		code_challenge_method: "S256", nonce: expectedNonce });
	const { page, agent } = await through(url);
	const tokens = await six.authorizationCodeGrant(config, page.url, { pkceCodeVerifier, expectedNonce, idTokenExpected: true });
	assert.equal(tokens.claims().nonce, expectedNonce);
	const who = await six.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
	assert.equal(who.email, ines.email);
	const next = await six.refreshTokenGrant(config, tokens.refresh_token);
	assert.notEqual(next.access_token, tokens.access_token);
	assert.equal(next.claims().sub, tokens.claims().sub);
	await six.tokenRevocation(config, next.refresh_token);
	await assert.rejects(six.refreshTokenGrant(config, next.refresh_token), (error) => error.error === "invalid_grant");
	await bye(agent, six.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: "http://127.0.0.1:9/bye" }));
};
cases["openid-client 6 registers itself"] = async () => {
	const config = await six.dynamicClientRegistration(new URL(base), { redirect_uris: [callback] }, undefined, { execute: [six.allowInsecureRequests] });
	const verifier = six.randomPKCECodeVerifier();
	const { page } = await through(six.buildAuthorizationUrl(config, { redirect_uri: callback, scope: "openid", code_challenge: await six.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" }));
	const tokens = await six.authorizationCodeGrant(config, page.url, { pkceCodeVerifier: verifier });
	assert.ok(tokens.claims().sub);
};
cases["openid-client 5"] = async () => {
	const issuer = await Issuer.discover(base);
	const made = await register(refreshes);
	const client = new issuer.Client({ client_id: made.client_id, client_secret: made.client_secret, redirect_uris: [callback], response_types: ["code"] });
	const code_verifier = generators.codeVerifier(), nonce = generators.nonce();
	const { page, agent } = await through(client.authorizationUrl({ scope: "openid offline_access", code_challenge: generators.codeChallenge(code_verifier), code_challenge_method: "S256", nonce }));
	const tokens = await client.callback(callback, client.callbackParams(page.url.href), { code_verifier, nonce });
	assert.ok((await client.userinfo(tokens)).sub);
	const next = await client.refresh(tokens.refresh_token);
	assert.ok(next.access_token);
	await client.revoke(next.access_token);
	await bye(agent, client.endSessionUrl({ id_token_hint: tokens, post_logout_redirect_uri: "http://127.0.0.1:9/bye" }));
};
cases["oauth4webapi"] = async () => {
	const as = await oauth.processDiscoveryResponse(new URL(base), await oauth.discoveryRequest(new URL(base), insecure));
	const made = await register(refreshes), client = { client_id: made.client_id }, proof = oauth.ClientSecretBasic(made.client_secret);
	const verifier = oauth.generateRandomCodeVerifier(), state = oauth.generateRandomState(), url = new URL(as.authorization_endpoint);
	for (const [k, v] of Object.entries({ client_id: client.client_id, redirect_uri: callback, response_type: "code", scope: "openid offline_access", state,
		code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" })) url.searchParams.set(k, v);
	const { page, agent } = await through(url);
	const params = oauth.validateAuthResponse(as, client, page.url, state);
	const tokens = await oauth.processAuthorizationCodeResponse(as, client, await oauth.authorizationCodeGrantRequest(as, client, proof, params, callback, verifier, insecure), { requireIdToken: true });
	const next = await oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, proof, tokens.refresh_token, insecure));
	assert.ok(next.access_token);
	await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, proof, next.refresh_token, insecure));
	const out = new URL(as.end_session_endpoint);
	out.searchParams.set("id_token_hint", tokens.id_token);
	out.searchParams.set("post_logout_redirect_uri", "http://127.0.0.1:9/bye");
	await bye(agent, out);
};
// oauth2-proxy 7 as it is configured when nothing is said: scopes "openid email profile", no PKCE, no nonce, approval_prompt and prompt
// left empty or sent, Go's oauth2 (secret in a header first), the ID token verified by RS256.
cases["like oauth2-proxy: no PKCE, no nonce, approval_prompt"] = async () => {
	const client = await register(refreshes), found = await (await fetch(`${base}/.well-known/openid-configuration`)).json();
	assert.ok(found.id_token_signing_alg_values_supported.includes("RS256"));
	const url = new URL(found.authorization_endpoint), state = `${randomBytes(32).toString("base64url")}:/`;
	for (const [k, v] of Object.entries({ approval_prompt: "force", client_id: client.client_id, redirect_uri: callback, response_type: "code", scope: "openid email profile offline_access", state }))
		url.searchParams.set(k, v);
	const { page, agent } = await through(url);
	assert.equal(page.url.searchParams.get("state"), state);
	const got = await form("/oauth/token", { code: page.url.searchParams.get("code"), grant_type: "authorization_code", redirect_uri: callback }, basic(client));
	assert.equal(got.status, 200, JSON.stringify(got.body));
	const { alg } = JSON.parse(Buffer.from(got.body.id_token.split(".")[0], "base64url"));
	assert.equal(alg, "RS256");
	const claims = JSON.parse(Buffer.from(got.body.id_token.split(".")[1], "base64url"));
	const profile = await (await fetch(found.userinfo_endpoint, { headers: { authorization: `Bearer ${got.body.access_token}` } })).json();
	assert.deepEqual([profile.email, profile.email_verified !== undefined, profile.sub], [ines.email, true, claims.sub]);
	const next = await form("/oauth/token", { grant_type: "refresh_token", refresh_token: got.body.refresh_token }, basic(client));
	assert.equal(next.status, 200);
	assert.ok(next.body.id_token, "its session takes e-mail and name anew from it");
	await bye(agent, `${found.end_session_endpoint}?id_token_hint=${got.body.id_token}&post_logout_redirect_uri=${encodeURIComponent("http://127.0.0.1:9/bye")}`);
	// Who has no secret, and whose verifier has no challenge, does not get by so.
	const open = await register({ token_endpoint_auth_method: "none" });
	url.searchParams.set("client_id", open.client_id);
	const refused = (await through(url)).page;
	assert.match(refused.text, /invalid_request\.\s*A code_challenge/);
	url.searchParams.set("client_id", client.client_id);
	const again = await through(url);
	assert.equal((await form("/oauth/token", { code: again.page.url.searchParams.get("code"), grant_type: "authorization_code", redirect_uri: callback, code_verifier: "x".repeat(43) }, basic(client))).body.error, "invalid_grant");
};
// Nextcloud's user_oidc: a claims parameter, nonce and PKCE, the secret in the body, scopes "openid email profile".
cases["like Nextcloud: claims parameter, the secret in the body, a logout with client_id"] = async () => {
	const client = await register({ ...refreshes, token_endpoint_auth_method: "client_secret_post" });
	const verifier = randomBytes(48).toString("base64url"), nonce = randomBytes(16).toString("hex");
	const url = new URL(`${base}/oauth/authorize`);
	for (const [k, v] of Object.entries({ client_id: client.client_id, response_type: "code", scope: "openid email profile offline_access", redirect_uri: callback, nonce, state: "n",
		claims: JSON.stringify({ id_token: { email: null, name: null, quota: null, groups: null }, userinfo: { email: null, name: null, quota: null, groups: null } }),
		code_challenge: Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(verifier))).toString("base64url"), code_challenge_method: "S256" })) url.searchParams.set(k, v);
	const { page, agent } = await through(url);
	const secret = { client_id: client.client_id, client_secret: client.client_secret };
	const got = await form("/oauth/token", { code: page.url.searchParams.get("code"), ...secret, redirect_uri: callback, grant_type: "authorization_code", code_verifier: verifier });
	assert.equal(got.status, 200, JSON.stringify(got.body));
	assert.equal(JSON.parse(Buffer.from(got.body.id_token.split(".")[1], "base64url")).nonce, nonce);
	const next = await form("/oauth/token", { grant_type: "refresh_token", refresh_token: got.body.refresh_token, ...secret });
	assert.equal(next.status, 200, JSON.stringify(next.body));
	await bye(agent, `${base}/oauth/end_session?client_id=${client.client_id}&id_token_hint=${got.body.id_token}&post_logout_redirect_uri=${encodeURIComponent("http://127.0.0.1:9/bye")}`);
};
cases["masto: an application, its code shown, tokens without end, given back"] = async () => {
	const rest = createRestAPIClient({ url: base });
	const app = await rest.v1.apps.create({ clientName: "Toot", redirectUris: "urn:ietf:wg:oauth:2.0:oob", scopes: "read write:statuses", website: "https://toot.example" });
	assert.ok(app.clientId && app.clientSecret);
	const { page } = await through(`${base}/oauth/authorize?response_type=code&client_id=${app.clientId}&redirect_uri=urn:ietf:wg:oauth:2.0:oob&scope=read+write:statuses`);
	const client = createOAuthAPIClient({ url: base });
	const who = { clientId: app.clientId, clientSecret: app.clientSecret };
	const token = await client.token.create({ ...who, grantType: "authorization_code", redirectUri: "urn:ietf:wg:oauth:2.0:oob", code: page.text.match(/code-shown">([^<]+)</)[1], scope: "read write:statuses" });
	assert.deepEqual([token.tokenType, token.scope, token.expiresIn, token.refreshToken], ["Bearer", "read write:statuses", undefined, undefined]);
	assert.ok(token.createdAt);
	const itself = await client.token.create({ ...who, grantType: "client_credentials", scope: "read" });
	assert.deepEqual([itself.expiresIn, itself.scope], [undefined, "read"]);
	const active = async (t) => (await form("/oauth/introspect", { token: t, client_id: who.clientId, client_secret: who.clientSecret })).body.active;
	assert.equal(await active(token.accessToken), true);
	await client.revoke({ ...who, token: token.accessToken });
	assert.deepEqual([await active(token.accessToken), await active(itself.accessToken)], [false, true]);
};
cases["Mastodon's class: schemes of their own, loopback, PKCE and none, granular scopes, any origin"] = async () => {
	const S256 = async (v) => Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(v))).toString("base64url");
	for (const redirect of ["ivory://auth", "org.joinmastodon.android://callback", "http://127.0.0.1:9/cb", "http://localhost:9/cb", "urn:ietf:wg:oauth:2.0:oob"])
		for (const verifier of [null, randomBytes(40).toString("base64url")]) {
			const made = await json("/api/v1/apps", { client_name: "One", redirect_uris: redirect, scopes: "read write follow push" }, { origin: "https://elk.example" });
			assert.deepEqual([made.status, made.headers.get("access-control-allow-origin")], [200, "*"], redirect);
			const url = new URL(`${base}/oauth/authorize`);
			for (const [k, v] of Object.entries({ client_id: made.body.client_id, redirect_uri: redirect, response_type: "code", scope: "read:accounts read:statuses write:media follow push",
				...(verifier ? { code_challenge: await S256(verifier), code_challenge_method: "S256" } : {}) })) url.searchParams.set(k, v);
			const { page } = await through(url);
			const code = redirect.startsWith("urn:") ? page.text.match(/code-shown">([^<]+)</)[1] : page.url.searchParams.get("code");
			const body = { grant_type: "authorization_code", client_id: made.body.client_id, client_secret: made.body.client_secret, redirect_uri: redirect, code, ...(verifier ? { code_verifier: verifier } : {}) };
			const got = await json("/oauth/token", body, { origin: "https://elk.example" });
			assert.deepEqual([got.status, got.body.scope, got.body.expires_in, got.headers.get("access-control-allow-origin")], [200, "read:accounts read:statuses write:media follow push", undefined, "*"], redirect);
		}
};

await run(cases, async () => {
	await site.stop();
	rmSync(data, { recursive: true, force: true });
});

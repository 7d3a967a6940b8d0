/* SPDX-License-Identifier: Apache-2.0
 *
 * The browser's part of passkeys: options from the server, the authenticator's answer back to it. Without this file, or where
 * a browser has no passkeys, its buttons stay hidden and signing in works as ever.
 */
const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function send(form, path, body) {
	const answer = await fetch(path, {
		method: "POST",
		headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": form.elements.csrf.value },
		body: JSON.stringify(body ?? {}),
	});
	const result = await answer.json();
	if (!answer.ok) throw new Error(result.detail || form.querySelector("[data-passkey-problem]").dataset.textFailed);
	return result;
}

function problem(form, error) {
	const place = form.querySelector("[data-passkey-problem]");
	const cancelled = error.name === "NotAllowedError" || error.name === "AbortError";
	place.textContent = error.name === "InvalidStateError" ? place.dataset.textKnown : error.message;
	place.hidden = cancelled;
}

async function signIn(form, mediation, signal) {
	const options = await send(form, "/sign-in/passkey/options");
	const found = await navigator.credentials.get({
		mediation,
		signal,
		publicKey: { ...options, challenge: decode(options.challenge), allowCredentials: [] },
	});
	const { location: to } = await send(form, "/sign-in/passkey", {
		id: found.id,
		clientDataJSON: encode(found.response.clientDataJSON),
		authenticatorData: encode(found.response.authenticatorData),
		signature: encode(found.response.signature),
		next: form.elements.next.value,
	});
	location.assign(to);
}

async function add(form) {
	const options = await send(form, "/identity/passkeys/options");
	const made = await navigator.credentials.create({
		publicKey: {
			...options,
			challenge: decode(options.challenge),
			user: { ...options.user, id: decode(options.user.id) },
			excludeCredentials: options.excludeCredentials.map((c) => ({ ...c, id: decode(c.id) })),
		},
	});
	const { location: to } = await send(form, "/identity/passkeys", {
		clientDataJSON: encode(made.response.clientDataJSON),
		attestationObject: encode(made.response.attestationObject),
		name: form.elements.name.value,
	});
	location.assign(to);
}

if (window.PublicKeyCredential) {
	const entry = document.querySelector("[data-passkey-sign-in]");
	if (entry) {
		const button = entry.querySelector("[data-passkey]");
		let waiting = new AbortController();
		button.hidden = false;
		button.addEventListener("click", () => {
			waiting.abort();
			signIn(entry, "optional").catch((error) => problem(entry, error));
		});
		// Offered in the e-mail field's own list, where the browser can.
		if (await PublicKeyCredential.isConditionalMediationAvailable?.())
			signIn(entry, "conditional", waiting.signal).catch((error) => problem(entry, error));
	}
	const making = document.querySelector("[data-passkey-add]");
	making?.addEventListener("submit", (event) => {
		event.preventDefault();
		add(making).catch((error) => problem(making, error));
	});
}

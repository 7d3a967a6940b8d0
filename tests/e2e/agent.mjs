// SPDX-License-Identifier: Apache-2.0
// A browser without a window: cookies, redirects, forms. For protocols, where a real one would only be slower.

/** Node 18 joins them; ours have no comma in them. */
const setCookies = (answer) => answer.headers.getSetCookie?.() ?? (answer.headers.get("set-cookie") ?? "").split(/, (?=[\w-]+=)/).filter(Boolean);

export class Agent {
	constructor(origin) {
		this.origin = origin;
		this.cookies = new Map();
	}

	async fetch(url, options = {}) {
		const headers = { accept: "text/html", "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/131.0", ...options.headers };
		if (this.cookies.size) headers.cookie = [...this.cookies].map(([k, v]) => `${k}=${v}`).join("; ");
		const answer = await fetch(new URL(url, this.origin), { redirect: "manual", ...options, headers });
		for (const line of setCookies(answer)) {
			const [pair] = line.split(";");
			const at = pair.indexOf("=");
			if (/max-age=0\b/i.test(line)) this.cookies.delete(pair.slice(0, at));
			else this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
		}
		return answer;
	}

	/** Follow redirects as far as they stay on the site. Returns { url, status, text }; url is where it stopped, maybe elsewhere. */
	async go(url, options) {
		let at = new URL(url, this.origin);
		for (let hops = 0; hops < 12; hops++) {
			const answer = await this.fetch(at, options);
			options = undefined;
			const to = answer.headers.get("location");
			if (answer.status < 300 || answer.status > 399 || !to)
				return { url: at, status: answer.status, text: await answer.text(), headers: answer.headers };
			at = new URL(to, at);
			if (at.origin !== this.origin) return { url: at, status: answer.status, text: "" };
		}
		throw new Error(`no end of redirects at ${at}`);
	}

	static unescape(s) {
		return s.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
	}

	/** The fields of the n-th form of a page, and its address. */
	static form(page, n = 0) {
		const forms = [...page.text.matchAll(/<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/g)];
		if (!forms[n]) throw new Error(`no form ${n} at ${page.url}: ${page.text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").slice(0, 400)}`);
		const action = forms[n][0].match(/action="([^"]*)"/)?.[1] ?? "";
		const fields = {};
		for (const [tag] of forms[n][1].matchAll(/<input[^>]*>/g)) {
			const name = tag.match(/name="([^"]*)"/)?.[1];
			if (/type="(checkbox|radio)"/.test(tag) && !/ checked/.test(tag)) continue;
			if (name) fields[name] = Agent.unescape(tag.match(/value="([^"]*)"/)?.[1] ?? "");
		}
		for (const [, name, options] of forms[n][1].matchAll(/<select[^>]*name="([^"]*)"[^>]*>([\s\S]*?)<\/select>/g))
			fields[name] = Agent.unescape((options.match(/<option value="([^"]*)" selected/) ?? options.match(/<option value="([^"]*)"/))?.[1] ?? "");
		for (const [, name, text] of forms[n][1].matchAll(/<textarea[^>]*name="([^"]*)"[^>]*>([\s\S]*?)<\/textarea>/g)) fields[name] = Agent.unescape(text);
		return { action: new URL(Agent.unescape(action), page.url), fields };
	}

	/** Send a page's form with more (or other) values. */
	submit(page, values = {}, n = 0) {
		const { action, fields } = Agent.form(page, n);
		return this.go(action, { method: "POST", headers: { referer: page.url.href }, body: new URLSearchParams({ ...fields, ...values }) });
	}

	async signIn(person, page) {
		page ??= await this.go("/sign-in");
		return this.submit(page, { email: person.email, password: person.password });
	}
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What is pasted, from Word, Google Docs and web pages, as HTML that the editor's schema reads. Everything happens in an inert document: nothing of it
 * is loaded or run. What the schema has no words for becomes a card, which the server sanitises.
 */
const unwrap = (el) => el.replaceWith(...el.childNodes);
const text = (el) => el.textContent.replace(/\s+/g, " ").trim();

const card = (doc, data) => {
	const el = doc.createElement("div");
	el.dataset.card = JSON.stringify({ version: 1, ...data });
	return el;
};

/** Word writes lists as paragraphs that look like some. */
function wordLists(doc) {
	let stack = [];
	for (const p of [...doc.querySelectorAll("p, h1, h2, h3, h4, h5, h6, table")]) {
		const style = p.getAttribute("style") ?? "", level = Number(/mso-list:[^;]*level(\d+)/i.exec(style)?.[1] ?? 0);
		if (!level || p.localName !== "p") {
			stack = [];
			continue;
		}
		const marks = [...p.querySelectorAll("span")].filter((s) => /mso-list:\s*Ignore/i.test(s.getAttribute("style") ?? ""));
		const ordered = marks.some((m) => /^\s*\(?([0-9]+|[a-z]|[ivxlc]+)[.)]/i.test(m.textContent));
		marks.forEach((m) => m.remove());
		while (stack.length > level) stack.pop();
		while (stack.length < level) {
			const list = doc.createElement(ordered ? "ol" : "ul"), above = stack.at(-1);
			if (above) (above.lastElementChild ?? above.appendChild(doc.createElement("li"))).append(list);
			else p.before(list);
			stack.push(list);
		}
		const li = doc.createElement("li");
		li.append(...p.childNodes);
		stack.at(-1).append(li);
		p.remove();
	}
}

function word(doc) {
	wordLists(doc);
	doc.querySelectorAll("p.MsoTitle").forEach((p) => {
		const h = doc.createElement("h1");
		h.append(...p.childNodes);
		p.replaceWith(h);
	});
	doc.querySelectorAll("p.MsoQuote, p.MsoIntenseQuote").forEach((p) => {
		const q = doc.createElement("blockquote");
		q.append(...p.childNodes);
		p.replaceWith(q);
	});
	doc.querySelectorAll("p").forEach((p) => !text(p) && !p.querySelector("img") && p.remove());
}

function google(doc) {
	doc.querySelectorAll('b[id^="docs-internal-guid"], b[style*="font-weight:normal"], b[style*="font-weight: normal"]').forEach(unwrap);
	doc.querySelectorAll(":is(ul, ol) > :is(ul, ol)").forEach((list) => list.previousElementSibling?.localName === "li" && list.previousElementSibling.append(list));
	doc.querySelectorAll("a[href]").forEach((a) => {
		const real = /^https:\/\/www\.google\.com\/url\?(?:[^#]*&)?q=([^&#]+)/.exec(a.getAttribute("href"))?.[1];
		if (real) a.setAttribute("href", decodeURIComponent(real));
	});
}

/* Looks that stand in style attributes become elements: the page's policy lets no browser read them as style. */
const looks = [[/font-weight:\s*(bold|[6-9]\d\d)/i, "strong"], [/font-style:\s*(italic|oblique)/i, "em"], [/text-decoration[^;]*line-through/i, "s"],
	[/text-decoration[^;]*underline/i, "u"], [/vertical-align:\s*sub/i, "sub"], [/vertical-align:\s*super/i, "sup"]];
function styles(doc) {
	for (const el of doc.querySelectorAll("span[style], font[style]"))
		for (const [look, name] of looks) {
			if (!look.test(el.getAttribute("style")) || (name === "u" && el.closest("a"))) continue;
			const inner = doc.createElement(name);
			inner.append(...el.childNodes);
			el.append(inner);
		}
}

/** A quotation is one run of lines. */
function quotes(doc) {
	doc.querySelectorAll("blockquote").forEach((q) => {
		const parts = [...q.querySelectorAll("p, div, li, h1, h2, h3, h4, h5, h6")].filter((el) => !el.querySelector("p, div, li"));
		parts.forEach((el, i) => {
			if (i) el.before(doc.createElement("br"), doc.createElement("br"));
		});
		parts.forEach(unwrap);
		q.querySelectorAll("ul, ol, p, div, blockquote").forEach(unwrap);
	});
}

const image = (img) => {
	const src = img.getAttribute("src") ?? "";
	if (!/^(https?:|\/)/i.test(src)) return null; // of Word's own folder, or too large to stand in a text
	return { type: "image", src, width: img.width || null, height: img.height || null, title: img.title ?? "", alt: img.alt ?? "", caption: "", cardWidth: "regular", href: "" };
};

function cards(doc) {
	const put = (el, data) => (data ? el.replaceWith(card(doc, data)) : el.remove());
	doc.querySelectorAll("figure").forEach((f) => {
		const img = f.querySelector("img"), caption = f.querySelector("figcaption"), data = img && image(img);
		if (!data) return unwrap(f);
		put(f, { ...data, caption: caption ? text(caption) : "" });
	});
	doc.querySelectorAll("picture").forEach((p) => (p.querySelector("img") ? p.replaceWith(p.querySelector("img")) : p.remove()));
	doc.querySelectorAll("img").forEach((img) => put(img, image(img)));
	doc.querySelectorAll("pre").forEach((pre) =>
		put(pre, { type: "codeblock", code: pre.textContent.replace(/\n$/, ""), language: /(?:language|lang)-([\w+#-]+)/.exec(pre.outerHTML)?.[1] ?? "", caption: "" }));
	doc.querySelectorAll("hr").forEach((hr) => put(hr, { type: "horizontalrule" }));
	doc.querySelectorAll("table").forEach((t) => {
		t.querySelectorAll("*").forEach((el) => [...el.attributes].forEach((a) => /^(href|colspan|rowspan|scope)$/.test(a.name) || el.removeAttribute(a.name)));
		put(t, { type: "html", html: `<table>${t.innerHTML}</table>` });
	});
	doc.querySelectorAll("iframe[src]").forEach((f) =>
		put(f, /^https:/i.test(f.src) ? { type: "embed", url: f.src, embedType: "video", html: `<iframe src="${f.src.replace(/"/g, "%22")}"></iframe>`, metadata: {}, caption: "" } : null));
	doc.querySelectorAll("video[src], audio[src]").forEach((m) => put(m, /^https:/i.test(m.src) ? { type: m.localName, src: m.src, caption: "" } : null));
	doc.querySelectorAll("details").forEach((d) => {
		const head = d.querySelector("summary");
		const heading = head ? text(head) : "";
		head?.remove();
		put(d, { type: "toggle", heading, content: d.innerHTML.trim() });
	});
}

export function cleanPasted(html) {
	const doc = new DOMParser().parseFromString(html, "text/html");
	doc.querySelectorAll("script, style, meta, link, title, template, noscript, object, embed, form, input, button, select, textarea, svg, math").forEach((el) => el.remove());
	const walk = doc.createNodeIterator(doc, NodeFilter.SHOW_COMMENT), comments = [];
	for (let c; (c = walk.nextNode()); ) comments.push(c);
	comments.forEach((c) => c.remove());
	if (doc.querySelector("[data-pm-slice]")) return doc.body.innerHTML; // out of this editor
	[...doc.querySelectorAll("*")].filter((el) => el.localName.includes(":")).forEach((el) => (text(el) ? unwrap(el) : el.remove()));
	doc.querySelectorAll("br.Apple-interchange-newline").forEach((el) => el.remove());
	if (/class="?Mso|mso-|urn:schemas-microsoft-com/i.test(html)) word(doc);
	google(doc);
	styles(doc);
	cards(doc);
	quotes(doc);
	return doc.body.innerHTML;
}

/** Does a plain text look like Markdown? A single sign may be chance. */
export const looksLikeMarkdown = (s) =>
	[/^#{1,6} \S/m, /^\s*[-*+] \S.*\n\s*[-*+] \S/m, /^\s*\d+\. \S.*\n\s*\d+\. \S/m, /\*\*[^\s*][^*]*\*\*/, /^```/m, /\[[^\]]+\]\((https?:|\/)[^)]+\)/, /^> \S/m, /^---+$/m, /!\[[^\]]*\]\(/, /^\|.*\|\n\|[\s:|-]+\|/m]
		.some((p) => p.test(s));

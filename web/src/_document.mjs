/* SPDX-License-Identifier: Apache-2.0
 *
 * The stored document (Lexical JSON) as the editor's, and back. Each block of the editor carries the stored block that it was made of: one that nobody
 * touched is written back as that very JSON. What the schema has no words for is an atom that holds it.
 */
import { Schema } from "prosemirror-model";

const kept = { default: null };
const block = ({ attrs, ...more }) => ({ group: "block", attrs: { stored: kept, ...attrs }, ...more });
const side = { dir: "auto" };

export const schema = new Schema({
	nodes: {
		doc: { content: "block+", attrs: { around: kept } },
		paragraph: block({ content: "inline*", parseDOM: [{ tag: "p" }], toDOM: () => ["p", side, 0] }),
		heading: block({
			content: "inline*", defining: true, attrs: { level: { default: 2 } },
			parseDOM: [1, 2, 3, 4, 5, 6].map((level) => ({ tag: `h${level}`, attrs: { level } })),
			toDOM: (n) => [`h${n.attrs.level}`, side, 0],
		}),
		quote: block({ content: "inline*", defining: true, parseDOM: [{ tag: "blockquote" }], toDOM: () => ["blockquote", side, 0] }),
		aside: block({ content: "inline*", defining: true, parseDOM: [{ tag: "aside" }], toDOM: () => ["blockquote", { class: "kg-blockquote-alt", ...side }, 0] }),
		list: block({
			content: "item+", attrs: { kind: { default: "bullet" }, start: { default: 1 } },
			parseDOM: [{ tag: "ul", attrs: { kind: "bullet" } }, { tag: "ol", getAttrs: (el) => ({ kind: "number", start: el.start || 1 }) }],
			toDOM: (n) => (n.attrs.kind === "number" ? ["ol", { start: n.attrs.start === 1 ? null : n.attrs.start }, 0] : ["ul", { class: n.attrs.kind === "check" ? "kg-tasks" : null }, 0]),
		}),
		item: {
			content: "line (list | line)*", defining: true, attrs: { checked: { default: null } }, parseDOM: [{ tag: "li" }],
			toDOM: (n) => ["li", { class: n.attrs.checked === null ? null : n.attrs.checked ? "kg-task kg-task-done" : "kg-task" }, 0],
		},
		line: { content: "inline*", parseDOM: [{ tag: "p", context: "item/", priority: 60 }], toDOM: () => ["p", side, 0] },
		card: block({
			atom: true, draggable: true, selectable: true, attrs: { data: { default: { type: "horizontalrule", version: 1 } }, upload: { default: null } },
			toDOM: (n) => ["div", { "data-card": JSON.stringify(n.attrs.data) }],
			parseDOM: [{ tag: "div[data-card]", priority: 80, getAttrs: (el) => { try { return { data: JSON.parse(el.dataset.card) }; } catch { return false; } } }],
		}),
		text: { group: "inline" },
		br: { inline: true, group: "inline", selectable: false, parseDOM: [{ tag: "br" }], toDOM: () => ["br"] },
		thing: { inline: true, group: "inline", atom: true, attrs: { data: { default: {} } }, toDOM: (n) => ["span", { class: "write-thing" }, n.attrs.data.text ?? n.attrs.data.type ?? ""] },
	},
	marks: {
		link: {
			inclusive: false, attrs: { url: { default: "" }, data: kept },
			parseDOM: [{ tag: "a[href]", getAttrs: (el) => (/^(https?:|mailto:|tel:|\/|#)/i.test(el.getAttribute("href")) ? { url: el.getAttribute("href") } : false) }],
			toDOM: (m) => ["a", { href: /^\s*(javascript|data|vbscript):/i.test(m.attrs.url) ? null : m.attrs.url, rel: "noopener" }, 0],
		},
		strong: {
			parseDOM: [{ tag: "strong" }, { tag: "b" }],
			toDOM: () => ["strong", 0],
		},
		em: { parseDOM: [{ tag: "i" }, { tag: "em" }], toDOM: () => ["em", 0] },
		underline: { parseDOM: [{ tag: "u" }], toDOM: () => ["u", 0] },
		strike: { parseDOM: [{ tag: "s" }, { tag: "del" }, { tag: "strike" }], toDOM: () => ["s", 0] },
		highlight: { parseDOM: [{ tag: "mark" }], toDOM: () => ["mark", 0] },
		sub: { excludes: "sup", parseDOM: [{ tag: "sub" }], toDOM: () => ["sub", 0] },
		sup: { excludes: "sub", parseDOM: [{ tag: "sup" }], toDOM: () => ["sup", 0] },
		code: { parseDOM: [{ tag: "code" }], toDOM: () => ["code", 0] },
		more: { attrs: { data: kept }, excludes: "", toDOM: () => ["span", 0] }, // members of a stored text that no mark stands for
	},
});

const N = schema.nodes, M = schema.marks;
const bits = [["strong", 1], ["em", 2], ["strike", 4], ["underline", 8], ["code", 16], ["sub", 32], ["sup", 64], ["highlight", 128]];
const texts = new Set(["text", "extended-text"]);
const plain = { detail: 0, mode: "normal", style: "" };
const known = new Set(["detail", "format", "mode", "style", "text", "type", "version"]);

/* --- from what is stored ---------------------------------------------------------------------------------------------- */

const marksOf = (node, link) => {
	const marks = bits.filter(([, bit]) => node.format & bit).map(([name]) => M[name].create());
	const odd = Object.keys(node).some((k) => !known.has(k)) || Object.entries(plain).some(([k, v]) => k in node && node[k] !== v) || (node.format ?? 0) > 255;
	if (odd) marks.push(M.more.create({ data: node }));
	return link ? [...marks, link] : marks;
};

const inlines = (children, link) => (Array.isArray(children) ? children : []).flatMap((node) => {
	if (!node || typeof node !== "object") return [];
	if (node.type === "linebreak") return [N.br.create(null, null, link ? [link] : null)];
	if (node.type === "link" || node.type === "autolink") {
		const { children: inner, ...data } = node;
		return inlines(inner, M.link.create({ url: String(node.url ?? ""), data }));
	}
	if (texts.has(node.type) && typeof node.text === "string") return node.text ? [schema.text(node.text, marksOf(node, link).reduce((set, m) => m.addToSet(set), []))] : [];
	return [N.thing.create({ data: node }, null, link ? [link] : null)];
});
const isInline = (node) => texts.has(node?.type) || ["linebreak", "link", "autolink", "tab", "tk", "zwnj", "at-link", "at-link-search"].includes(node?.type);
const onlyLines = (node) => Array.isArray(node.children) && node.children.every(isInline);

const lineOf = (children) => N.line.create(null, inlines(children));
function itemsOf(list) {
	const items = [];
	for (const item of list.children ?? []) {
		const inner = item.children ?? [], lists = inner.filter((n) => n?.type === "list").map((l) => listOf(l));
		if (lists.length && lists.length === inner.length && items.length) { // a list within stands in an item of its own
			items.at(-1).parts.push(...lists);
			continue;
		}
		const checked = list.listType === "check" ? Boolean(item.checked) : null;
		items.push({ checked, parts: [lineOf(inner.filter((n) => n?.type !== "list")), ...lists] });
	}
	return items.map(({ checked, parts }) => N.item.create({ checked }, parts));
}
const kindOf = (list) => (list.listType === "check" ? "check" : list.listType === "number" || list.tag === "ol" ? "number" : "bullet");
const listOf = (list, stored = null) => N.list.create({ kind: kindOf(list), start: list.start > 0 ? list.start : 1, stored }, itemsOf(list));
const validList = (list) => Array.isArray(list.children) && list.children.length && list.children.every((item) => Array.isArray(item?.children) && item.children.every((n) => isInline(n) || (n?.type === "list" && validList(n))));

/** One stored block as a node of the editor. What it can't show as text becomes a card. */
export function blockFrom(stored) {
	const type = stored?.type;
	if (type === "paragraph" && onlyLines(stored)) return N.paragraph.create({ stored }, inlines(stored.children));
	if ((type === "heading" || type === "extended-heading") && onlyLines(stored) && /^h[1-6]$/.test(stored.tag)) return N.heading.create({ stored, level: Number(stored.tag[1]) }, inlines(stored.children));
	if ((type === "quote" || type === "extended-quote") && onlyLines(stored)) return N.quote.create({ stored }, inlines(stored.children));
	if (type === "aside" && onlyLines(stored)) return N.aside.create({ stored }, inlines(stored.children));
	if (type === "list" && validList(stored)) return listOf(stored, stored);
	return N.card.create({ stored, data: stored && typeof stored === "object" && !Array.isArray(stored) ? stored : { type: "unknown", raw: [stored] } });
}

export function fromStored(doc) {
	const { children, ...root } = doc?.root ?? {};
	const blocks = (Array.isArray(children) ? children : []).map(blockFrom);
	return N.doc.create({ around: { ...doc, root } }, blocks.length ? blocks : [N.paragraph.create()]);
}

/* --- to what is stored ------------------------------------------------------------------------------------------------- */

const textNode = (node) => {
	const more = node.marks.find((m) => m.type === M.more)?.attrs.data;
	const format = bits.reduce((sum, [name, bit]) => sum | (M[name].isInSet(node.marks) ? bit : 0), 0) | ((more?.format ?? 0) & ~255);
	return { detail: 0, format, mode: "normal", style: "", type: "extended-text", version: 1, ...more, ...(more ? { format } : null), text: node.text };
};
const element = (type, children, more) => ({ children, direction: null, format: "", indent: 0, type, version: 1, ...more });

function storedInlines(parent) {
	const out = [];
	let open = null, into = out;
	parent.forEach((node) => {
		const link = M.link.isInSet(node.marks);
		if (!link) (open = null), (into = out);
		else if (!open || !open.eq(link)) {
			open = link;
			into = [];
			out.push({ ...element("link", into, { rel: null, target: null, title: null }), ...link.attrs.data, url: link.attrs.url, children: into });
		}
		into.push(node.type === N.br ? { type: "linebreak", version: 1 } : node.type === N.thing ? node.attrs.data : textNode(node));
	});
	return out;
}

function storedList(list) {
	const { kind, start } = list.attrs, items = [];
	list.forEach((item) => {
		const children = [], nested = [];
		item.forEach((part) => {
			if (part.type === N.list) nested.push(storedList(part));
			else children.push(...(children.length ? [{ type: "linebreak", version: 1 }] : []), ...storedInlines(part));
		});
		items.push(element("listitem", children, { value: items.length + 1, ...(kind === "check" ? { checked: Boolean(item.attrs.checked) } : null) }));
		for (const l of nested) items.push(element("listitem", [l], { value: items.length + 1 }));
	});
	return element("list", items, { listType: kind, start, tag: kind === "number" ? "ol" : "ul" });
}

const sameKind = { paragraph: ["paragraph"], heading: ["heading", "extended-heading"], quote: ["quote", "extended-quote"], aside: ["aside"], list: ["list"] };
function made(node) {
	switch (node.type) {
	case N.heading: return element("extended-heading", storedInlines(node), { tag: `h${node.attrs.level}` });
	case N.quote: return element("extended-quote", storedInlines(node));
	case N.aside: return element("aside", storedInlines(node));
	case N.list: return storedList(node);
	case N.card: return node.attrs.data.type === "unknown" && node.attrs.data.raw ? node.attrs.data.raw[0] : node.attrs.data;
	default: return element("paragraph", storedInlines(node));
	}
}

const done = new WeakMap(); // nodes never change: what was translated once is
function storedBlock(node) {
	if (done.has(node)) return done.get(node);
	const { stored } = node.attrs;
	let out = made(node);
	if (stored && node.type !== N.card) {
		if (blockFrom(stored).eq(node)) out = stored;
		else if (sameKind[node.type.name].includes(stored.type)) { // members that are none of ours stay
			const { children, tag, listType, start, ...rest } = stored;
			out = { ...out, ...rest, type: stored.type };
		}
	}
	done.set(node, out);
	return out;
}

export function toStored(doc) {
	const children = [];
	doc.forEach((node) => children.push(storedBlock(node)));
	const last = doc.lastChild; // the empty line that the editor needs to be written in
	if (children.length === 1 && last.type === N.paragraph && !last.childCount && !last.attrs.stored) children.pop();
	const around = doc.attrs.around ?? { root: { direction: null, format: "", indent: 0, type: "root", version: 1 } };
	return { ...around, root: { ...around.root, children } };
}

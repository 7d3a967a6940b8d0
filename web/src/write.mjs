/* SPDX-License-Identifier: Apache-2.0
 *
 * The page of a post: a block editor in the place of the form's text, saved every few seconds on top of the version that it knows. What can't be sent is
 * kept in this browser until it was; what two people wrote is shown to both. Without this module the page is a form.
 */
import { baseKeymap, chainCommands, exitCode, setBlockType, toggleMark } from "prosemirror-commands";
import { dropCursor } from "prosemirror-dropcursor";
import { gapCursor } from "prosemirror-gapcursor";
import { history, redo, undo } from "prosemirror-history";
import { inputRules, textblockTypeInputRule, InputRule } from "prosemirror-inputrules";
import { keymap } from "prosemirror-keymap";
import { Slice } from "prosemirror-model";
import { liftListItem, sinkListItem, splitListItem } from "prosemirror-schema-list";
import { EditorState, NodeSelection, Plugin, PluginKey, Selection, TextSelection } from "prosemirror-state";
import { Decoration, DecorationSet, EditorView } from "prosemirror-view";
import { blanks, cardView, kinds, openLibrary, openProducts } from "./_cards.mjs";
import { fromStored, schema, toStored } from "./_document.mjs";
import { cleanPasted, looksLikeMarkdown } from "./_paste.mjs";

const form = document.querySelector("form[data-write]"), place = form.querySelector("[data-write-text]");
const words = document.querySelector("template[data-write-words]").dataset;
const settings = JSON.parse(document.querySelector("[data-write-state]").textContent); // { id, version, type, base, tab, signIn }
const N = schema.nodes, M = schema.marks;
const tab = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
const SAVE_MS = 3000, RETRY_MS = 5000, HERE_MS = 15000, GONE_MS = 40000;
const csrf = form.elements.csrf.value;

const ask = async (path, body, options = {}) => {
	const answer = await fetch(settings.base + path, {
		method: "POST", headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": csrf },
		body: JSON.stringify(body), ...options,
	});
	const json = await answer.json().catch(() => ({}));
	return { status: answer.status, json };
};
const el = (name, attrs = {}, ...children) => {
	const out = document.createElement(name);
	for (const [k, v] of Object.entries(attrs)) {
		if (k.startsWith("on")) out.addEventListener(k.slice(2), v);
		else if (v === true) out.setAttribute(k, "");
		else if (v !== null && v !== undefined && v !== false) out.setAttribute(k, v);
	}
	out.append(...children);
	return out;
};

/* --- files -------------------------------------------------------------------------------------------------------------- */

const uploads = new Map(); // id → { progress, failed, file }
function send(file, onProgress) {
	return new Promise((resolve, reject) => {
		const body = new FormData(), xhr = new XMLHttpRequest();
		body.append("csrf", csrf);
		body.append("file", file, file.name || "picture.png");
		xhr.open("POST", `${settings.base}/upload`);
		xhr.setRequestHeader("accept", "application/json");
		xhr.upload.addEventListener("progress", (e) => e.lengthComputable && onProgress(e.loaded / e.total));
		xhr.addEventListener("load", () => {
			let json = {};
			try {
				json = JSON.parse(xhr.responseText);
			} catch {
				/* not ours: the status says enough */
			}
			if (xhr.status === 200) resolve(json);
			else reject(new Error(json.detail ?? words.textNoUpload));
		});
		xhr.addEventListener("error", () => reject(new Error(words.textNoUpload)));
		xhr.send(body);
	});
}
const cardOfFile = (json) => {
	const kind = json.type.split("/")[0];
	if (kind === "image") return { ...blanks.image(), src: json.src, width: json.width || null, height: json.height || null };
	if (kind === "video") return { ...blanks.video(), src: json.src, width: json.width || null, height: json.height || null };
	if (kind === "audio") return { ...blanks.audio(), src: json.src, title: json.name };
	return { ...blanks.file(), src: json.src, fileName: json.name, fileTitle: json.name, fileSize: json.bytes };
};
const findUpload = (doc, id) => {
	let at = null;
	doc.descendants((node, pos) => {
		if (node.attrs.upload === id) at = pos;
		return at === null && node.type === N.doc;
	});
	return at;
};
async function upload(view, file, at) {
	const id = crypto.randomUUID?.() ?? String(Math.random()), state = { progress: 0, name: file.name };
	uploads.set(id, state);
	const node = N.card.create({ data: { ...blanks.image(), src: "" }, upload: id });
	const tr = view.state.tr;
	view.dispatch(at === undefined ? tr.replaceSelectionWith(node) : tr.insert(at, node));
	const redraw = () => view.dom.querySelector(`[data-upload="${id}"]`)?.dispatchEvent(new CustomEvent("progress-of", { detail: state }));
	try {
		const json = await send(file, (p) => ((state.progress = p), redraw()));
		const pos = findUpload(view.state.doc, id);
		if (pos !== null) view.dispatch(view.state.tr.setNodeMarkup(pos, null, { data: cardOfFile(json), upload: null, stored: null }));
	} catch (error) {
		state.failed = error.message;
		redraw();
	}
	uploads.delete(id);
}
const pick = (view, accept) => {
	const input = el("input", { type: "file", accept, multiple: true });
	input.addEventListener("change", () => [...input.files].forEach((f) => upload(view, f)));
	input.click();
};

/* --- the slash menu ----------------------------------------------------------------------------------------------------- */

const inItem = (state) => {
	for (let d = state.selection.$from.depth; d > 0; d--) if (state.selection.$from.node(d).type === N.item) return true;
	return false;
};
/* A paragraph becomes a list of one item: its words go into the item's line. */
const makeList = (kind) => (state, dispatch) => {
	const { $from } = state.selection, node = $from.parent;
	if ($from.depth !== 1 || !node.isTextblock) return false;
	if (dispatch) {
		const item = N.item.create({ checked: kind === "check" ? false : null }, N.line.create(null, node.content));
		const tr = state.tr.replaceWith($from.before(1), $from.after(1), N.list.create({ kind }, item));
		dispatch(tr.setSelection(TextSelection.near(tr.doc.resolve($from.before(1) + 3 + $from.parentOffset))).scrollIntoView());
	}
	return true;
};
const makeCard = (data) => (state, dispatch) => {
	if (dispatch) {
		const { $from } = state.selection, empty = $from.depth === 1 && $from.parent.isTextblock && !$from.parent.childCount;
		const node = N.card.create({ data }), tr = state.tr;
		const at = empty ? $from.before(1) : $from.depth ? $from.after(1) : state.selection.to;
		if (empty) tr.replaceWith(at, $from.after(1), node);
		else tr.insert(at, node);
		const after = tr.doc.resolve(at + 1);
		if (!after.nodeAfter) tr.insert(at + 1, N.paragraph.create());
		const bare = !kinds(words).find((k) => k.type === data.type)?.fields.length; // nothing to fill in: writing goes on behind it
		dispatch(tr.setSelection(bare ? Selection.near(tr.doc.resolve(at + 1)) : NodeSelection.create(tr.doc, at)).scrollIntoView());
	}
	return true;
};
const blockTo = (type, attrs) => setBlockType(type, { ...attrs, stored: null });

const commands = [
	{ key: "p", title: words.textParagraph, run: blockTo(N.paragraph) },
	{ key: "h2 heading", title: words.textHeading2, run: blockTo(N.heading, { level: 2 }) },
	{ key: "h3 heading", title: words.textHeading3, run: blockTo(N.heading, { level: 3 }) },
	{ key: "ul list", title: words.textBullets, run: makeList("bullet") },
	{ key: "ol list", title: words.textNumbers, run: makeList("number") },
	{ key: "todo check list", title: words.textTasks, run: makeList("check") },
	{ key: "quote", title: words.textQuote, run: blockTo(N.quote) },
	{ key: "picture image photo", title: words.textPicture, run: (s, d, view) => (pick(view, "image/*"), true) },
	{ key: "library media choose", title: words.textLibrary, run: (s, d, view) => (openLibrary({ words, base: settings.base }, "", (file) => makeCard({ ...cardOfFile(file), ...(file.type.startsWith("image/") ? { alt: file.alt } : {}) })(view.state, view.dispatch)), true) },
	...(settings.market ? [{ key: "market shop product", title: words.textMarketProduct, run: (s, d, view) => (openProducts({ words, base: settings.base }, (p) => makeCard({ ...blanks["market-product"](), ...p })(view.state, view.dispatch)), true) }] : []),
	{ key: "file video audio upload", title: words.textFile, run: (s, d, view) => (pick(view, ""), true) },
	{ key: "divider hr line", title: words.textDivider, run: makeCard({ type: "horizontalrule", version: 1 }) },
	...kinds(words).filter((k) => k.menu).map((k) => ({ key: k.type, title: k.title, run: (s, d) => makeCard(blanks[k.type]())(s, d) })),
];

/* Pieces that are kept under a name: their names are asked for once, what is in one when it is put in. */
let snippets = [];
const askSnippet = (path = "") => fetch(`${settings.base}/snippets${path}`, { headers: { accept: "application/json" } }).then((a) => (a.ok ? a.json() : null)).catch(() => null);
const putSnippet = (id) => (state, dispatch, view) => {
	askSnippet(`/${id}`).then((doc) => {
		if (!doc) return say(words.textNoSnippet, "bad");
		const blocks = fromStored(doc).content, now = view.state, { $from } = now.selection, tr = now.tr;
		const empty = $from.depth === 1 && $from.parent.isTextblock && !$from.parent.childCount;
		const at = empty ? $from.before(1) : $from.depth ? $from.after(1) : now.selection.to;
		if (empty) tr.replaceWith(at, $from.after(1), blocks);
		else tr.insert(at, blocks);
		view.dispatch(tr.setSelection(Selection.near(tr.doc.resolve(Math.min(at + blocks.size, tr.doc.content.size)), -1)).scrollIntoView());
	});
	return true;
};
const named = ({ id, name }) => ({ key: "snippet", title: `${words.textSnippet}: ${name}`, run: putSnippet(id) });
askSnippet().then((json) => {
	snippets = (json?.snippets ?? []).map(named);
	view.dispatch(view.state.tr); // a menu that is open already has them, too
});
/* The whole blocks that the selection touches, under a name. */
const keepSnippet = (state) => {
	const { $from, $to } = state.selection, first = $from.index(0), last = $to.depth ? $to.index(0) : Math.max(first, $to.index(0) - 1);
	const chosen = [];
	state.doc.forEach((node, pos, i) => i >= first && i <= last && chosen.push(node));
	const name = prompt(words.textSnippetName, chosen.map((n) => n.textContent).join(" ").trim().slice(0, 40));
	if (!name?.trim()) return true;
	ask("/snippets", { name: name.trim(), document: toStored(N.doc.create(null, chosen)) }).catch(() => ({ status: 0, json: {} })).then(({ status, json }) => {
		if (status === 201) snippets = [...snippets, named(json)].sort((a, b) => a.title.localeCompare(b.title));
		say(status === 201 ? words.textSnippetKept : json.detail ?? words.textOffline, status === 201 ? "good" : "bad");
	});
	return true;
};

const slashKey = new PluginKey("slash");
const slash = new Plugin({
	key: slashKey,
	state: {
		init: () => null,
		apply(tr, was) {
			const meta = tr.getMeta(slashKey);
			if (meta !== undefined) return meta;
			const { $from, empty } = tr.selection;
			if (!empty || $from.depth !== 1 || !$from.parent.isTextblock) return null;
			const found = /^\/([\p{L}\p{N} ]{0,20})$/u.exec($from.parent.textBetween(0, $from.parentOffset, null, "￼"));
			if (!found || (was === false && tr.docChanged === false)) return found ? was : null;
			if (was === false) return false;
			const list = [...commands, ...snippets].filter((c) => `${c.key} ${c.title}`.toLowerCase().includes(found[1].toLowerCase().trim()));
			return list.length ? { list, at: Math.min(was?.at ?? 0, list.length - 1), from: $from.start(), to: $from.pos } : null;
		},
	},
	props: {
		handleKeyDown(view, event) {
			const menu = slashKey.getState(view.state);
			if (!menu) return false;
			const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
			if (move) {
				view.dispatch(view.state.tr.setMeta(slashKey, { ...menu, at: (menu.at + move + menu.list.length) % menu.list.length }));
				return true;
			}
			if (event.key === "Enter" || event.key === "Tab") return choose(view, menu.list[menu.at]), true;
			if (event.key === "Escape") return view.dispatch(view.state.tr.setMeta(slashKey, false)), true;
			return false;
		},
	},
	view(view) {
		const box = el("div", { class: "write-menu", role: "listbox", "aria-label": words.textBlocks, hidden: true });
		document.querySelector("main").append(box);
		return {
			update() {
				const menu = slashKey.getState(view.state);
				box.hidden = !menu;
				view.dom.toggleAttribute("aria-activedescendant", false);
				if (!menu) return;
				box.replaceChildren(...menu.list.map((c, i) => el("button", { type: "button", role: "option", id: `write-menu-${i}`, "aria-selected": String(i === menu.at), tabindex: "-1",
					onmousedown: (e) => (e.preventDefault(), choose(view, c)) }, c.title)));
				view.dom.setAttribute("aria-activedescendant", `write-menu-${menu.at}`);
				const at = view.coordsAtPos(menu.from), below = innerHeight - at.bottom;
				box.style.setProperty("inset-inline-start", "auto");
				box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - 260))}px`;
				box.style.top = below > 280 ? `${at.bottom + 6}px` : "auto";
				box.style.bottom = below > 280 ? "auto" : `${innerHeight - at.top + 6}px`;
				box.children[menu.at]?.scrollIntoView({ block: "nearest" });
			},
			destroy: () => box.remove(),
		};
	},
});
function choose(view, command) {
	const menu = slashKey.getState(view.state);
	if (menu) view.dispatch(view.state.tr.delete(menu.from, menu.to).setMeta(slashKey, null));
	command.run(view.state, view.dispatch, view);
	view.focus();
}

/* --- a hint in an empty line, and paste ------------------------------------------------------------------------------------ */

const hint = new Plugin({
	props: {
		decorations(state) {
			const { $from, empty } = state.selection, node = $from.parent;
			if (!empty || $from.depth !== 1 || node.type !== N.paragraph || node.childCount) return null;
			return DecorationSet.create(state.doc, [Decoration.node($from.before(1), $from.after(1), { class: "write-empty", "data-hint": words.textHint })]);
		},
	},
});
/* Markdown is put in as it came, at once, and becomes blocks when the server has read it. */
const markdownKey = new PluginKey("markdown");
const markdown = new Plugin({
	key: markdownKey,
	state: {
		init: () => [],
		apply: (tr, list) => (tr.getMeta(markdownKey) ?? list).map((r) => ({ ...r, from: tr.mapping.map(r.from, -1), to: tr.mapping.map(r.to, 1) })),
	},
});
async function pasteMarkdown(view, text) {
	const { from, to } = view.state.selection, id = Math.random();
	const tr = view.state.tr.insertText(text.replace(/\s*\n\s*/g, " "), from, to);
	view.dispatch(tr.setMeta(markdownKey, []));
	const end = view.state.selection.from;
	view.dispatch(view.state.tr.setMeta(markdownKey, [...markdownKey.getState(view.state), { id, from, to: end }]));
	const { status, json } = await ask("/blocks", { markdown: text }).catch(() => ({}));
	const range = markdownKey.getState(view.state).find((r) => r.id === id);
	if (status !== 200 || !range) return;
	const blocks = fromStored(json).content, done = view.state.tr;
	const $from = done.doc.resolve(range.from), whole = $from.depth === 1 && range.from === $from.start() && range.to === $from.end();
	if (whole) done.replaceWith($from.before(1), $from.after(1), blocks);
	else done.replaceRange(range.from, range.to, new Slice(blocks, 1, 1));
	view.dispatch(done.setMeta(markdownKey, markdownKey.getState(view.state).filter((r) => r.id !== id)).scrollIntoView());
}
const files = (data) => [...(data?.files ?? [])];

/* --- keys ----------------------------------------------------------------------------------------------------------------- */

const hardBreak = chainCommands(exitCode, (state, dispatch) => {
	dispatch?.(state.tr.replaceSelectionWith(N.br.create()).scrollIntoView());
	return true;
});
/* Behind a heading or a quotation follows a paragraph; an empty item ends its list. */
const endBlock = (state, dispatch) => {
	const { $from, empty } = state.selection;
	if (!empty || $from.depth !== 1 || $from.parent.type === N.paragraph || $from.parentOffset < $from.parent.content.size) return false;
	if (dispatch) {
		const tr = state.tr.insert($from.after(1), N.paragraph.create());
		dispatch(tr.setSelection(TextSelection.create(tr.doc, $from.after(1) + 1)).scrollIntoView());
	}
	return true;
};
const leaveList = (state, dispatch) => {
	const { $from } = state.selection;
	if ($from.depth !== 3 || $from.parent.childCount || $from.node(2).childCount > 1) return liftListItem(N.item)(state, dispatch);
	const list = $from.node(1), index = $from.index(1);
	if (dispatch) {
		const parts = [];
		if (index > 0) parts.push(list.type.create({ ...list.attrs, stored: null }, list.content.cut(0, $from.before(2) - $from.start(1))));
		parts.push(N.paragraph.create());
		if (index < list.childCount - 1) parts.push(list.type.create({ ...list.attrs, stored: null }, list.content.cut($from.after(2) - $from.start(1))));
		const tr = state.tr.replaceWith($from.before(1), $from.after(1), parts);
		const at = $from.before(1) + (index > 0 ? parts[0].nodeSize : 0) + 1;
		dispatch(tr.setSelection(TextSelection.create(tr.doc, at)).scrollIntoView());
	}
	return true;
};
const emptyItem = (state, dispatch) => inItem(state) && state.selection.empty && !state.selection.$from.parent.childCount && leaveList(state, dispatch);
const backToParagraph = (state, dispatch) => {
	const { $from, empty } = state.selection;
	if (!empty || $from.parentOffset) return false;
	if ($from.depth === 1 && [N.heading, N.quote, N.aside].includes($from.parent.type)) return blockTo(N.paragraph)(state, dispatch);
	if ($from.depth === 3 && $from.index(1) === 0 && $from.index(2) === 0 && !$from.parent.childCount) return leaveList(state, dispatch);
	return false;
};
const tick = (state, dispatch) => {
	const { $from } = state.selection;
	for (let d = $from.depth; d > 1; d--)
		if ($from.node(d).type === N.item && $from.node(d).attrs.checked !== null) {
			dispatch?.(state.tr.setNodeMarkup($from.before(d), null, { checked: !$from.node(d).attrs.checked }));
			return true;
		}
	return false;
};
const linkUp = (state, dispatch, view) => {
	if (state.selection.empty) return false;
	const now = M.link.isInSet(state.selection.$from.marksAcross(state.selection.$to) ?? []);
	const url = prompt(words.textLink, now?.attrs.url ?? "https://");
	if (url === null) return true;
	const { from, to } = state.selection, tr = state.tr.removeMark(from, to, M.link);
	dispatch(url.trim() && url.trim() !== "https://" ? tr.addMark(from, to, M.link.create({ url: url.trim() })) : tr);
	view?.focus();
	return true;
};
const moveBlock = (by) => (state, dispatch) => {
	const { $from } = state.selection, index = $from.depth ? $from.index(0) : state.doc.resolve(state.selection.from).index(0);
	const other = index + by;
	if (other < 0 || other >= state.doc.childCount) return false;
	if (dispatch) {
		const node = state.doc.child(index), starts = [];
		state.doc.forEach((n, pos) => starts.push(pos));
		const tr = state.tr.delete(starts[index], starts[index] + node.nodeSize);
		const at = by < 0 ? starts[other] : starts[other] + state.doc.child(other).nodeSize - node.nodeSize;
		tr.insert(at, node);
		const inner = state.selection.from - starts[index];
		tr.setSelection(node.isAtom ? NodeSelection.create(tr.doc, at) : TextSelection.near(tr.doc.resolve(at + inner)));
		dispatch(tr.scrollIntoView());
	}
	return true;
};
const keys = keymap({
	"Mod-b": toggleMark(M.strong), "Mod-i": toggleMark(M.em), "Mod-u": toggleMark(M.underline), "Mod-e": toggleMark(M.code), "Mod-k": linkUp,
	"Mod-Shift-x": toggleMark(M.strike), "Mod-z": undo, "Mod-y": redo, "Shift-Mod-z": redo, "Mod-Enter": tick, "Shift-Enter": hardBreak,
	"Alt-ArrowUp": moveBlock(-1), "Alt-ArrowDown": moveBlock(1), "Mod-s": () => (save(), true),
	Enter: chainCommands(emptyItem, splitListItem(N.item), endBlock), Tab: sinkListItem(N.item), "Shift-Tab": liftListItem(N.item), Backspace: backToParagraph,
});
const markRule = (pattern, mark) => new InputRule(pattern, (state, match, start, end) => {
	const tr = state.tr, text = match[2], from = start + match[0].indexOf(match[1]);
	tr.insertText(text, from, end).addMark(from, from + text.length, mark.create());
	return tr.removeStoredMark(mark);
});
const listRule = (pattern, kind) => new InputRule(pattern, (state, match, start, end) => {
	const cleared = state.apply(state.tr.delete(start, end));
	let out = null;
	makeList(kind)(cleared, (tr) => (out = tr));
	if (!out) return null;
	const tr = state.tr.delete(start, end);
	out.steps.forEach((s) => tr.step(s));
	return tr.setSelection(Selection.near(tr.doc.resolve(Math.min(start + 2, tr.doc.content.size))));
});
const rules = inputRules({
	rules: [
		textblockTypeInputRule(/^(#{1,6})\s$/, N.heading, (m) => ({ level: m[1].length })), textblockTypeInputRule(/^>\s$/, N.quote),
		listRule(/^[-*]\s$/, "bullet"), listRule(/^1[.)]\s$/, "number"), listRule(/^\[ ?\]\s$/, "check"),
		new InputRule(/^---$/, (state, m, start) => {
			const $at = state.doc.resolve(start);
			return $at.depth === 1 ? state.tr.replaceWith($at.before(1), $at.after(1), [N.card.create({ data: { type: "horizontalrule", version: 1 } }), N.paragraph.create()]) : null;
		}),
		new InputRule(/^```$/, (state, m, start) => {
			const $at = state.doc.resolve(start);
			return $at.depth === 1 ? state.tr.replaceWith($at.before(1), $at.after(1), [N.card.create({ data: blanks.codeblock() }), N.paragraph.create()]) : null;
		}),
		markRule(/(?:^|[^*])(\*\*([^*\s][^*]*)\*\*)$/, M.strong), markRule(/(?:^|[^`])(`([^`]+)`)$/, M.code),
	],
});

/* --- the toolbar ------------------------------------------------------------------------------------------------------------ */

function toolbar(view) {
	const active = (mark) => {
		const { from, to, empty, $from } = view.state.selection;
		return empty ? Boolean(mark.isInSet(view.state.storedMarks ?? $from.marks())) : view.state.doc.rangeHasMark(from, to, mark);
	};
	const tools = [
		["B", words.textBold, toggleMark(M.strong), M.strong], ["I", words.textItalic, toggleMark(M.em), M.em], ["U", words.textUnderline, toggleMark(M.underline), M.underline],
		["S", words.textStrike, toggleMark(M.strike), M.strike], ["<>", words.textCode, toggleMark(M.code), M.code], ["↗", words.textLinkTool, linkUp, M.link],
		["H2", words.textHeading2, blockTo(N.heading, { level: 2 })], ["H3", words.textHeading3, blockTo(N.heading, { level: 3 })], ["¶", words.textParagraph, blockTo(N.paragraph)],
		["•", words.textBullets, makeList("bullet")], ["1.", words.textNumbers, makeList("number")], ["❝", words.textQuote, blockTo(N.quote)],
		["▣", words.textPicture, (s, d, v) => (pick(v, "image/*"), true)], ["+", words.textBlocks, openMenu], ["✂", words.textKeepSnippet, keepSnippet],
		["↑", words.textUp, moveBlock(-1)], ["↓", words.textDown, moveBlock(1)], ["↶", words.textUndo, undo], ["↷", words.textRedo, redo],
	];
	const bar = el("div", { class: "write-tools", role: "toolbar", "aria-label": words.textTools });
	const buttons = tools.map(([sign, title, run, mark], i) => {
		const button = el("button", { type: "button", title, "aria-label": /\d/.test(sign) ? `${title}, ${sign}` : title, tabindex: i ? "-1" : "0", class: `tool-${sign}` }, sign);
		button.addEventListener("mousedown", (e) => e.preventDefault());
		button.addEventListener("click", () => (run(view.state, view.dispatch, view), view.focus()));
		return { button, mark };
	});
	bar.append(...buttons.map((b) => b.button));
	bar.addEventListener("keydown", (e) => {
		const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
		if (!by) return;
		const at = buttons.findIndex((b) => b.button === document.activeElement), next = buttons[(at + by + buttons.length) % buttons.length].button;
		buttons.forEach((b) => (b.button.tabIndex = b.button === next ? 0 : -1));
		next.focus();
		e.preventDefault();
	});
	return { bar, update: () => buttons.forEach((b) => b.mark && b.button.setAttribute("aria-pressed", String(active(b.mark)))) };
}
const openMenu = (state, dispatch, view) => {
	const { $from } = state.selection;
	let tr = state.tr;
	if (!($from.depth === 1 && $from.parent.type === N.paragraph && !$from.parent.childCount)) {
		const at = $from.depth ? $from.after(1) : state.selection.to;
		tr = tr.insert(at, N.paragraph.create());
		tr.setSelection(TextSelection.create(tr.doc, at + 1));
	}
	view.dispatch(tr.insertText("/").scrollIntoView());
	return true;
};

/* --- keeping ------------------------------------------------------------------------------------------------------------------ */

const keptName = () => `write:${settings.id ?? `new:${settings.type}`}`;
const store = {
	get() {
		try {
			return JSON.parse(localStorage.getItem(keptName()));
		} catch {
			return null;
		}
	},
	set(value) {
		try {
			if (value) localStorage.setItem(keptName(), JSON.stringify(value));
			else localStorage.removeItem(keptName());
		} catch {
			/* full or switched off: the server has what was saved */
		}
	},
};

const status = el("span", { class: "write-status", role: "status" }), others = el("span", { class: "write-others" });
form.querySelector(".write-head").append(others, status);
const title = el("textarea", { class: "write-title", rows: "1", maxlength: "300", dir: "auto", placeholder: words.textTitle, "aria-label": words.textTitle });
title.value = form.elements.title.value;
const grow = () => ((title.style.height = "auto"), (title.style.height = `${title.scrollHeight}px`));
const host = el("div", { class: "write-body" });

let version = settings.version, busy = false, dirty = false, timer = null, clash = false;
const current = () => ({ title: title.value.trim(), document: toStored(view.state.doc) });
const say = (text, kind = "") => {
	status.textContent = text;
	status.dataset.kind = kind;
};
const schedule = (ms = SAVE_MS) => {
	clearTimeout(timer);
	timer = setTimeout(save, ms);
};
const changed = () => {
	dirty = true;
	say(words.textUnsaved);
	store.set({ version, at: Date.now(), ...current() });
	if (!timer) schedule();
};
const signedOut = () => {
	status.replaceChildren(`${words.textSignedOut} `, el("a", { href: settings.signIn, target: "_blank" }, words.textSignIn));
	status.dataset.kind = "bad";
};

async function save(more = {}) {
	clearTimeout(timer);
	timer = null;
	if (busy || clash || (!dirty && !more.keep)) return !dirty;
	const now = current(), text = JSON.stringify(now);
	busy = true;
	dirty = false;
	say(words.textSaving);
	let answer = null;
	try {
		answer = await ask(settings.id ? `/${settings.id}/draft` : `/new/draft?type=${settings.type}`, { version, tab, ...now, ...more });
	} catch {
		/* no connection: below */
	}
	busy = false;
	if (answer?.status === 200) {
		if (!settings.id) {
			store.set(null);
			settings.id = answer.json.id;
			form.action = answer.json.url;
			window.history.replaceState(null, "", answer.json.url);
			form.querySelector(".write-head .badge").textContent = words.textDraft;
			listen();
		}
		version = answer.json.version;
		form.elements.version.value = version;
		if (JSON.stringify(current()) === text) store.set(null);
		else dirty = true;
		say(dirty ? words.textUnsaved : words.textSaved, dirty ? "" : "good");
		if (dirty) schedule();
		return true;
	}
	dirty = true;
	store.set({ version, at: Date.now(), ...now });
	if (answer?.status === 409) return showClash(answer.json), false;
	if (answer?.status === 401 || (answer?.status === 403 && /sign|form/i.test(answer.json.type ?? ""))) signedOut();
	else if (answer && answer.status >= 400 && answer.status < 500 && answer.status !== 429) return say(answer.json.detail ?? words.textRefused, "bad"), false;
	else say(words.textOffline, "bad");
	schedule(RETRY_MS);
	return false;
}

/* Both texts; nothing is lost whichever is chosen: the other one becomes a revision. */
function showClash(theirs, mine = current()) {
	clash = true;
	const draw = (doc, heading) => {
		const box = el("div", {});
		const read = new EditorView(box, { state: EditorState.create({ doc: fromStored(doc) }), editable: () => false, nodeViews: { card: (node) => cardView(node, null, null, { words, ask, uploads }) } });
		read.dom.setAttribute("aria-label", heading);
		read.dom.classList.add("body");
		return el("section", {}, el("h3", {}, heading), el("p", { class: "write-clash-title", dir: "auto" }), box);
	};
	const left = draw(theirs.document, `${theirs.who || words.textElsewhere} · ${theirs.when ?? ""}`), right = draw(mine.document, words.textMine);
	left.querySelector(".write-clash-title").textContent = theirs.title;
	right.querySelector(".write-clash-title").textContent = mine.title;
	const dialog = el("dialog", { class: "write-clash", "aria-label": words.textClash },
		el("h2", {}, words.textClash), el("p", {}, words.textClashHelp), el("div", { class: "clash-texts" }, left, right),
		el("p", { class: "actions" },
			el("button", { type: "button", class: "button", "data-choose": "mine", onclick: () => decide(true) }, words.textKeepMine),
			el("button", { type: "button", class: "button quiet-button", "data-choose": "theirs", onclick: () => decide(false) }, words.textTakeTheirs)));
	const decide = async (keepMine) => {
		dialog.close();
		dialog.remove();
		clash = false;
		version = theirs.version;
		show(mine);
		dirty = true;
		if (!(await save({ keep: true })) || keepMine) return;
		show(theirs);
		dirty = true;
		await save({ keep: true });
	};
	dialog.addEventListener("cancel", (e) => e.preventDefault());
	document.body.append(dialog);
	dialog.showModal();
}
function show({ title: t, document: doc }) {
	title.value = t;
	grow();
	view.updateState(EditorState.create({ doc: fromStored(doc), plugins: view.state.plugins }));
}

/* --- the others ------------------------------------------------------------------------------------------------------------------ */

const here = new Map();
function drawOthers() {
	const now = Date.now();
	for (const [key, one] of here) if (now - one.at > GONE_MS) here.delete(key);
	const names = [...new Set([...here.values()].map((o) => o.name))];
	others.textContent = names.length ? `${words.textOthers} ${names.join(", ")}` : "";
}
const announce = (more = {}) => settings.id && ask(`/${settings.id}/here`, { tab, ...more }, { keepalive: true }).catch(() => null);
let events = null;
/* A page that nobody looks at holds no stream: browsers have few for one host. */
function listen() {
	if (!settings.id || document.hidden || events) return;
	events = new EventSource(`${settings.base}/${settings.id}/live`);
	const note = (handle) => (e) => {
		const data = JSON.parse(e.data);
		if (data.tab !== tab) handle(data);
		drawOthers();
	};
	events.addEventListener("here", note((d) => {
		if (!here.has(d.tab)) announce();
		here.set(d.tab, { name: d.name, at: Date.now() });
	}));
	events.addEventListener("gone", note((d) => here.delete(d.tab)));
	events.addEventListener("saved", note((d) => {
		here.set(d.tab, { name: d.name, at: Date.now() });
		if (d.version > version && !dirty) say(`${words.textOtherSaved}: ${d.name}`, "bad");
	}));
	events.addEventListener("open", () => announce());
}
const leave = () => {
	if (!events) return;
	events.close();
	events = null;
	announce({ gone: true });
};
setInterval(() => (events && announce(), drawOthers()), HERE_MS);
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()));
addEventListener("pagehide", leave);

/* --- all of it --------------------------------------------------------------------------------------------------------------------- */

place.hidden = true;
form.elements.with_text.value = "";
form.elements.text.disabled = form.elements.title.disabled = true;
place.after(title, host);

const view = new EditorView(host, {
	state: EditorState.create({
		doc: fromStored(JSON.parse(document.querySelector("[data-write-document]").textContent)),
		plugins: [slash, hint, markdown, rules, keys, keymap(baseKeymap), history(), dropCursor({ width: 3 }), gapCursor()],
	}),
	attributes: { "aria-label": words.textBody, role: "textbox", "aria-multiline": "true", class: "body" },
	nodeViews: { card: (node, v, at) => cardView(node, v, at, { words, ask, uploads, upload: send, base: settings.base }) },
	transformPastedHTML: cleanPasted,
	handlePaste(v, event) {
		const list = files(event.clipboardData), plainText = event.clipboardData?.getData("text/plain") ?? "", html = event.clipboardData?.getData("text/html") ?? "";
		if (list.length && !html) return list.forEach((f) => upload(v, f)), true;
		if (html || !plainText || !looksLikeMarkdown(plainText) || v.state.selection.$from.depth !== 1) return false;
		pasteMarkdown(v, plainText);
		return true;
	},
	/* Writing while a card is chosen goes behind it, and not in its place. */
	handleTextInput(v, from, to, text) {
		const { selection } = v.state;
		if (!(selection instanceof NodeSelection) || selection.node.type !== N.card) return false;
		const at = selection.to, tr = v.state.tr.insert(at, N.paragraph.create(null, schema.text(text)));
		v.dispatch(tr.setSelection(TextSelection.create(tr.doc, at + 1 + text.length)).scrollIntoView());
		return true;
	},
	handleDrop(v, event, slice, moved) {
		const list = files(event.dataTransfer);
		if (moved || !list.length) return false;
		const at = v.posAtCoords({ left: event.clientX, top: event.clientY })?.pos ?? v.state.selection.from;
		const $at = v.state.doc.resolve(at);
		list.forEach((f) => upload(v, f, $at.depth ? $at.after(1) : at));
		event.preventDefault();
		return true;
	},
	dispatchTransaction(tr) {
		view.updateState(view.state.apply(tr));
		if (tr.docChanged) changed();
		tools?.update();
	},
});
let tools = toolbar(view);
host.before(tools.bar);
grow();
title.addEventListener("input", () => (grow(), changed()));
title.addEventListener("keydown", (e) => {
	if (e.key !== "Enter") return;
	e.preventDefault();
	view.dispatch(view.state.tr.setSelection(Selection.atStart(view.state.doc)));
	view.focus();
});

/* The buttons save the text first; the settings go with the form. */
let sending = false, leaving = false;
form.addEventListener("click", async (event) => {
	const button = event.target.closest('button[type="submit"]');
	if (!button || sending || (!dirty && !busy && settings.id)) return;
	event.preventDefault();
	event.stopImmediatePropagation();
	if (!settings.id) dirty = true;
	while (busy) await new Promise((r) => setTimeout(r, 50));
	if (dirty && !(await save())) return;
	sending = true;
	button.click();
	sending = false;
}, true);
form.addEventListener("submit", () => (leaving = true));
addEventListener("online", () => dirty && save());
addEventListener("focus", () => dirty && !clash && save());
addEventListener("beforeunload", (e) => {
	if (dirty && !leaving) e.preventDefault();
});

const before = store.get();
if (before && (before.title !== current().title || JSON.stringify(before.document) !== JSON.stringify(current().document))) {
	if (before.version === version) {
		show(before);
		say(words.textBrought, "good");
		dirty = true;
		schedule(500);
	} else {
		showClash({ version, ...current(), who: "" }, before);
	}
} else store.set(null);
listen();
window.guildhallWrite = { view, toStored: () => toStored(view.state.doc), roundTrip: (doc) => toStored(fromStored(doc)) }; // for tests and for those who look

/* SPDX-License-Identifier: Apache-2.0
 *
 * Cards: blocks that are data with a form. A row of the table says which members a kind has and how they are asked for; a kind without a row gets a form
 * made from what it holds. What readers will see is the server's own rendering.
 */
const image = () => ({ type: "image", version: 1, src: "", width: null, height: null, title: "", alt: "", caption: "", cardWidth: "regular", href: "" });
export const blanks = {
	image,
	gallery: () => ({ type: "gallery", version: 1, images: [], caption: "" }),
	video: () => ({ type: "video", version: 1, src: "", caption: "", width: null, height: null, loop: false, cardWidth: "regular" }),
	audio: () => ({ type: "audio", version: 1, src: "", title: "", duration: 0 }),
	file: () => ({ type: "file", version: 1, src: "", fileTitle: "", fileCaption: "", fileName: "", fileSize: 0 }),
	codeblock: () => ({ type: "codeblock", version: 1, code: "", language: "", caption: "" }),
	html: () => ({ type: "html", version: 1, html: "" }),
	markdown: () => ({ type: "markdown", version: 1, markdown: "" }),
	embed: () => ({ type: "embed", version: 1, url: "", embedType: "", html: "", metadata: {}, caption: "" }),
	bookmark: () => ({ type: "bookmark", version: 1, url: "", metadata: { title: "", description: "" }, caption: "" }),
	button: () => ({ type: "button", version: 1, buttonText: "", buttonUrl: "", alignment: "center" }),
	callout: () => ({ type: "callout", version: 1, calloutText: "", calloutEmoji: "💡", backgroundColor: "blue" }),
	toggle: () => ({ type: "toggle", version: 1, heading: "", content: "" }),
	product: () => ({ type: "product", version: 1, productImageSrc: "", productTitle: "", productDescription: "", productRatingEnabled: false, productStarRating: 5, productButtonEnabled: false, productButton: "", productUrl: "" }),
	"market-product": () => ({ type: "market-product", version: 1, product: "", title: "", url: "" }),
	header: () => ({ type: "header", version: 2, size: "small", header: "", subheader: "", buttonEnabled: false, buttonText: "", buttonUrl: "", backgroundImageSrc: "", alignment: "center", layout: "full" }),
	signup: () => ({ type: "signup", version: 1, header: "", subheader: "", buttonText: "", disclaimer: "" }),
	"call-to-action": () => ({ type: "call-to-action", version: 1, layout: "minimal", textValue: "", showButton: true, buttonText: "", buttonUrl: "", backgroundColor: "grey", alignment: "left", hasSponsorLabel: false }),
	email: () => ({ type: "email", version: 1, html: "" }),
	paywall: () => ({ type: "paywall", version: 1 }),
	horizontalrule: () => ({ type: "horizontalrule", version: 1 }),
};

export const kinds = (w) => [
	{ type: "image", title: w.textPicture, fields: [["src", w.textAddress, "file"], ["alt", w.textAlt], ["caption", w.textCaption], ["href", w.textLeadsTo], ["cardWidth", w.textWidth, "regular wide full"]] },
	{ type: "gallery", title: w.textGallery, menu: true, fields: [["images", w.textPictures, "images"], ["caption", w.textCaption]] },
	{ type: "video", title: w.textVideo, fields: [["src", w.textAddress, "file"], ["caption", w.textCaption], ["loop", w.textLoop, "yes"]] },
	{ type: "audio", title: w.textAudio, fields: [["src", w.textAddress, "file"], ["title", w.textTitle]] },
	{ type: "file", title: w.textFile, fields: [["src", w.textAddress, "file"], ["fileTitle", w.textTitle], ["fileCaption", w.textCaption]] },
	{ type: "codeblock", title: w.textCode, menu: true, fields: [["code", w.textCode, "code"], ["language", w.textLanguage], ["caption", w.textCaption]] },
	{ type: "markdown", title: "Markdown", menu: true, fields: [["markdown", "Markdown", "code"]] },
	{ type: "html", title: "HTML", menu: true, fields: [["html", "HTML", "code"]] },
	{ type: "embed", title: w.textEmbed, menu: true, fields: [["url", w.textAddress], ["caption", w.textCaption]] },
	{ type: "bookmark", title: w.textBookmark, menu: true, fields: [["url", w.textAddress], ["metadata.title", w.textTitle], ["metadata.description", w.textDescription], ["caption", w.textCaption]] },
	{ type: "button", title: w.textButton, menu: true, fields: [["buttonText", w.textWords], ["buttonUrl", w.textLeadsTo], ["alignment", w.textAlignment, "left center"]] },
	{ type: "callout", title: w.textCallout, menu: true, fields: [["calloutText", w.textWords, "area"], ["calloutEmoji", w.textSign], ["backgroundColor", w.textColour, "white grey blue green yellow red pink purple accent"]] },
	{ type: "toggle", title: w.textToggle, menu: true, fields: [["heading", w.textHead], ["content", w.textWords, "area"]] },
	{ type: "product", title: w.textProduct, menu: true, fields: [["productTitle", w.textTitle], ["productImageSrc", w.textPicture, "file"], ["productDescription", w.textDescription, "area"], ["productRatingEnabled", w.textRated, "yes"], ["productStarRating", w.textStars, "number"], ["productButtonEnabled", w.textWithButton, "yes"], ["productButton", w.textWords], ["productUrl", w.textLeadsTo]] },
	{ type: "market-product", title: w.textMarketProduct, live: true, fields: [["product", w.textMarketProduct, "product"]] },
	{ type: "header", title: w.textHeader, menu: true, fields: [["header", w.textHead], ["subheader", w.textBelow], ["size", w.textSize, "small medium large"], ["backgroundImageSrc", w.textPicture, "file"], ["buttonEnabled", w.textWithButton, "yes"], ["buttonText", w.textWords], ["buttonUrl", w.textLeadsTo], ["alignment", w.textAlignment, "left center"]] },
	{ type: "signup", title: w.textSignup, menu: true, fields: [["header", w.textHead], ["subheader", w.textBelow], ["buttonText", w.textWords], ["disclaimer", w.textSmall]] },
	{ type: "call-to-action", title: w.textCall, menu: true, fields: [["textValue", w.textWords, "area"], ["showButton", w.textWithButton, "yes"], ["buttonText", w.textWords], ["buttonUrl", w.textLeadsTo], ["backgroundColor", w.textColour, "none white grey blue green yellow red pink purple"], ["alignment", w.textAlignment, "left center"]] },
	{ type: "email", title: w.textEmail, menu: true, fields: [["html", "HTML", "code"]] },
	{ type: "paywall", title: w.textPaywall, menu: true, fields: [] },
	{ type: "horizontalrule", title: w.textDivider, fields: [] },
];

const read = (data, name) => name.split(".").reduce((o, k) => o?.[k], data);
const put = (data, name, value) => {
	const [head, ...rest] = name.split(".");
	return { ...data, [head]: rest.length ? put(data[head] ?? {}, rest.join("."), value) : value };
};
/* Of a kind that nobody knows: what it holds of texts, numbers and switches. */
const madeFields = (data) => Object.entries(data).filter(([k, v]) => !["type", "version"].includes(k) && ["string", "number", "boolean"].includes(typeof v))
	.map(([k, v]) => [k, k, typeof v === "boolean" ? "yes" : typeof v === "number" ? "number" : v.length > 80 ? "area" : undefined]);

let count = 0;
function fieldOf([name, label, kind], data, change, tools) {
	const id = `card-${++count}`, value = read(data, name);
	const wrap = document.createElement("p"), title = document.createElement("label");
	let input;
	title.htmlFor = id;
	title.textContent = label;
	if (kind === "area" || kind === "code") {
		input = document.createElement("textarea");
		input.rows = kind === "code" ? 6 : 3;
		input.value = value ?? "";
		if (kind === "code") input.className = "card-code";
	} else if (kind?.includes(" ")) {
		input = document.createElement("select");
		for (const one of kind.split(" ")) input.append(new Option(one, one, false, one === value));
	} else {
		input = document.createElement("input");
		input.type = kind === "yes" ? "checkbox" : kind === "number" ? "number" : "text";
		if (kind === "yes") input.checked = Boolean(value);
		else input.value = value ?? "";
	}
	input.id = id;
	input.dataset.member = name;
	if (kind !== "code") input.dir = "auto";
	input.addEventListener("input", () => change(name, kind === "yes" ? input.checked : kind === "number" ? Number(input.value) : input.value));
	wrap.append(...(kind === "yes" ? [input, title] : [title, input]));
	const chosen = (json) => {
		input.value = json.src;
		change(name, json.src);
		if (data.type === "image") change("width", json.width || null), change("height", json.height || null);
		const alt = data.type === "image" && wrap.parentElement?.querySelector("[data-member=alt]");
		if (alt && json.alt && !alt.value) (alt.value = json.alt), change("alt", json.alt);
	};
	if (kind === "file" && tools.upload) wrap.append(fileButton(tools, chosen), " ", libraryButton(tools, /image|Image/.test(data.type + name) ? "image" : "", chosen));
	return wrap;
}
function fileButton(tools, done) {
	const button = document.createElement("button"), said = document.createElement("span");
	button.type = "button";
	button.className = "link-button";
	button.textContent = tools.words.textChooseFile;
	button.addEventListener("click", () => {
		const input = document.createElement("input");
		input.type = "file";
		input.addEventListener("change", async () => {
			try {
				done(await tools.upload(input.files[0], (p) => (said.textContent = ` ${Math.round(p * 100)} %`)));
				said.textContent = "";
			} catch (error) {
				said.textContent = ` ${error.message}`;
			}
		});
		input.click();
	});
	const both = document.createElement("span");
	both.append(button, said);
	return both;
}
function libraryButton(tools, kind, done) {
	const button = document.createElement("button");
	button.type = "button";
	button.className = "link-button";
	button.textContent = tools.words.textLibrary;
	button.addEventListener("click", () => openLibrary(tools, kind, done));
	return button;
}
/** What the site has already, to choose from. kind: "image", or "" for everything. */
export const openLibrary = (tools, kind, done) =>
	openChoice(tools, { title: tools.words.textLibrary, search: tools.words.textSearch, missing: tools.words.textNoLibrary, list: "files", path: `/media?kind=${kind}` }, done);
/** A product of the market; done gets what its card holds. */
export const openProducts = (tools, done) =>
	openChoice(tools, { title: tools.words.textMarketProduct, search: tools.words.textSearchProduct, missing: tools.words.textNoProducts, list: "products", path: "/products?" },
		(p) => done({ product: p.id, title: p.name, url: p.url }));
/* A dialog with a search and tiles. */
function openChoice(tools, what, done) {
	const dialog = document.createElement("dialog"), head = document.createElement("p"), search = document.createElement("input"), close = document.createElement("button");
	const tiles = document.createElement("div"), said = document.createElement("p"), more = document.createElement("button");
	let next = "", turn = 0;
	dialog.className = "write-library";
	dialog.ariaLabel = what.title;
	search.type = "search";
	search.placeholder = search.ariaLabel = what.search;
	Object.assign(close, { type: "button", className: "link-button", textContent: tools.words.textClose });
	Object.assign(more, { type: "button", className: "link-button", textContent: tools.words.textMore, hidden: true });
	said.setAttribute("role", "status");
	tiles.className = "write-library-tiles";
	head.append(search, " ", close);
	dialog.append(head, said, tiles, more);
	const tile = (file) => {
		const button = document.createElement("button"), name = document.createElement("span");
		button.type = "button";
		name.textContent = file.name;
		if (file.small) button.append(Object.assign(document.createElement("img"), { src: file.small, alt: "", loading: "lazy" }));
		button.append(name, ...(file.note ? [Object.assign(document.createElement("small"), { textContent: file.note })] : []));
		button.addEventListener("click", () => (done(file), dialog.close()));
		return button;
	};
	const load = async (behind) => {
		const mine = ++turn;
		const answer = await fetch(`${tools.base}${what.path}&q=${encodeURIComponent(search.value)}&${behind}`, { headers: { accept: "application/json" } }).catch(() => null);
		const json = answer?.ok ? await answer.json() : null;
		if (mine !== turn) return;
		said.textContent = !json ? what.missing : json[what.list].length || behind ? "" : tools.words.textNothing;
		tiles.replaceChildren(...(behind ? tiles.children : []), ...(json?.[what.list] ?? []).map(tile));
		next = json?.next ?? "";
		more.hidden = !next;
	};
	search.addEventListener("input", () => load(""));
	search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
	more.addEventListener("click", () => load(next));
	close.addEventListener("click", () => dialog.close());
	dialog.addEventListener("close", () => dialog.remove());
	document.body.append(dialog);
	dialog.showModal();
	load("");
}
function productField(data, change, tools) {
	const row = document.createElement("p"), button = document.createElement("button"), name = document.createElement("strong");
	name.textContent = data.title;
	Object.assign(button, { type: "button", className: "link-button", textContent: tools.words.textChooseProduct });
	button.addEventListener("click", () => openProducts(tools, (product) => {
		for (const [member, value] of Object.entries(product)) change(member, value);
		name.textContent = product.title;
	}));
	row.append(name, " ", button);
	return row;
}
function galleryField(data, change, tools) {
	const box = document.createElement("div");
	const draw = (images) => {
		box.replaceChildren(...images.map((im, i) => {
			const row = document.createElement("p"), alt = document.createElement("input"), drop = document.createElement("button");
			alt.value = im.alt ?? "";
			alt.placeholder = alt.ariaLabel = tools.words.textAlt;
			alt.addEventListener("input", () => change("images", images.map((x, k) => (k === i ? { ...x, alt: alt.value } : x))));
			drop.type = "button";
			drop.className = "link-button";
			drop.textContent = tools.words.textRemove;
			drop.addEventListener("click", () => {
				const rest = images.filter((x, k) => k !== i);
				change("images", rest);
				draw(rest);
			});
			row.append(im.fileName ?? im.src.split("/").at(-1), " ", alt, " ", drop);
			return row;
		}));
		const add = (json) => {
			const more = [...images, { row: Math.floor(images.length / 3), fileName: json.name, src: json.src, width: json.width, height: json.height, alt: json.alt ?? "" }];
			change("images", more);
			draw(more);
		};
		if (tools.upload) box.append(fileButton(tools, add), " ", libraryButton(tools, "image", add));
	};
	draw(Array.isArray(data.images) ? data.images : []);
	return box;
}

const own = { images: galleryField, product: productField }; // fields that are more than an input
/** The node view of a card. view null: to be looked at. */
export function cardView(node, view, getPos, tools) {
	let data = node.attrs.data, seen = 0, timer = null;
	const kind = kinds(tools.words).find((k) => k.type === data.type);
	const dom = document.createElement("div"), head = document.createElement("div"), shown = document.createElement("div"), panel = document.createElement("div");
	dom.className = "write-card";
	dom.dataset.type = data.type;
	if (node.attrs.upload) dom.dataset.upload = node.attrs.upload;
	head.className = "write-card-head";
	shown.className = "write-card-shown";
	shown.inert = Boolean(kind?.live); // what readers may press there is not for here
	panel.className = "write-card-form";
	panel.hidden = true;
	dom.append(head, shown, panel);

	const preview = async () => {
		const mine = ++seen;
		if (node.attrs.upload) return;
		if (data.type === "horizontalrule") return shown.replaceChildren(document.createElement("hr"));
		const { status, json } = await tools.ask("/render", { node: data }).catch(() => ({}));
		if (mine !== seen) return;
		const parsed = status === 200 ? new DOMParser().parseFromString(json.html, "text/html") : null; // the server's own, sanitised
		if (parsed?.body.childElementCount) shown.replaceChildren(...parsed.body.childNodes);
		else shown.replaceChildren(Object.assign(document.createElement("p"), { className: "write-card-blank", textContent: kind?.title ?? data.type }));
	};
	const change = (name, value) => {
		data = put(data, name, value);
		view.dispatch(view.state.tr.setNodeMarkup(getPos(), null, { ...node.attrs, stored: null, data }));
		clearTimeout(timer);
		timer = setTimeout(preview, 400);
	};
	const fields = kind ? kind.fields : madeFields(data);
	const open = (yes) => {
		if (yes && panel.hidden) {
			panel.replaceChildren(...fields.map((f) => (own[f[2]] ?? fieldOf.bind(null, f))(data, change, tools)));
			panel.hidden = false;
			if (!dom.contains(document.activeElement) || document.activeElement === dom) panel.querySelector("input, textarea, select")?.focus();
		} else if (!yes) panel.hidden = true;
		edit.setAttribute("aria-expanded", String(!panel.hidden));
	};
	const edit = document.createElement("button"), name = document.createElement("span");
	name.textContent = kind?.title ?? data.type;
	edit.type = "button";
	edit.className = "link-button";
	edit.textContent = tools.words.textEdit;
	edit.addEventListener("click", () => open(panel.hidden));
	head.append(name, ...(view && fields.length ? [edit] : []));
	dom.addEventListener("progress-of", ({ detail }) => {
		shown.textContent = detail.failed ?? `${detail.name ?? ""} ${Math.round(detail.progress * 100)} %`;
		dom.classList.toggle("is-bad", Boolean(detail.failed));
	});
	if (node.attrs.upload) {
		const state = tools.uploads.get(node.attrs.upload);
		shown.textContent = state ? `${state.name ?? ""} 0 %` : tools.words.textNoUpload;
	}
	preview();
	const isBlank = view && !node.attrs.upload && fields.length && JSON.stringify(data) === JSON.stringify(blanks[data.type]?.());
	if (isBlank) setTimeout(() => open(true));
	return {
		dom,
		update(next) {
			if (next.type !== node.type || next.attrs.data.type !== data.type || next.attrs.upload !== node.attrs.upload) return false;
			const same = JSON.stringify(next.attrs.data) === JSON.stringify(data);
			node = next;
			data = next.attrs.data;
			if (!same) preview();
			return true;
		},
		selectNode: () => dom.classList.add("ProseMirror-selectednode"),
		deselectNode: () => dom.classList.remove("ProseMirror-selectednode"),
		stopEvent: (event) => panel.contains(event.target) || edit.contains(event.target),
		ignoreMutation: () => true,
	};
}

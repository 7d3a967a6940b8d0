/* SPDX-License-Identifier: Apache-2.0
 *
 * What the site does with JavaScript and can do without: remember a reader's choice of light or dark, copy and print a list, mark the menu entry
 * of the page that is shown, "/" for search, close a menu with Escape or a click beside it, propose the
 * browser's time zone where none is chosen, count notifications while they come. Loaded in the head, before the
 * first paint, so that the page does not flash.
 */
(() => {
	const root = document.documentElement;
	const key = "theme";
	const read = () => {
		try {
			return localStorage.getItem(key);
		} catch {
			return null; // storage is switched off: the system's choice stands
		}
	};
	const stored = read();
	if (stored === "light" || stored === "dark") root.dataset.theme = stored;

	document.addEventListener("click", (event) => {
		if (!event.target.closest("[data-theme-toggle]")) return;
		const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
		root.dataset.theme = dark ? "light" : "dark";
		try {
			localStorage.setItem(key, root.dataset.theme);
		} catch {
			/* it lasts as long as the page */
		}
	});

	// The text of a list, a line each; the button then says so.
	document.addEventListener("click", async (event) => {
		const button = event.target.closest("[data-copy], [data-print]");
		if (!button) return;
		if ("print" in button.dataset) return print();
		await navigator.clipboard.writeText([...document.querySelectorAll(`${button.dataset.copy} li`)].map((li) => li.textContent.trim()).join("\n"));
		button.textContent = button.dataset.textCopied;
	});

	// Browsers may go by a zone's former name ("Asia/Calcutta"): then the option that they call the same.
	const zone_of = (name) => new Intl.DateTimeFormat("en", name ? { timeZone: name } : {}).resolvedOptions().timeZone;
	const named_so = (option, own) => {
		try {
			return option.value && zone_of(option.value) === own;
		} catch {
			return false; // younger than the browser
		}
	};
	const propose_zone = (select) => {
		const own = zone_of(), options = [...select.options];
		const found = options.find((o) => o.value === own) ?? options.find((o) => named_so(o, own));
		if (select.value || !found) return;
		select.value = found.value;
		select.closest("[data-zone]").querySelector("[data-zone-hint]").hidden = false;
	};

	document.addEventListener("DOMContentLoaded", () => {
		document.querySelectorAll("[data-zone] select").forEach(propose_zone);
		for (const part of document.querySelectorAll("[data-script]")) part.hidden = false;
		if (!navigator.clipboard) for (const button of document.querySelectorAll("[data-copy]")) button.hidden = true; // not over plain http
		for (const link of document.querySelectorAll(".nav-list a, .tabs a"))
			if (link.origin === location.origin && link.pathname === location.pathname) link.setAttribute("aria-current", "page");
	});

	// How many notifications are unread, as long as somebody looks: browsers have few connections for each host.
	let inbox = null;
	const watch_inbox = () => {
		const bells = [...document.querySelectorAll("[data-inbox]")];
		const url = bells.length && new URL(bells[0].dataset.inbox, location.href);
		inbox?.close();
		inbox = null;
		if (!url || url.origin !== location.origin || document.hidden) return;
		inbox = new EventSource(url);
		inbox.addEventListener("unread", (event) => {
			const { unread } = JSON.parse(event.data);
			for (const count of document.querySelectorAll("[data-inbox] [data-count]")) {
				count.textContent = unread > 99 ? "99+" : unread;
				count.hidden = !unread;
			}
		});
	};
	document.addEventListener("DOMContentLoaded", watch_inbox);
	document.addEventListener("visibilitychange", watch_inbox);
	addEventListener("pagehide", () => inbox?.close());

	const open_menus = () => document.querySelectorAll("details.menu[open], details.person-menu[open]");
	document.addEventListener("click", (event) => {
		for (const menu of open_menus()) if (!menu.contains(event.target)) menu.open = false;
	});
	document.addEventListener("keydown", (event) => {
		if (event.key !== "Escape") return;
		for (const menu of open_menus()) {
			if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
			menu.open = false;
		}
	});

	document.addEventListener("keydown", (event) => {
		if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
		if (/^(input|textarea|select)$/i.test(event.target.tagName) || event.target.isContentEditable) return;
		const field = document.querySelector("input[type=search]");
		const link = document.querySelector("a[data-search]");
		if (field) {
			event.preventDefault();
			field.focus();
		} else if (link) {
			event.preventDefault();
			link.click();
		}
	});
})();

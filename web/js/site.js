/* SPDX-License-Identifier: Apache-2.0
 *
 * What the site does with JavaScript and can do without: remember a reader's choice of light or dark, mark the menu entry
 * of the page that is shown, "/" for search. Loaded in the head, before the first paint, so that the page does not flash.
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

	document.addEventListener("DOMContentLoaded", () => {
		for (const link of document.querySelectorAll(".nav-list a"))
			if (link.origin === location.origin && link.pathname === location.pathname) link.setAttribute("aria-current", "page");
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

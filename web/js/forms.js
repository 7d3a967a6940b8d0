/* SPDX-License-Identifier: Apache-2.0
 *
 * What the browser does so that nothing typed is lost, on every page with forms: text is kept in this tab's storage until it was taken by the
 * site, and comes back after a lost connection, an ended session or a way back; a second press sends nothing; without a connection nothing is
 * sent, and that is said. Passwords, files and hidden fields are never kept. Forms work without it.
 */
(() => {
	const BUSY_MS = 10000;
	const LAST = "form:last";
	const texts = () => document.querySelector("template[data-form-texts]")?.dataset ?? {};
	const storage = {
		get(key) {
			try {
				return JSON.parse(sessionStorage.getItem(key));
			} catch {
				return null; // switched off, or not ours
			}
		},
		set(key, value) {
			try {
				if (value === null) sessionStorage.removeItem(key);
				else sessionStorage.setItem(key, JSON.stringify(value));
			} catch {
				/* full or switched off: the form works as without this module */
			}
		},
	};
	const is_kept = (field) => field.name && !/^(password|file|hidden|submit|button|image|reset)$/.test(field.type) && !("noKeep" in field.dataset);
	const fields_of = (form) => [...form.elements].filter(is_kept);
	const key_of = (form) => `form:${location.pathname}:${form.getAttribute("action") ?? ""}:${[...document.forms].filter((f) => f.action === form.action).indexOf(form)}`;
	const read = (form) => fields_of(form).map((f) => [f.name, f.type === "checkbox" || f.type === "radio" ? f.checked : f.value]);

	const write = (form, values) => {
		const fields = fields_of(form);
		if (values.length !== fields.length || values.some(([name], i) => name !== fields[i].name)) return false; // another version of the form
		let changed = false;
		fields.forEach((f, i) => {
			const property = f.type === "checkbox" || f.type === "radio" ? "checked" : "value";
			changed ||= f[property] !== values[i][1];
			f[property] = values[i][1];
		});
		return changed;
	};

	const say = (form, text, action, act) => {
		form.querySelector(":scope > .kept-note")?.remove();
		const note = document.createElement("p");
		note.className = "done kept-note";
		note.setAttribute("role", "status");
		note.append(text + " ");
		if (action) {
			const button = document.createElement("button");
			button.type = "button";
			button.className = "link-button";
			button.textContent = action;
			button.addEventListener("click", () => (act(), note.remove()));
			note.append(button);
		}
		form.prepend(note);
	};

	const restore = (form) => {
		const key = key_of(form), kept = storage.get(key);
		if (!kept) return;
		const before = read(form);
		if (form.querySelector("[aria-invalid]") || !write(form, kept.values)) return; // the server gave the text back itself
		say(form, texts().textRestored, texts().textDiscard, () => (write(form, before), storage.set(key, null)));
	};

	/* A form that was sent and taken is forgotten. Taken: another page came, and not one that gives the text back. */
	const settle = () => {
		const last = storage.get(LAST), kept = last && storage.get(last);
		if (!kept) return;
		const way = performance.getEntriesByType("navigation")[0]?.type;
		if (way === "back_forward" || document.querySelector("form[data-kept]")) storage.set(last, { values: kept.values });
		else storage.set(last, null);
		storage.set(LAST, null);
	};

	document.addEventListener("DOMContentLoaded", () => {
		settle();
		for (const form of document.querySelectorAll("form[method=post]:not([data-kept])")) if (fields_of(form).some((f) => f.matches("input[type=text],input[type=email],textarea,input:not([type])"))) restore(form);
	});
	// The box at the head of a list ticks all on the page; it says "some" when only some are.
	const rows_of = (all) => [...all.form.querySelectorAll("input[name=key][type=checkbox]")];
	const tell_all = (all) => {
		const ticked = rows_of(all).filter((row) => row.checked).length;
		all.checked = ticked > 0 && ticked === rows_of(all).length;
		all.indeterminate = ticked > 0 && !all.checked;
	};
	document.addEventListener("DOMContentLoaded", () => {
		for (const all of document.querySelectorAll("[data-pick-all]")) {
			all.hidden = false;
			all.addEventListener("change", () => rows_of(all).forEach((row) => { row.checked = all.checked; }));
			all.form.addEventListener("change", () => tell_all(all));
		}
	});

	document.addEventListener("input", ({ target }) => {
		const form = target.form;
		if (form?.method === "post" && !("kept" in form.dataset) && is_kept(target)) storage.set(key_of(form), { values: read(form) });
	});
	document.addEventListener("submit", (event) => {
		const form = event.target;
		if (form.method !== "post" || event.defaultPrevented) return;
		if (!navigator.onLine) {
			event.preventDefault();
			say(form, texts().textOffline);
			form.querySelector(".kept-note").scrollIntoView({ block: "nearest" });
			return;
		}
		if (form.dataset.busy) {
			event.preventDefault();
			return;
		}
		form.dataset.busy = "1";
		setTimeout(() => delete form.dataset.busy, BUSY_MS);
		const key = key_of(form);
		if (storage.get(key)) storage.set(LAST, key);
	});
	// Who comes back to a page that the browser kept, and sends it once more, means it: it must not look like a second press.
	const mark_meant = (form) => {
		const again = form.querySelector("input[name=gh_again]") ?? document.createElement("input");
		Object.assign(again, { type: "hidden", name: "gh_again", value: String(Number(again.value || 0) + 1) });
		form.append(again);
	};
	window.addEventListener("pageshow", (event) => {
		for (const form of document.forms) {
			delete form.dataset.busy;
			if (event.persisted && form.method === "post") mark_meant(form);
		}
	});
})();

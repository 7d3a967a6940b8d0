/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of a form that have a place are moved: by a handle that is dragged, by buttons, or with Alt and an arrow key. Their places are numbered anew each
 * time; the form is saved as ever. Without this file the places are typed.
 */
const STEP = 10;

function prepare(form) {
	const texts = form.dataset, said = document.createElement("p");
	let dragged = null;
	said.className = "visually-hidden";
	said.setAttribute("role", "status");
	form.append(said);
	const rows = () => [...form.querySelectorAll(".menu-row")];
	const place = (row) => row.querySelector("input[name*=_place_]");
	const number = () => rows().forEach((row, i) => {
		const legend = row.querySelector("legend");
		legend.textContent = legend.textContent.replace(/\d+/, String(i + 1));
		place(row).value = String((i + 1) * STEP);
		row.querySelector("[data-move='-1']").disabled = i === 0;
		row.querySelector("[data-move='1']").disabled = i === rows().length - 1;
	});
	const settle = (row) => {
		number();
		place(row).dispatchEvent(new Event("input", { bubbles: true })); // what is not saved yet is kept like anything that is typed
		said.textContent = row.querySelector("legend").textContent;
	};
	const move = (row, by) => {
		const other = by < 0 ? row.previousElementSibling : row.nextElementSibling, focused = document.activeElement;
		if (!other?.matches(".menu-row")) return;
		if (by < 0) other.before(row);
		else other.after(row);
		settle(row);
		(focused.disabled ? row.querySelector("[data-move]:enabled") : focused)?.focus();
	};
	const button = (row, by, sign, text) => {
		const one = document.createElement("button");
		Object.assign(one, { type: "button", className: "button quiet-button", textContent: sign, ariaLabel: text, title: text });
		one.dataset.move = String(by);
		one.addEventListener("click", () => move(row, by));
		return one;
	};
	for (const row of rows()) {
		const box = document.createElement("span"), handle = document.createElement("span");
		box.className = "menu-move";
		handle.className = "menu-handle";
		handle.draggable = true;
		handle.textContent = "⠿";
		handle.ariaHidden = "true";
		box.append(handle, button(row, -1, "↑", texts.textUp), button(row, 1, "↓", texts.textDown));
		const field = place(row).closest(".field");
		field.hidden = true;
		field.after(box);
		handle.addEventListener("dragstart", (event) => {
			dragged = row;
			event.dataTransfer.effectAllowed = "move";
			event.dataTransfer.setDragImage(row, 0, 0);
		});
		handle.addEventListener("dragend", () => {
			if (dragged) settle(dragged);
			dragged = null;
		});
		row.addEventListener("dragover", (event) => {
			if (!dragged) return;
			event.preventDefault();
			const box = row.getBoundingClientRect(), below = event.clientY > box.top + box.height / 2;
			if (row !== dragged) row[below ? "after" : "before"](dragged);
		});
		row.addEventListener("drop", (event) => event.preventDefault());
		row.addEventListener("keydown", (event) => {
			const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
			if (!by || !event.altKey) return;
			event.preventDefault();
			move(row, by);
		});
	}
	number();
}

for (const form of document.querySelectorAll("form[data-order]")) prepare(form);

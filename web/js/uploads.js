/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of a form are sent one by one, each with its progress: one that is refused keeps no other back. Without this file the form sends them all at once.
 */
function send(form, file, onProgress) {
	return new Promise((resolve, reject) => {
		const body = new FormData(), xhr = new XMLHttpRequest();
		body.append("csrf", form.elements.csrf.value);
		body.append("file", file, file.name);
		xhr.open("POST", form.action);
		xhr.setRequestHeader("accept", "application/json");
		xhr.upload.addEventListener("progress", (e) => e.lengthComputable && onProgress(e.loaded / e.total));
		xhr.addEventListener("load", () => {
			if (xhr.status === 200) return resolve();
			try {
				reject(new Error(JSON.parse(xhr.responseText).detail));
			} catch {
				reject(new Error()); // not ours: the status says enough
			}
		});
		xhr.addEventListener("error", () => reject(new Error()));
		xhr.send(body);
	});
}

async function sendAll(form) {
	const list = form.querySelector(".uploads"), button = form.querySelector("[type=submit]");
	let failed = 0;
	list.hidden = false;
	list.replaceChildren();
	button.disabled = true;
	for (const file of form.elements.file.files) {
		const row = document.createElement("li"), bar = document.createElement("progress");
		bar.max = 1;
		bar.value = 0;
		bar.ariaLabel = file.name;
		row.append(`${file.name} `, bar);
		list.append(row);
		try {
			await send(form, file, (part) => (bar.value = part));
			bar.value = 1;
		} catch (error) {
			failed++;
			row.textContent = `${file.name}: ${error.message || form.dataset.textFailed}`;
			row.className = "wrong";
		}
	}
	button.disabled = false;
	if (!failed) location.assign(form.dataset.uploadEach);
}

for (const form of document.querySelectorAll("form[data-upload-each]"))
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		sendAll(form);
	});

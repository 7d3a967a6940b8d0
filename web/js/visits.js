/* SPDX-License-Identifier: Apache-2.0
 *
 * Tells that this page was opened: its path, and the host of another site that led here. Nothing is kept in the browser. Whoever asks not to be
 * tracked, and a browser that a program drives, tells nothing.
 */
(() => {
	const to = document.currentScript.dataset.visits;
	const tell = () => {
		if (navigator.webdriver || navigator.globalPrivacyControl || navigator.doNotTrack === "1" || !navigator.sendBeacon) return;
		let from = "";
		try {
			from = document.referrer ? new URL(document.referrer).host : "";
		} catch {
			/* no address: as if none was told */
		}
		const inside = from === location.host;
		navigator.sendBeacon(to, new URLSearchParams({ path: location.pathname, from: inside ? "" : from.split(":")[0], inside: inside ? "1" : "" }));
	};
	if (document.prerendering) document.addEventListener("prerenderingchange", tell, { once: true });
	else tell();
})();

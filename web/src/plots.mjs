/* SPDX-License-Identifier: Apache-2.0
 *
 * The plots of /admin/operations: drawn from the samples that stand in the page, and moved on with each sample that the
 * process sends. Without JavaScript the page says the values of now.
 */
import uPlot from "uplot";

const HEIGHT = 120, LOST_MS = 30_000;
const data = JSON.parse(document.querySelector("[data-samples]").textContent); // { every, keep, times: [s], lines: [[…]] }
const figures = [...document.querySelectorAll("[data-lines]")];
const state = document.querySelector("[data-live]");

const units = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
const short = (v) => {
	if (v === null || v === undefined) return "–";
	for (const [size, name] of units) if (Math.abs(v) >= size) return `${+(v / size).toPrecision(3)}${name}`;
	return `${+v.toPrecision(3)}`;
};
const colours = (figure) => [1, 2, 3, 4].map((n) => getComputedStyle(figure).getPropertyValue(`--plot-${n}`).trim());
const series_of = (figure) => figure.dataset.lines.split(" ").map(Number);
const columns = (figure) => [data.times, ...series_of(figure).map((i) => data.lines[i])];

const draw = (figure) => {
	const ink = getComputedStyle(figure).getPropertyValue("--muted").trim(), grid = getComputedStyle(figure).getPropertyValue("--line").trim();
	const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "11px sans-serif" };
	const target = figure.querySelector(".drawn");
	return new uPlot({
		width: target.clientWidth, height: HEIGHT, legend: { show: false }, cursor: { y: false, points: { size: 5 } },
		scales: { y: { range: (u, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.1 : 1] } },
		axes: [{ ...axis, size: 22, space: 70, values: [[60, "{HH}:{mm}", null, null, null, null, null, null, 1]] }, { ...axis, size: 42, values: (u, list) => list.map(short) }],
		series: [{}, ...series_of(figure).map((_, i) => ({ stroke: colours(figure)[i], width: 1.6, spanGaps: true, points: { show: false } }))],
		hooks: { setCursor: [(u) => tell(figure, u.cursor.idx ?? data.times.length - 1)] },
	}, columns(figure), target);
};
const tell = (figure, at) => {
	const values = figure.querySelectorAll("dd");
	series_of(figure).forEach((line, i) => { values[i].textContent = short(data.lines[line][at]); });
};

let plots = figures.map(draw);
const redraw = () => {
	plots.forEach((plot) => plot.destroy());
	plots = figures.map(draw);
};
const refresh = () => plots.forEach((plot, i) => {
	plot.setData(columns(figures[i]));
	if (plot.cursor.idx === null || plot.cursor.idx === undefined) tell(figures[i], data.times.length - 1);
});
new ResizeObserver(() => plots.forEach((plot, i) => {
	const width = figures[i].querySelector(".drawn").clientWidth;
	if (width && width !== plot.width) plot.setSize({ width, height: HEIGHT });
})).observe(document.querySelector(".plots"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });

const take_in = ({ time, values }) => {
	if (time <= data.times.at(-1)) return;
	data.times.push(time);
	values.forEach((value, i) => data.lines[i].push(value));
	if (data.times.length > data.keep) for (const list of [data.times, ...data.lines]) list.shift();
	refresh();
};
let heard = Date.now();
const live = new EventSource(state.dataset.live);
live.addEventListener("sample", (event) => {
	heard = Date.now();
	take_in(JSON.parse(event.data));
});
setInterval(() => { state.hidden = Date.now() - heard < LOST_MS; }, 5000);

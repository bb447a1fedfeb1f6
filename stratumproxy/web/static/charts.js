// Charts over time, drawn by uPlot in the page's own colours.

import uPlot from "./vendor/uplot/uPlot.esm.js";
import { h, setAttribute, setText } from "./dom.js";
import * as format from "./format.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");

/** A colour of the style sheet as the canvas understands it. */
function colour(name) {
  const probe = h("i", { hidden: true });
  document.body.append(probe);
  probe.style.color = `var(--${name})`;
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** `value` between 0 and 1 as an opacity. */
function faint(name, value) {
  return colour(name).replace(/^rgb\((.*)\)$/, `rgba($1, ${value})`);
}

/** Axis figures never crowd: about one every 36 px. */
const axis = (extra) => ({
  stroke: colour("quiet"),
  grid: { stroke: colour("line"), width: 1 },
  ticks: { show: false },
  font: `11px ${getComputedStyle(document.body).fontFamily}`,
  ...extra,
});

/**
 * The range of an axis: 0 is in it unless `close`; then at least a tenth of the highest value is in
 * sight, so that noise does not look like an event.
 */
function range(close) {
  return (plot, low, high) => {
    if (low === null || high === null) return [0, 1];
    const span = Math.max(high - low, high * 0.1) || 1;
    return close ? [Math.max(0, low - span * 0.3), high + span * 0.15] : [0, high * 1.12 || 1];
  };
}

export class Chart {
  /**
   * @param {Object} options
   * @param {string} options.title what it shows, for those who can't see it
   * @param {number} options.height CSS pixels
   * @param {Array<{label: string, colour: string, bars?: boolean, fill?: number, points?: boolean,
   *   step?: boolean}>} options.series `colour` names one of the style sheet
   * @param {(value: number) => string} options.value figures in words, on the axis and for the reader
   * @param {(x: number) => string} [options.at] what the readout calls a place on the x axis
   * @param {(x: number) => string} [options.tick] x axis labels, if x is not time
   * @param {boolean} [options.close] the y axis need not begin at 0
   * @param {string} [options.sync] charts of one name share their cursor
   */
  constructor(options) {
    this.options = options;
    this.data = [[], ...options.series.map(() => [])];
    this.readout = h("output", { class: "readout", "aria-hidden": "true" });
    this.plotted = h("div", { class: "plot", role: "img", "aria-label": options.title });
    this.nothing = h("p", { class: "nothing", hidden: true }, "No figures for this time.");
    this.element = h("div", { class: "chart" }, this.readout, this.plotted, this.nothing);
    this.nothing.style.height = `${options.height}px`;
    this.plotted.style.height = `${options.height}px`;
    new ResizeObserver(() => this.#resize()).observe(this.plotted);
    const repaint = () => this.#build();
    document.addEventListener("theme", repaint);
    dark.addEventListener("change", repaint);
    this.forget = () => {
      document.removeEventListener("theme", repaint);
      dark.removeEventListener("change", repaint);
      this.plot?.destroy();
    };
  }

  /**
   * @param {Array<Array<number|null>>} data x, then each series; null is a gap
   * @param {string} summary the same in words
   * @param {number} step seconds between two points
   */
  show(data, summary, step = 60) {
    this.data = data;
    this.step = step;
    const known = data.slice(1).some((values) => values.some((value) => value !== null));
    this.plotted.hidden = !known;
    this.nothing.hidden = known;
    if (!known) return;
    setAttribute(this.plotted, "aria-label", `${this.options.title}. ${summary}`);
    if (this.plot) this.plot.setData(data);
    else this.#build();
  }

  #resize() {
    const width = this.plotted.clientWidth;
    if (!width) return;
    if (!this.plot) this.#build();
    else if (this.plot.width !== width) this.plot.setSize({ width, height: this.options.height });
  }

  #build() {
    const width = this.plotted.clientWidth;
    if (!width) return;
    this.plot?.destroy();
    const { series, height, value, close, tick, sync } = this.options;
    this.plot = new uPlot(
      {
        width,
        height,
        padding: [14, 8, 0, 0],
        legend: { show: false },
        cursor: {
          y: false,
          drag: { x: false, y: false },
          points: { show: !calm.matches, size: 6 },
          ...(sync ? { sync: { key: sync } } : {}),
        },
        scales: {
          x: { time: !tick, ...(tick ? { range: around } : {}) },
          y: { range: range(close) },
        },
        axes: [
          axis({
            size: 24,
            gap: 4,
            space: tick ? 70 : 64,
            grid: { show: false },
            ...(tick
              ? { values: (plot, at) => at.map(tick), incrs: [1, 2, 5, 10, 20, 50, 100] }
              : { values: times }),
          }),
          axis({
            size: 62,
            gap: 6,
            space: 36,
            values: (plot, at) => at.map((each) => value(each)),
          }),
        ],
        series: [{}, ...series.map(look)],
        hooks: { setCursor: [() => this.#read()] },
      },
      this.data,
      this.plotted,
    );
  }

  /** The figures under the cursor, in words above the chart. */
  #read() {
    const { series, value, at } = this.options;
    const index = this.plot?.cursor.idx;
    if (index === null || index === undefined) {
      setText(this.readout, "");
      return;
    }
    const x = this.data[0][index];
    const figures = series.map(({ label }, place) => {
      const y = this.data[place + 1][index];
      return y === null || y === undefined || !label ? "" : `${label}${value(y)}`;
    });
    setText(
      this.readout,
      [at ? at(x) : format.moment(x, this.step), ...figures].filter(Boolean).join(" · "),
    );
  }
}

/** Bars stand beside the axis, not on it. */
function around(plot, low, high) {
  return low === null ? [0, 1] : [low - 0.6, high + 0.6];
}

function look({ colour: name, bars, fill, points, step }) {
  const stroke = colour(name);
  const series = { stroke, width: 1.5, points: { show: false }, spanGaps: false };
  if (bars)
    return {
      ...series,
      width: 0,
      fill: faint(name, fill ?? 1),
      paths: uPlot.paths.bars({ size: [0.7, 24] }),
    };
  if (points)
    return {
      ...series,
      width: 0,
      stroke: "transparent",
      points: { show: true, size: 5, fill: stroke, stroke },
    };
  if (step) return { ...series, paths: uPlot.paths.stepped({ align: 1 }) };
  return fill ? { ...series, fill: faint(name, fill) } : series;
}

const DAY = 86400;
const label = (options) => new Intl.DateTimeFormat(undefined, { hourCycle: "h23", ...options });
const hour = label({ hour: "2-digit", minute: "2-digit" });
const date = label({ day: "numeric", month: "short" });
const month = label({ month: "short", year: "numeric" });

/** Labels of the time axis: the time of day, and the day where a new one begins. */
function times(plot, at, axisIndex, space, increment) {
  return at.map((seconds) => {
    const moment = new Date(seconds * 1000);
    if (increment >= 28 * DAY) return month.format(moment);
    const midnight = moment.getHours() === 0 && moment.getMinutes() === 0;
    return increment >= DAY || midnight ? date.format(moment) : hour.format(moment);
  });
}

export const SPANS = { "1h": "1 h", "24h": "24 h", "7d": "7 d", "60d": "60 d", "5y": "5 y" };
const SECONDS = { "1h": 3600, "24h": DAY, "7d": 7 * DAY, "60d": 60 * DAY, "5y": 1826 * DAY };

/** Seconds after which a history of that span is worth asking for again. */
export const refreshAfter = (span) => (span === "1h" ? 10 : span === "24h" ? 60 : 600);

/**
 * Buttons that choose a span.
 * @param {string} chosen
 * @param {(span: string) => void} choose
 */
export function spanButtons(chosen, choose) {
  const buttons = Object.entries(SPANS).map(([span, name]) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": String(span === chosen),
        on: {
          click: (event) => {
            for (const button of buttons)
              button.setAttribute("aria-pressed", String(button === event.currentTarget));
            choose(span);
          },
        },
      },
      name,
    ),
  );
  return h("div", { class: "choice", role: "group", "aria-label": "Time span" }, ...buttons);
}

/**
 * A history's points as columns, with a gap where the server has none.
 * @returns {Array<Array<number|null>>} time, hashrate, accepted, rejected, difficulty, connections
 */
export function columns({ step, points }, span) {
  const rows = [];
  // The axis always spans what was asked for: a fleet of an hour is seen to be one.
  const from = (Math.floor((format.now() - SECONDS[span]) / step) + 1) * step;
  if (points.length && points[0][0] > from) rows.push([from, null, null, null, null, null]);
  for (const point of points) {
    const before = rows.at(-1);
    if (before && point[0] - before[0] > step * 1.5) {
      rows.push([before[0] + step, null, null, null, null, null]);
    }
    rows.push(point);
  }
  // The last one has just begun: what a few seconds brought is no rate.
  const last = rows.at(-1);
  if (last && format.now() - last[0] < Math.max(30, step / 10)) rows.pop();
  return [0, 1, 2, 3, 4, 5].map((column) => rows.map((row) => row[column] ?? null));
}

/** Why there is nothing to show, as a sentence. */
export function noHistory(error) {
  return `No history: ${error.message}.`;
}

/** A history in a sentence. */
export function inWords(values, value) {
  const known = values.filter((each) => each !== null);
  if (!known.length) return "No figures yet";
  const low = known.reduce((a, b) => Math.min(a, b));
  const high = known.reduce((a, b) => Math.max(a, b));
  return `Between ${value(low)} and ${value(high)}, last ${value(known.at(-1))}`;
}

// Days of a statement as a picture that prints: bars for the hashrate, a line for the uptime.

import * as format from "./format.js";

const WIDTH = 720;
const HEIGHT = 170;
const SIDE = 62;
const TOP = 14;
const FLOOR = HEIGHT - 20;
/** Days that are named at most. */
const LABELS = 16;
/** Where the axis of the uptime may begin: 99.5 % and 99.9 % are not the same to anybody. */
const LOWEST = [0.99, 0.95, 0.9, 0.8, 0.5, 0];

function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const label = (x, y, text, anchor) => draw("text", { x, y, "text-anchor": anchor }, text);

/** An <svg> of days in order, of which there are two at least. */
export function daysChart(rows) {
  const ups = rows.map(({ uptime }) => uptime).filter((uptime) => uptime !== null);
  const low = LOWEST.find((lowest) => lowest <= Math.min(...ups, 1));
  const high = Math.max(...rows.map(({ hashrate }) => hashrate)) || 1;
  const slot = (WIDTH - 2 * SIDE) / rows.length;
  const full = FLOOR - TOP;
  const middle = (place) => SIDE + (place + 0.5) * slot;
  const parts = [];
  for (const part of [0, 0.5, 1]) {
    const y = FLOOR - part * full;
    parts.push(
      draw("path", { d: `M${SIDE} ${y}H${WIDTH - SIDE}` }),
      label(SIDE - 5, y + 3, part ? format.rate(part * high) : "0", "end"),
      label(
        WIDTH - SIDE + 5,
        y + 3,
        `${Number((100 * (low + part * (1 - low))).toPrecision(4))} %`,
        "start",
      ),
    );
  }
  const every = Math.ceil(rows.length / LABELS);
  const lines = [[]];
  rows.forEach(({ name, hashrate, uptime }, place) => {
    const tall = (hashrate / high) * full;
    const words = `${name}: ${format.fineRate(hashrate)}, ${format.uptime(uptime)} up`;
    parts.push(
      draw(
        "rect",
        { x: middle(place) - 0.38 * slot, y: FLOOR - tall, width: 0.76 * slot, height: tall },
        draw("title", {}, words),
      ),
    );
    if (place % every === 0) parts.push(label(middle(place), HEIGHT - 5, name.slice(5), "middle"));
    if (uptime === null) lines.push([]);
    else
      lines
        .at(-1)
        .push(`${middle(place)},${FLOOR - (Math.max(0, uptime - low) / (1 - low)) * full}`);
  });
  for (const points of lines)
    if (points.length) parts.push(draw("polyline", { points: points.join(" ") }));
  return draw(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
      "aria-label": "Hashrate and uptime by day, as in the table",
    },
    ...parts,
    label(SIDE, 8, "bars: hashrate, left", "start"),
    label(WIDTH - SIDE, 8, "line: uptime, right", "end"),
  );
}

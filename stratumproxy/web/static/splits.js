// Does each target of a split get its part? What was promised, what it had, and what it is owed.

import { get } from "./api.js";
import { byId, foreign, h, keyed, setAttribute, setText } from "./dom.js";
import * as format from "./format.js";

const REFRESH = 10_000;

/** A debt that a person should look at: seconds of the farm, and how often what is in reach. */
const MUCH = 300;
const TIMES = 3;

/**
 * Fills the panel; it is hidden where no tenant has several targets.
 * @param {import("./feed.js").Feed} feed
 */
export function splitsPanel(feed) {
  const panel = byId("splits-panel");
  let asked = -Infinity;

  async function refresh() {
    if (document.hidden || performance.now() - asked < REFRESH) return;
    asked = performance.now();
    try {
      const { splits } = await get("/api/splits");
      panel.hidden = !splits.length;
      const several = new Set(splits.map(({ tenant }) => tenant)).size > 1;
      const said = splits.map((split) => ({ ...split, tenant: several ? split.tenant : "" }));
      keyed(byId("splits").tBodies[0], said, keyOf, make, update);
    } catch {
      // The stream says what is wrong with the connection; it is asked again after a while.
    }
  }

  feed.addEventListener("summary", refresh);
  document.addEventListener("token", () => {
    asked = -Infinity;
  });
}

const keyOf = ({ tenant, target }) => `${tenant}\n${target}`;

function make({ tenant, target }) {
  const cells = Array.from({ length: 7 }, () => h("td", { class: "number" }));
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, foreign(target), tenant ? h("small", {}, foreign(tenant)) : null),
    ...cells,
  );
}

function update(row, split) {
  const [, part, had, credited, debt, reach, rate, miners] = row.cells;
  setText(part, exact(split.part));
  setText(had, exact(split.delivered_part));
  const work = `${format.difficulty(split.delivered)} of ${format.difficulty(split.wanted)} in ${format.duration(split.age)}`;
  setAttribute(had, "title", work);
  setText(credited, exact(split.credited_part));
  setAttribute(
    credited,
    "title",
    `${format.difficulty(split.credited)}, since ${format.full(split.credited_since)}`,
  );
  setText(debt, owed(split.debt_seconds));
  setAttribute(debt, "title", `${format.difficulty(Math.abs(split.debt))} of work`);
  const most = Math.max(MUCH, TIMES * split.reach_seconds);
  setAttribute(row, "class", Math.abs(split.debt_seconds) > most ? "doubtful" : null);
  setText(reach, seconds(split.reach_seconds));
  setText(rate, format.rate(split.hashrate));
  setText(miners, split.ready ? format.count(split.miners) : "no pool");
}

/** Hundredths of a percent: what a split is about. */
const exact = (part) => (part === null ? "–" : `${(100 * part).toFixed(2)}\u00a0%`);

/** Tenths of a second, as long as they matter. */
const seconds = (value) =>
  value < 99.5 ? `${Number(value.toPrecision(2))}\u00a0s` : format.duration(value);

function owed(value) {
  if (Math.abs(value) < 0.05) return "even";
  return value > 0 ? `lacks ${seconds(value)}` : `${seconds(-value)} too much`;
}

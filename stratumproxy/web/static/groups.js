// Workers by the named parts of their names: racks, halls, whatever [groups] names, in sums.

import { get } from "./api.js";
import { byId, foreign, h, keyed, setAttribute, setText } from "./dom.js";
import { groupsOf } from "./fleet.js";
import * as format from "./format.js";

/** Milliseconds: the server goes through the whole fleet for it. */
const REFRESH = 20_000;

const collator = new Intl.Collator("en", { numeric: true });

/** What lacks most comes first, then what has more machines that need a person, then by name. */
const order = (a, b) =>
  b.missing - a.missing || troubled(b) - troubled(a) || collator.compare(a.value, b.value);

const troubled = ({ attention }) => Object.values(attention).reduce((sum, n) => sum + n, 0);

/**
 * Fills the panel; it is hidden as long as no worker is in a group.
 * @param {import("./feed.js").Feed} feed
 * @param {import("./fleet.js").Fleet} fleet
 * @param {{inGroup: (group: string) => void}} table
 */
export function groupsPanel(feed, fleet, table) {
  const panel = byId("groups-panel");
  const choice = byId("groups-choice");
  let groups = [];
  let chosen = "";
  let asked = -Infinity;
  let grouped = false;
  let named = -1;

  fleet.addEventListener("rows", () => {
    if (named === fleet.names) return;
    named = fleet.names;
    grouped = fleet.rows.some((row) => groupsOf(row).length);
  });

  async function refresh() {
    if (!grouped) panel.hidden = true;
    if (!grouped || document.hidden || performance.now() - asked < REFRESH) return;
    asked = performance.now();
    try {
      ({ groups } = await get("/api/groups"));
      show();
    } catch {
      // The stream says what is wrong with the connection; it is asked again after a while.
    }
  }

  function show() {
    panel.hidden = !groups.length;
    if (panel.hidden) return;
    const group = groups.find(({ name }) => name === chosen) ?? groups[0];
    chosen = group.name;
    choice.hidden = groups.length < 2;
    keyed(choice, groups, ({ name }) => name, makeChoice, updateChoice);
    setText(byId("groups-count"), said(group));
    const body = byId("groups").tBodies[0];
    // A row should not slip away from under a pointer: then figures change in place alone.
    const places = new Map([...body.children].map((row, place) => [row.dataset.key, place]));
    const keyOf = ({ value }) => `${chosen}=${value}`;
    const busy = body.matches(":hover, :focus-within");
    const placed = (each) => (busy ? places.get(keyOf(each)) : undefined) ?? Infinity;
    const rows = group.values.toSorted((a, b) => {
      const [i, j] = [placed(a), placed(b)];
      return i === j ? order(a, b) : i - j;
    });
    keyed(body, rows, keyOf, makeRow, updateRow);
  }

  const makeChoice = ({ name }) =>
    h(
      "button",
      {
        type: "button",
        on: {
          click: () => {
            chosen = name;
            show();
          },
        },
      },
      foreign(name),
    );

  function updateChoice(button, { name }) {
    setAttribute(button, "aria-pressed", String(name === chosen));
  }

  function makeRow({ value }) {
    const group = `${chosen}=${value}`;
    const button = h(
      "button",
      {
        type: "button",
        class: "plain",
        title: `Show the workers of ${group}`,
        on: { click: () => table.inGroup(group) },
      },
      foreign(value),
    );
    const cells = Array.from({ length: 5 }, () => h("td", { class: "number" }));
    return h("tr", {}, h("th", { scope: "row" }, button), ...cells);
  }

  feed.addEventListener("summary", refresh);
}

const said = ({ name, total, values }) =>
  total > values.length
    ? `the ${format.count(values.length)} largest of ${format.count(total)}, by ${name}`
    : `${format.count(total)}, by ${name}`;

function updateRow(row, value) {
  const [, rate, miners, attention, missing, usual] = row.cells;
  setText(rate, format.rate(value.hashrate["5m"]));
  setText(miners, `${format.count(value.miners)} of ${format.count(value.workers)}`);
  const kinds = Object.entries(value.attention).filter(([, n]) => n);
  setText(attention, kinds.map(([kind, n]) => `${format.count(n)} ${kind}`).join(", ") || "–");
  setText(missing, value.missing ? format.rate(value.missing) : "–");
  setText(usual, value.of_usual === null ? "–" : format.percent(value.of_usual));
}

// The pools: how each does, and, with the token, which of them to mine on.

import { act, askToken, confirmed, mayAct } from "./actions.js";
import { byId, h, keyed, setAttribute, setText } from "./dom.js";
import * as format from "./format.js";

/** @param {import("./feed.js").Feed} feed */
export function poolsPanel(feed) {
  const table = byId("pools");
  const said = byId("pools-said");
  let pools = [];

  function show() {
    table.hidden = !pools.length;
    byId("pools-empty").hidden = pools.length > 0;
    byId("pools-action").hidden = !mayAct();
    keyed(table.tBodies[0], pools, (pool) => pool.name, makePool, updatePool);
  }

  function makePool({ name }) {
    const cells = Array.from({ length: 9 }, (_, index) =>
      h("td", { class: index ? "number" : "state" }),
    );
    cells[0].append(h("span", { class: "lamp", "aria-hidden": "true" }), h("span", {}));
    const choose = ({ currentTarget }) =>
      mineOn(
        currentTarget,
        pools.find((pool) => pool.name === name),
      );
    const button = h(
      "button",
      { type: "button", "aria-label": `Mine on ${name}`, on: { click: choose } },
      "Mine on it",
    );
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, h("bdi", {}), h("small", {})),
      ...cells,
      h("td", { class: "number" }, button),
    );
  }

  async function mineOn(button, pool) {
    const later =
      pool.state === "ready" ? "" : ` It is ${pool.state} now: they move as soon as it is ready.`;
    const words = `Mine on ${pool.name} from now on? All miners move there with a clean job, and stay until told otherwise, while it is ready.${later}`;
    if (await confirmed(words, "Mine on it"))
      act(button, said, "switch-pool", { pool: pool.name }, switched);
  }

  const controls = byId("pools-actions");
  const button = (label, run) =>
    h(
      "button",
      { type: "button", on: { click: ({ currentTarget }) => run(currentTarget) } },
      label,
    );
  const give = h(
    "button",
    {
      type: "button",
      "aria-label": "Give the token for actions on pools",
      on: { click: askToken },
    },
    "Give the token…",
  );
  const orders = [
    button("Configured order", async (self) => {
      const words =
        "Mine on the pools in the order of the configuration again? Miners move, with a clean job, to the first that is ready.";
      if (await confirmed(words, "Configured order"))
        act(self, said, "switch-pool", { pool: "" }, switched);
    }),
    button("Reload configuration", async (self) => {
      const words =
        "Read the configuration file again, as SIGHUP does? What it says now holds at once; a file with a mistake in it changes nothing.";
      if (await confirmed(words, "Reload")) act(self, said, "reload", {});
    }),
  ];

  function allow() {
    controls.replaceChildren(...(mayAct() ? orders : [give]));
    setText(said, "");
    show();
  }

  feed.addEventListener("summary", ({ detail: summary }) => {
    pools = summary.pools;
    show();
  });
  document.addEventListener("token", allow);
  document.addEventListener("access", allow);
  allow();
}

function switched({ pool, miners, ready, kept }) {
  const moved = `${format.count(miners)} ${miners === 1 ? "miner moves" : "miners move"}`;
  if (!pool) return `the configured order again, ${moved}`;
  const how = ready
    ? `${moved} to ${pool}`
    : `${pool} is not ready, miners move there as soon as it is`;
  return kept === false ? `${how}. It could not be kept, so a restart ends it` : how;
}

function updatePool(row, pool) {
  const [name, state, ...numbers] = row.cells;
  const action = numbers.pop();
  setText(name.firstChild, pool.name);
  setText(
    name.lastChild,
    [pool.ordered && "an operator put it first", pool.detail].filter(Boolean).join("; "),
  );
  setAttribute(name, "title", pool.url);
  setAttribute(state, "class", `state ${pool.state || "over"}`);
  const mined = pool.mined_for !== null;
  setText(state.lastChild, mined ? "mined on" : pool.state || "not configured any more");
  setAttribute(
    state,
    "title",
    mined ? `For ${format.duration(pool.mined_for)}, as ${pool.why}` : null,
  );
  const judged = pool.accepted + pool.rejected;
  const trip = pool.round_trip;
  const texts = [
    format.count(pool.sessions),
    format.count(pool.miners),
    pool.difficulty ? format.difficulty(pool.difficulty) : "–",
    format.count(pool.accepted),
    `${format.count(pool.rejected)}${judged && pool.rejected ? ` (${format.percent(pool.rejected / judged)})` : ""}`,
    format.count(pool.pending),
    format.count(pool.lost),
    trip && trip.p50 !== null ? `${format.delay(trip.p50)} – ${format.delay(trip.p99)}` : "–",
  ];
  numbers.forEach((cell, index) => {
    setText(cell, texts[index]);
  });
  setAttribute(
    numbers.at(-1),
    "title",
    "From sending a share to the pool's verdict: half of them, and 99 % of them, took no longer",
  );
  action.hidden = !mayAct();
  action.firstChild.hidden = !pool.state;
}

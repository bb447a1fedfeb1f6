// One worker's page: #/worker/NAME, with ?tenant=TENANT where there are several.

import { ApiError, get, ofTenant, workerPath } from "./api.js";
import { actionsPanel, mayAct } from "./actions.js";
import { why } from "./attention.js";
import { Chart, columns, inWords, noHistory, refreshAfter, spanButtons } from "./charts.js";
import { byId, foreign, h, keyed, setAttribute, setText } from "./dom.js";
import * as format from "./format.js";
import { KINDS } from "./fleet.js";
import { covering, figure, showReasons } from "./overview.js";

const REFRESH = 2000;
const WINDOWS = { "5m": "5 min", "1m": "1 min", "1h": "1 h", "24h": "24 h" };

const CHARTS = [
  {
    title: "Hashrate",
    height: 190,
    column: 1,
    value: format.rate,
    series: { label: "", colour: "accent", fill: 0.08 },
  },
  {
    title: "Difficulty",
    height: 110,
    column: 4,
    value: format.difficulty,
    series: { label: "", colour: "text", step: true },
  },
  {
    title: "Rejected shares",
    height: 110,
    column: 3,
    value: (n) => String(Number(n.toFixed(1))),
    series: { label: "", colour: "rejecting", bars: true, fill: 0.8 },
  },
  {
    title: "Connections",
    height: 110,
    column: 5,
    value: (n) => String(Number(n.toFixed(1))),
    series: { label: "", colour: "reconnecting", step: true },
  },
];

/**
 * Shows a worker in its view, and keeps it up to date.
 * @param {string} name
 * @param {?string} tenant whose it is; null if that goes without saying
 * @param {import("./feed.js").Feed} feed
 * @returns {() => void} ends it
 */
export function workerPage(name, tenant, feed) {
  const view = byId("worker-view");
  /** Whom orders are for. */
  const who = { worker: name, ...(tenant !== null && { tenant }) };
  const gone = new AbortController();
  const { signal } = gone;
  const marks = h("ul", { class: "whys" });
  const trouble = h("p", { class: "empty", role: "alert", hidden: true });
  const rates = Object.fromEntries(
    Object.entries(WINDOWS).map(([key, label]) => [key, figure(label)]),
  );
  rates.usual = figure(
    "Usual",
    "The median of its working hours in two weeks, or what it was before it was slow",
  );
  const facts = Object.fromEntries(
    Object.entries({
      difficulty: "Difficulty",
      accepted: "Accepted",
      rejected: "Rejected",
      best: "Best share",
      last: "Last share",
      connections: "Connections",
      counted: "Counted since",
      since: "First seen",
      tenant: "Tenant",
      account: "Account",
      pool: "Pool",
      agent: "Agent",
      address: "Address",
    }).map(([key, label]) => [key, fact(label)]),
  );
  const reasons = h("tbody", {});
  const reasonsTable = h(
    "table",
    { class: "reasons" },
    h("caption", { class: "unseen" }, "Rejected shares by reason"),
    headings(["Reason", ["", "bar", "Part"], ["Shares", "number"], ["Of all", "number"]]),
    reasons,
  );
  const noReasons = h("p", { class: "empty" }, "Not one was rejected.");
  const miners = h("tbody", {});
  const minersTable = h(
    "table",
    {},
    headings(["Address", ["Difficulty", "number"], ["Connected", "number"], ["", "", "Action"]]),
    miners,
  );
  const noMiners = h("p", { class: "empty", hidden: true }, "No connection.");
  const source = h("p", { class: "note" });
  const charts = CHARTS.map((each) => ({
    ...each,
    chart: new Chart({
      title: each.title,
      height: each.height,
      value: each.value,
      series: [each.series],
      sync: "worker",
    }),
  }));
  const heading = h("h1", { tabindex: "-1" }, foreign(name || "(no name)"));
  const content = h(
    "div",
    { class: "worker" },
    h(
      "section",
      { class: "panel summary", "aria-label": "Figures" },
      h("dl", { class: "figures" }, ...Object.values(rates).map(({ element }) => element)),
      h("dl", { class: "facts" }, ...Object.values(facts).map(({ element }) => element)),
    ),
    h(
      "section",
      { class: "panel charts", "aria-labelledby": "worker-history" },
      h(
        "div",
        { class: "heading" },
        h("h2", { id: "worker-history" }, "Over time"),
        spanButtons("24h", (chosen) => loadHistory(chosen)),
      ),
      ...charts.map(({ title, chart }) => h("div", {}, h("h3", {}, title), chart.element)),
      source,
    ),
    h(
      "section",
      { class: "panel", "aria-labelledby": "worker-rejects" },
      h("h2", { id: "worker-rejects" }, "Rejected by reason"),
      reasonsTable,
      noReasons,
    ),
    h(
      "section",
      { class: "panel", "aria-labelledby": "worker-miners" },
      h("h2", { id: "worker-miners" }, "Miners ", h("small", {}, "its connections")),
      h(
        "div",
        { class: "wide", tabindex: "0", role: "group", "aria-labelledby": "worker-miners" },
        minersTable,
      ),
      noMiners,
    ),
    actionsPanel(who),
  );
  view.replaceChildren(
    h("nav", { class: "back", "aria-label": "Back" }, h("a", { href: "#/" }, "← Fleet")),
    heading,
    marks,
    trouble,
    content,
  );

  let span = "24h";
  let historyAsked = -Infinity;
  let asked = -Infinity;

  async function load() {
    asked = performance.now();
    try {
      show(await get(`${workerPath(name)}?${ofTenant(tenant)}`, signal));
      trouble.hidden = true;
      content.hidden = false;
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError)) return;
      setText(
        trouble,
        error.status === 404
          ? "No worker of this name has been seen since the start."
          : error.message,
      );
      trouble.hidden = false;
      content.hidden = error.status === 404;
    }
  }

  async function loadHistory(chosen = span) {
    span = chosen;
    historyAsked = performance.now();
    try {
      const history = await get(
        `${workerPath(name)}/history?span=${span}&${ofTenant(tenant)}`,
        signal,
      );
      if (chosen !== span) return;
      const data = columns(history, span);
      for (const { chart, column, value } of charts) {
        chart.show([data[0], data[column]], inWords(data[column], value), history.step);
      }
      setText(
        source,
        history.source === "ledger"
          ? ""
          : "From memory: it begins when the control process started.",
      );
    } catch (error) {
      if (signal.aborted || chosen !== span || !(error instanceof ApiError)) return;
      for (const { chart } of charts) chart.show([[], []], "No figures");
      setText(source, noHistory(error));
    }
  }

  function show(worker) {
    for (const key of Object.keys(WINDOWS)) {
      const one = worker.hashrate[key];
      rates[key].set(format.rate(one.rate), format.error(one.error), covering(one));
    }
    const lacks = worker.missing ? `, ${format.rate(worker.missing)} missing` : "";
    const part = worker.of_usual === null ? "" : `now ${format.percent(worker.of_usual)}${lacks}`;
    rates.usual.set(
      format.rate(worker.usual),
      part,
      worker.usual_hours ? `By ${format.count(worker.usual_hours)} working hours` : undefined,
    );
    const all = worker.accepted + worker.rejected;
    facts.difficulty.set(format.difficulty(worker.difficulty));
    facts.accepted.set(format.count(worker.accepted));
    facts.rejected.set(
      `${format.count(worker.rejected)}${all ? ` (${format.percent(worker.rejected / all)})` : ""}`,
    );
    facts.best.set(format.difficulty(worker.best));
    facts.connections.set(
      `${format.count(worker.connections)} open, ${format.count(worker.connects)} connects`,
    );
    facts.counted.time(worker.counted_since);
    facts.last.time(worker.last_share);
    facts.since.time(worker.since);
    for (const key of ["pool", "agent", "address"]) facts[key].set(worker[key] || "–");
    const hosted = tenant !== null || worker.tenant !== "default";
    if (hosted) who.tenant = worker.tenant;
    facts.tenant.set([worker.tenant, worker.target].filter(Boolean).join(", target "));
    facts.account.set(worker.account || "–");
    for (const key of ["tenant", "account"]) facts[key].element.hidden = !hosted;
    keyed(
      marks,
      worker.attention,
      (kind) => kind,
      makeWhy,
      (item, kind) => setText(item.lastChild, why(kind, worker)),
    );
    const known = Object.keys(worker.reasons).length > 0;
    reasonsTable.hidden = !known;
    noReasons.hidden = known;
    setText(noReasons, all ? "Not one was rejected." : "No shares yet.");
    showReasons(reasons, worker.reasons, all || 1);
    minersTable.hidden = !worker.miners.length;
    noMiners.hidden = worker.miners.length > 0;
    keyed(
      miners,
      worker.miners,
      (miner) => String(miner.id),
      minerRow,
      (row, miner) => {
        setText(row.cells[0].lastChild, [miner.agent, miner.pool].filter(Boolean).join(" · "));
        setText(row.cells[1], format.difficulty(miner.difficulty));
        row.cells[3].firstChild.hidden = !mayAct();
      },
    );
  }

  feed.addEventListener(
    "summary",
    () => {
      if (document.hidden) return;
      if (performance.now() - asked > REFRESH) load();
      if (performance.now() - historyAsked > refreshAfter(span) * 1000) loadHistory();
    },
    { signal },
  );
  for (const known of ["token", "access"])
    document.addEventListener(known, () => actionsPanel.refresh(view, who), { signal });
  load();
  loadHistory();
  return () => {
    gone.abort();
    for (const { chart } of charts) chart.forget();
    view.replaceChildren();
  };
}

function makeWhy(kind) {
  return h(
    "li",
    { title: KINDS[kind] ?? null },
    h("span", { class: `mark ${kind}` }, kind),
    h("span", {}),
  );
}

function minerRow(miner) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, foreign(miner.address), h("small", { dir: "auto" })),
    h("td", { class: "number" }),
    h("td", { class: "number" }, format.timeElement(miner.since)),
    h("td", { class: "number" }, actionsPanel.disconnect(miner)),
  );
}

function headings(names) {
  const cells = names.map((name) => {
    const [shown, kind, unseen] = typeof name === "string" ? [name] : name;
    return h(
      "th",
      { scope: "col", class: kind || null },
      shown || h("span", { class: "unseen" }, unseen),
    );
  });
  return h("thead", {}, h("tr", {}, ...cells));
}

/** A name and what it stands for, which may be someone else's text, or a time. */
function fact(label) {
  const value = h("dd", { dir: "auto" });
  const time = format.timeElement(null);
  return {
    element: h("div", {}, h("dt", {}, label), value),
    set(text) {
      setText(value, text);
      setAttribute(value, "title", text.length > 24 ? text : null);
    },
    time(at) {
      if (!time.isConnected) value.replaceChildren(time);
      format.setTime(time, at);
    },
  };
}

// The table of all workers: search, filters, columns, and when it asks for news.

import { byId, h, setAttribute, setText, announce } from "./dom.js";
import * as format from "./format.js";
import { hosting, KINDS } from "./fleet.js";
import { ownersFilter } from "./tenants.js";
import { Table, text } from "./table.js";

/** Milliseconds between two looks for changed rows, at least. */
const PAUSE = 3000;

/** The address of a worker's page; whose it is stands in it where there are several. */
export const workerLink = ({ name, tenant }) =>
  `#/worker/${encodeURIComponent(name)}${hosting.several ? `?tenant=${encodeURIComponent(tenant)}` : ""}`;

/** Fills a cell with an attention mark for each kind. */
export function fillAttention(cell, kinds) {
  const said = kinds.join(", ");
  if (cell.dataset.kinds === said) return;
  cell.dataset.kinds = said;
  cell.replaceChildren(...kinds.map((kind) => h("span", { class: `mark ${kind}` }, kind)));
}

function fillName(cell, row) {
  let link = cell.firstElementChild;
  if (!link) {
    link = h("a", { tabindex: "-1", dir: "auto" });
    cell.append(link);
  }
  setText(link, row.name || "(no name)");
  setAttribute(link, "href", workerLink(row));
  setAttribute(link, "title", row.name);
}

function fillForeign(key) {
  return (cell, row) => {
    setText(cell, row[key] || "–");
    setAttribute(cell, "title", row[key] || null);
    setAttribute(cell, "dir", "auto");
  };
}

function fillFiveMinutes(cell, row) {
  if (!cell.firstChild) cell.append(h("span", {}), h("small", {}));
  setText(cell.firstChild, format.rate(row.hashrate_5m));
  setText(cell.lastChild, format.error(row.error_5m));
}

function fillRejected(cell, row) {
  const all = row.accepted + row.rejected;
  setText(cell, all ? format.percent(row.rejected / all) : "–");
  setAttribute(cell, "title", `${format.count(row.rejected)} of ${format.count(all)} shares`);
}

function fillLastShare(cell, row) {
  if (!cell.firstChild) cell.append(format.timeElement(row.last_share));
  else format.setTime(cell.firstChild, row.last_share);
}

const rateOf = (key) => text((row) => format.rate(row[key]));

const COLUMNS = [
  { key: "name", label: "Worker", fill: fillName },
  {
    key: "attention",
    label: "Attention",
    title: "Whether it needs a person, and why",
    fill: (cell, row) => fillAttention(cell, row.attention),
  },
  {
    key: "hashrate_1m",
    label: "1 min",
    title: "Hashrate over 1 minute",
    number: true,
    fill: rateOf("hashrate_1m"),
  },
  {
    key: "hashrate_5m",
    label: "5 min",
    title: "Hashrate over 5 minutes, and its error",
    number: true,
    fill: fillFiveMinutes,
  },
  {
    key: "hashrate_1h",
    label: "1 h",
    title: "Hashrate over 1 hour",
    number: true,
    fill: rateOf("hashrate_1h"),
  },
  {
    key: "hashrate_24h",
    label: "24 h",
    title: "Hashrate over 24 hours",
    number: true,
    fill: rateOf("hashrate_24h"),
  },
  {
    key: "of_usual",
    label: "Of usual",
    title: "What it does now, of what it usually does",
    number: true,
    fill: text((row) => (row.of_usual === null ? "–" : format.percent(row.of_usual))),
  },
  {
    key: "missing",
    label: "Missing",
    title: "What it lacks of that, if it is gone or slow",
    number: true,
    fill: text((row) => (row.missing ? format.rate(row.missing) : "–")),
  },
  {
    key: "difficulty",
    label: "Difficulty",
    number: true,
    fill: text((row) => format.difficulty(row.difficulty)),
  },
  {
    key: "accepted",
    label: "Accepted",
    title: "Accepted shares",
    number: true,
    fill: text((row) => format.count(row.accepted)),
  },
  {
    key: "rejected",
    label: "Rejected",
    title: "Rejected shares, of all",
    number: true,
    fill: fillRejected,
  },
  {
    key: "connections",
    label: "Conn.",
    title: "Open connections",
    number: true,
    fill: text((row) => String(row.connections)),
  },
  { key: "last_share", label: "Last share", number: true, fill: fillLastShare },
  { key: "tenant", label: "Tenant", fill: fillForeign("tenant") },
  { key: "pool", label: "Pool", fill: fillForeign("pool") },
  { key: "agent", label: "Agent", fill: fillForeign("agent") },
  { key: "address", label: "Address", fill: fillForeign("address") },
];

/**
 * Puts the table into the page.
 * @param {import("./fleet.js").Fleet} fleet
 * @param {import("./feed.js").Feed} feed
 */
export function workersTable(fleet, feed) {
  const view = {
    search: "",
    attention: "",
    tenant: "",
    group: "",
    sort: "name",
    descending: false,
  };
  const search = byId("search");
  const filter = byId("filter");
  const order = byId("order");
  const table = new Table({
    id: "workers",
    label: "Workers",
    columns: COLUMNS,
    keyOf: (row) => row.key,
    open: (row) => {
      location.hash = workerLink(row);
    },
    onSort: (key) => sortBy(key, view.sort === key ? !view.descending : startsHigh(key)),
  });
  const empty = h("p", { class: "empty", hidden: true });
  byId("workers-table").append(table.element, empty);

  for (const kind of Object.keys(KINDS)) filter.append(h("option", { value: kind }, `${kind}`));
  for (const { key, label, title } of COLUMNS) {
    order.append(h("option", { value: key, hidden: key === "tenant" }, title ?? label));
  }

  function startsHigh(key) {
    const column = COLUMNS.find((each) => each.key === key);
    return Boolean(column.number) || key === "attention";
  }

  function sortBy(key, descending) {
    view.sort = key;
    view.descending = descending;
    order.value = key;
    table.rewind();
    show();
  }

  function show() {
    const rows = fleet.view(view);
    table.sorted(view.sort, view.descending);
    count(rows.length);
    table.show(rows);
  }

  function count(matched) {
    const all = fleet.rows.length;
    const filtered = view.search.trim() || view.attention || view.tenant || view.group;
    const words = filtered ? `${format.count(matched)} of ${format.count(all)}` : format.count(all);
    setText(byId("matched"), fleet.loaded ? words : "");
    table.element.hidden = matched === 0;
    empty.hidden = matched > 0;
    if (matched) return;
    setText(
      empty,
      !fleet.loaded
        ? "Loading…"
        : all
          ? `No worker matches${view.search.trim() ? ` “${view.search.trim()}”` : ""}.`
          : "No worker has mined yet. Each is listed here from its first share on.",
    );
  }

  let saying = 0;
  function filtered() {
    table.rewind();
    show();
    clearTimeout(saying);
    saying = setTimeout(() => announce(`${format.count(table.rows.length)} workers shown`), 1000);
  }

  search.addEventListener("input", () => {
    view.search = search.value;
    filtered();
  });
  filter.addEventListener("change", () => {
    view.attention = filter.value;
    filtered();
  });
  const owners = ownersFilter(fleet, (chosen) => {
    Object.assign(view, chosen);
    filtered();
  });
  order.addEventListener("change", () => sortBy(order.value, startsHigh(order.value)));

  // Figures change in place at all times. The order waits while someone reads or walks in the table:
  // a row should not slip away from under a pointer.
  fleet.addEventListener("rows", () => {
    if (table.busy && table.rows.length) table.render();
    else show();
  });

  let asked = -Infinity;
  let asking = false;
  async function refresh() {
    if (asking || document.hidden || performance.now() - asked < PAUSE) return;
    asking = true;
    try {
      await fleet.refresh();
    } catch {
      // The stream says what is wrong with the connection; the next summary tries again.
      asked = performance.now();
    } finally {
      // Counted from the answer on: a slow server or browser is asked less.
      asked = performance.now();
      asking = false;
    }
  }
  feed.addEventListener("summary", refresh);
  feed.addEventListener("state", () => {
    if (feed.state !== "live") {
      fleet.restart();
      asked = -Infinity;
    }
  });
  show();

  return {
    /** Shows only those that need a person, of one kind or of "any". */
    only(kind) {
      filter.value = kind;
      view.attention = kind;
      filtered();
      byId("workers-heading").scrollIntoView({ block: "start" });
    },
    /** Shows only a tenant's. */
    of(tenant) {
      owners.choose(tenant, "");
      byId("workers-heading").scrollIntoView({ block: "start" });
    },
    /** Shows only a group's, such as "rack=c12". */
    inGroup(group) {
      owners.choose("", group);
      byId("workers-heading").scrollIntoView({ block: "start" });
    },
  };
}

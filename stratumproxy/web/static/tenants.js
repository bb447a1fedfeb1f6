// Whose machines there are: a panel of tenants, and the filters by tenant and by group.

import { get } from "./api.js";
import { byId, foreign, h, keyed, setAttribute, setText } from "./dom.js";
import { groupsOf, hosting } from "./fleet.js";
import * as format from "./format.js";

const REFRESH = 10_000;

/** Values of a group to choose from: those with the most workers. The search finds the others. */
const MOST_VALUES = 1000;

/**
 * Fills the panel; it is hidden as long as all are one tenant's.
 * @param {import("./feed.js").Feed} feed
 * @param {{of: (tenant: string) => void}} table
 */
export function tenantsPanel(feed, table) {
  const panel = byId("tenants-panel");
  let asked = -Infinity;

  async function refresh() {
    if (document.hidden || performance.now() - asked < REFRESH) return;
    asked = performance.now();
    try {
      const { tenants } = await get("/api/tenants");
      // Whoever sees one alone sees what it does everywhere on the page.
      const names = new Set(tenants.map(({ tenant }) => tenant));
      if ([...names].some((name) => name !== "default")) hosting.several = true;
      panel.hidden = names.size < 2 && tenants.length < 2;
      if (panel.hidden) return;
      keyed(byId("tenants").tBodies[0], tenants, keyOf, make, update);
    } catch {
      // The stream says what is wrong with the connection; it is asked again after a while.
    }
  }

  const keyOf = ({ tenant, target }) => `${tenant}\n${target}`;

  function make({ tenant, target }) {
    const show = h(
      "button",
      {
        type: "button",
        class: "plain",
        title: `Show the workers of ${tenant}`,
        on: { click: () => table.of(tenant) },
      },
      foreign(tenant),
    );
    const cells = Array.from({ length: 5 }, () => h("td", { class: "number" }));
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, show, target ? h("small", {}, foreign(target)) : null),
      ...cells,
      h("td", { dir: "auto" }),
    );
  }

  feed.addEventListener("summary", refresh);
}

function update(row, tenant) {
  const [, rate, miners, attention, missing, usual, pool] = row.cells;
  const five = tenant.hashrate["5m"];
  setText(rate, format.rate(five.rate));
  setAttribute(rate, "title", five.error === null ? null : format.error(five.error));
  setText(miners, `${format.count(tenant.miners)} of ${format.count(tenant.workers)}`);
  const kinds = Object.entries(tenant.attention).filter(([, n]) => n);
  setText(attention, kinds.map(([kind, n]) => `${format.count(n)} ${kind}`).join(", ") || "–");
  setText(missing, tenant.missing ? format.rate(tenant.missing) : "–");
  setText(usual, tenant.of_usual === null ? "–" : format.percent(tenant.of_usual));
  setText(pool, tenant.pool ? `${tenant.pool} as ${tenant.account}` : "nothing");
}

/**
 * Offers the tenants and the groups that there are, beside the search.
 * @param {import("./fleet.js").Fleet} fleet
 * @param {(chosen: {tenant: string, group: string}) => void} chosen called with what is to be shown
 * @returns {{choose: (tenant: string, group: string) => void}}
 */
export function ownersFilter(fleet, chosen) {
  const tenant = byId("tenant-filter");
  const group = byId("group-filter");
  let named = -1;

  const tell = () => chosen({ tenant: tenant.value, group: group.value });
  tenant.addEventListener("change", tell);
  group.addEventListener("change", tell);

  function offer(select, choices) {
    const before = select.value;
    select.replaceChildren(h("option", { value: "" }, "all"), ...choices);
    select.value = before;
    // Nobody of the one that was chosen is left.
    if (select.selectedIndex < 0) {
      select.value = "";
      tell();
    }
  }

  fleet.addEventListener("rows", () => {
    if (named === fleet.names) return;
    named = fleet.names;
    const tenants = [...new Set(fleet.rows.map((row) => row.tenant))].sort();
    offer(
      tenant,
      tenants.map((name) => h("option", { value: name }, name)),
    );
    const groups = grouped(fleet.rows);
    offer(
      group,
      groups.map(([name, values]) =>
        h(
          "optgroup",
          { label: name },
          ...values.map((value) => h("option", { value: `${name}=${value}` }, value)),
        ),
      ),
    );
    for (const [select, any] of [
      [tenant, tenants.length > 1],
      [group, groups.length > 0],
    ])
      for (const each of [select, ...select.labels]) each.hidden = !any;
    byId("workers-table").classList.toggle("hosting", tenants.length > 1);
    byId("order").querySelector("[value=tenant]").hidden = tenants.length < 2;
  });

  return {
    choose(name, groupOf) {
      for (const [select, value] of [
        [tenant, name],
        [group, groupOf],
      ]) {
        select.value = value;
        // Nobody of it is left, or it is not among those that are offered.
        if (select.selectedIndex < 0) select.value = "";
      }
      tell();
    },
  };
}

/** Groups by name, each with its values by name. */
function grouped(rows) {
  const found = new Map();
  for (const row of rows) {
    for (const each of groupsOf(row)) {
      const [name] = each.split("=", 1);
      const counts = found.get(name) ?? found.set(name, new Map()).get(name);
      const value = each.slice(name.length + 1);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
  }
  return [...found].map(([name, counts]) => [
    name,
    [...counts]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_VALUES)
      .map(([value]) => value)
      .sort(),
  ]);
}

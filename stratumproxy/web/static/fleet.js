// Every worker's row, kept in step with the server by what changed since the last time.

import { get } from "./api.js";

/** Attention kinds, the most urgent first: what each is called, and its rule in words. */
export const KINDS = {
  gone: "It mined, and has no connection now, or sent no share for 10 minutes or 20 expected shares, whichever is longer.",
  slow: "It did less than 75 % of what it usually does over the time of 900 expected shares, and no 85 % since. Usual is the median of its working hours in two weeks, or what it was before it was slow.",
  rejecting:
    "More than 5 % of its last 250 to 500 shares were rejected, and chance does not explain it.",
  reconnecting: "It connected 5 times or more within the last hour.",
};
const ORDER = Object.keys(KINDS);

/** Whether there is anybody's but the default tenant's: then it is said whose a worker is. */
export const hosting = { several: false };

/** What no other worker has: no tenant's name has a line end. */
const keyOf = (tenant, name) => `${tenant}\n${name}`;

/** Which groups a worker is in, such as "rack=c12". */
export const groupsOf = (row) =>
  Object.entries(row.groups ?? {}).map(([name, value]) => `${name}=${value}`);

/** Text to sort by so that rig-9 comes before rig-10. */
const natural = (text) => text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));

/** How urgent: sorts first what needs a person most. */
const urgency = (kinds) => kinds.reduce((sum, kind) => sum + 2 ** (3 - ORDER.indexOf(kind)), 0);

/** What each column sorts by: a number or a text; null always comes last. */
const SORTS = {
  attention: (row) => row.urgency || null,
  name: (row) => row.nameKey,
  rejected: (row) =>
    row.accepted + row.rejected ? row.rejected / (row.accepted + row.rejected) : null,
  missing: (row) => row.missing || null,
  tenant: (row) => row.tenant,
  pool: (row) => row.pool || null,
  agent: (row) => row.agent || null,
  address: (row) => row.addressKey,
};

export class Fleet extends EventTarget {
  rows = [];
  /** Rises whenever rows change. */
  version = 0;
  /** Rises whenever there is a row more, or one less. */
  names = 0;
  loaded = false;

  /** Rows by tenant and name: two tenants may have workers of one name. */
  #byKey = new Map();
  #revision = 0;
  #sorted = { key: "", version: -1, rows: [] };
  #named = [];
  #renamed = true;

  /** Forgets the revision: the next refresh asks for everything. */
  restart() {
    this.#revision = 0;
  }

  /** Asks for what changed. Raises what `get` does. */
  async refresh() {
    const table = await get(`/api/table?since=${this.#revision}`);
    this.#revision = table.revision;
    if (table.all) {
      const [tenants, names] = ["tenant", "name"].map((name) => table.columns.indexOf(name));
      const kept = new Set(table.rows.map((values) => keyOf(values[tenants], values[names])));
      for (const key of this.#byKey.keys()) if (!kept.has(key)) this.#byKey.delete(key);
    }
    for (const [tenant, name] of table.gone) this.#byKey.delete(keyOf(tenant, name));
    if (table.all || table.gone.length) this.#nameAgain();
    for (const values of table.rows) this.#take(table.columns, values);
    if (table.rows.length || table.gone.length || !this.loaded) {
      this.rows = [...this.#byKey.values()];
      this.version += 1;
    }
    this.loaded = true;
    this.dispatchEvent(new Event("rows"));
  }

  #nameAgain() {
    this.#renamed = true;
    this.names += 1;
  }

  #take(columns, values) {
    const fresh = {};
    columns.forEach((column, index) => {
      fresh[column] = values[index];
    });
    const key = keyOf(fresh.tenant, fresh.name);
    let row = this.#byKey.get(key);
    if (!row) {
      row = { key, nameKey: natural(fresh.name) };
      this.#byKey.set(key, row);
      this.#nameAgain();
      if (fresh.tenant !== "default") hosting.several = true;
    }
    if (row.address !== fresh.address || row.agent !== fresh.agent || row.pool !== fresh.pool) {
      const words = [fresh.name, fresh.address, fresh.agent, fresh.pool];
      row.words = words.filter(Boolean).join("\n").toLowerCase();
      row.addressKey = fresh.address ? natural(fresh.address) : null;
    }
    Object.assign(row, fresh);
    row.urgency = urgency(row.attention);
  }

  /**
   * The rows that match, sorted.
   * @param {{search: string, attention: string, tenant: string, group: string, sort: string,
   *   descending: boolean}} view every word of `search` has to be in the name, the address, the agent or
   *   the pool; `attention` is a kind, "any" for all that need a person, or ""; `tenant` a tenant, or "";
   *   `group` one of `groupsOf`, or ""
   */
  view({ search, attention, tenant, group, sort, descending }) {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    return this.#sort(sort, descending).filter(
      (row) =>
        words.every((word) => row.words.includes(word)) &&
        (!tenant || row.tenant === tenant) &&
        (!group || groupsOf(row).includes(group)) &&
        (!attention || (attention === "any" ? row.urgency > 0 : row.attention.includes(attention))),
    );
  }

  /** All rows in that order; rows that are equal in it go by name, and those without a value last. */
  #sort(sort, descending) {
    const key = `${sort} ${descending}`;
    if (this.#sorted.key === key && this.#sorted.version === this.version) return this.#sorted.rows;
    const named = this.#byNames();
    const of = SORTS[sort] ?? ((row) => row[sort]);
    const values = named.map(of);
    const known = Uint32Array.from(named.keys()).filter((place) => values[place] !== null);
    const sign = descending ? -1 : 1;
    known.sort((i, j) => {
      const a = values[i];
      const b = values[j];
      return a < b ? -sign : a > b ? sign : i - j;
    });
    const unknown = named.filter((row, place) => values[place] === null);
    const rows = Array.from(known, (place) => named[place]).concat(unknown);
    this.#sorted = { key, version: this.version, rows };
    return rows;
  }

  /** All rows by name. Names come and go rarely, so this seldom has to be done. */
  #byNames() {
    if (this.#named.length !== this.rows.length || this.#renamed) {
      this.#named = this.rows.toSorted((a, b) =>
        a.nameKey < b.nameKey ? -1 : a.nameKey > b.nameKey ? 1 : 0,
      );
      this.#renamed = false;
    }
    return this.#named;
  }
}

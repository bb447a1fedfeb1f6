// Is the pool crediting me? Each account of the last day, by the audit.

import { get } from "./api.js";
import { byId, h, keyed, setAttribute, setText } from "./dom.js";
import * as format from "./format.js";

const REFRESH = 300_000;

/**
 * Fills the panel; it is hidden where there is no ledger, or nothing was mined.
 * @param {import("./feed.js").Feed} feed
 */
export function creditPanel(feed) {
  const panel = byId("credit");
  const list = byId("credit-list");
  let asked = -Infinity;

  async function refresh() {
    if (document.hidden || performance.now() - asked < REFRESH) return;
    asked = performance.now();
    try {
      const { accounts } = await get("/api/credit");
      const doubtful = accounts.filter(({ fine }) => !fine).length;
      panel.hidden = !accounts.length;
      setText(byId("credit-words"), inWords(accounts.length, doubtful));
      setAttribute(panel, "class", `panel credit${doubtful ? " doubtful" : ""}`);
      keyed(list, accounts, keyOf, make, update);
    } catch {
      asked = -Infinity;
    }
  }

  feed.addEventListener("summary", refresh);
  document.addEventListener("token", () => {
    asked = -Infinity;
  });
}

const keyOf = ({ pool, account }) => JSON.stringify([pool, account]);

const make = () => h("li", {}, h("b", {}, h("bdi", {})), h("span", {}), h("p", {}));

function update(item, { pool, account, expected, low, high, sent, credited, verdict, fine }) {
  setText(item.children[0].firstChild, account ? `${account} at ${pool}` : pool);
  setText(item.children[1], verdict);
  setAttribute(item, "class", fine ? null : "doubtful");
  const due = expected === null ? "an unknown number" : format.count(Math.round(expected));
  const allowed = low === null ? "" : ` (${format.count(low)} to ${format.count(high)} by chance)`;
  setText(
    item.children[2],
    `${format.count(credited)} credited of ${format.count(sent)} sent; ${due} expected${allowed}.`,
  );
}

function inWords(all, doubtful) {
  if (!doubtful) return all === 1 ? "Yes" : `Yes, all ${format.count(all)} accounts`;
  return `${format.count(doubtful)} of ${format.count(all)} ${all === 1 ? "account" : "accounts"}: look`;
}

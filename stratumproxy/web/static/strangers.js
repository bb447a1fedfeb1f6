// Names that shares came under and none that counts: machines that are set up wrongly, and strangers.

import { get } from "./api.js";
import { byId, foreign, h, keyed, setText } from "./dom.js";
import * as format from "./format.js";

const REFRESH = 10_000;

/** Why none of a name's shares counts, as a sentence. */
function why({ accepted, rejected, reasons, address }) {
  const words = Object.entries(reasons)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, n]) => `${format.count(n)} ${reason}`);
  const from = address ? `From ${address}: ` : "";
  if (accepted)
    return `${from}${format.count(accepted)} accepted, but there are too many new names at once.`;
  return `${from}${format.count(rejected)} rejected (${words.join(", ")}).`;
}

/**
 * Fills the list below those that need a person; it is hidden while there is nobody to name.
 * @param {import("./feed.js").Feed} feed
 */
export function strangersList(feed) {
  const whole = byId("strangers");
  const list = byId("strangers-list");
  let asked = -Infinity;

  async function refresh() {
    if (!whole.open || whole.hidden || document.hidden || performance.now() - asked < REFRESH)
      return;
    asked = performance.now();
    try {
      const { strangers } = await get("/api/strangers");
      keyed(list, strangers, (each) => each.name, make, update);
    } catch {
      asked = -Infinity;
    }
  }

  const make = ({ name }) => h("li", {}, h("b", {}, foreign(name)), h("p", {}));
  const update = (item, stranger) => setText(item.lastElementChild, why(stranger));

  whole.addEventListener("toggle", () => {
    asked = -Infinity;
    refresh();
  });
  feed.addEventListener("summary", () => {
    const { strangers } = feed.summary;
    whole.hidden = !strangers;
    setText(
      byId("strangers-words"),
      `${format.count(strangers)} ${strangers === 1 ? "name" : "names"} without an accepted share`,
    );
    refresh();
  });
}

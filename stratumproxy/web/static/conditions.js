// What is not as usual with the proxy itself: a line each above everything else, whatever the view.

import { byId, foreign, h, keyed, setAttribute, setText } from "./dom.js";
import * as format from "./format.js";

const keyOf = ({ kind, subject }) => `${kind} ${subject}`;

/** A condition in a few words: what, and of which. */
export const inWords = ({ text, subject }) => (subject ? `${text} (${subject})` : text);

/** Whether nothing that the page shows is new: every mining process is silent. */
export function allSilent({ conditions, processes }) {
  const silent = conditions.filter(({ kind }) => kind === "process-silent").length;
  return silent > 0 && silent === processes.length;
}

/** @param {import("./feed.js").Feed} feed */
export function conditionsBanner(feed) {
  const list = byId("conditions");
  feed.addEventListener("summary", ({ detail: { conditions } }) =>
    keyed(list, conditions, keyOf, makeLine, updateLine),
  );
}

function makeLine({ severity }) {
  return h("li", { class: severity }, h("strong", {}), " ", foreign(""), " ", h("small", {}));
}

function updateLine(line, condition) {
  const [what, why, since] = line.children;
  setText(what, inWords(condition));
  setText(why, condition.why);
  setText(since, `since ${format.clock(condition.since)}, ${format.ago(condition.since)}`);
  setAttribute(since, "title", format.full(condition.since));
}

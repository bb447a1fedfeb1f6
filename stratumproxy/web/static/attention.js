// Which machines need a person: how many of each kind, which ones, and why, in words.

import { get } from "./api.js";
import { byId, foreign, h, keyed, setText } from "./dom.js";
import * as format from "./format.js";
import { KINDS } from "./fleet.js";
import { workerLink } from "./workers.js";

const SHOWN = 100;
const REFRESH = 10_000;

/** What is to be known about a worker of that kind, as a sentence. */
export function why(kind, worker) {
  const usual = worker.usual
    ? ` It usually does ${format.rate(worker.usual)}${knownBy(worker.usual_hours)}.`
    : "";
  if (kind === "gone") {
    const silence =
      worker.last_share === null
        ? "no share yet"
        : `no share for ${format.duration(format.now() - worker.last_share)}`;
    return worker.connections
      ? `Connected, but ${silence}.${usual}`
      : `No connection, ${silence}.${usual}`;
  }
  if (kind === "slow") {
    const part = worker.of_usual === null ? "Less than 75 %" : format.percent(worker.of_usual);
    return `${part} of its usual ${format.rate(worker.usual)}${knownBy(worker.usual_hours)}: ${format.rate(worker.missing)} missing.`;
  }
  if (kind === "rejecting") {
    const reasons = Object.entries(worker.reasons)
      .sort(([, a], [, b]) => b - a)
      .slice(0, 2);
    const mostly = reasons.map(([reason, n]) => `${format.count(n)} ${reason}`).join(", ");
    return `More than 5 % of its last shares rejected. In ${counted(worker)}: ${mostly || format.count(worker.rejected)}.`;
  }
  return `5 or more connects in the last hour, ${format.count(worker.connects)} in ${counted(worker)}.`;
}

/** How little is known of what is usual, if it is little. */
const knownBy = (hours) =>
  hours > 0 && hours < 24 ? `, as far as ${format.count(hours)} hours say` : "";

/** The time that a worker's counts are of. */
const counted = (worker) => format.duration(format.now() - worker.counted_since);

/** What to do when there is nothing to see yet. */
const NO_MINERS =
  "No miners yet: point them at this machine, at the port of [[listen]] in the configuration, such as stratum+tcp://192.0.2.1:3333.";

/**
 * Fills the panel.
 * @param {import("./feed.js").Feed} feed
 * @param {import("./fleet.js").Fleet} fleet
 * @param {{only: (kind: string) => void}} table
 */
export function attentionPanel(feed, fleet, table) {
  let chosen = "any";
  let workers = [];
  let asked = -Infinity;
  let counted = "";
  const filters = byId("attention-filters");
  const list = byId("attention-list");
  const calm = byId("attention-calm");
  const more = byId("attention-more");

  const buttons = ["any", ...Object.keys(KINDS)].map((kind) => {
    const number = h("b", {}, "–");
    const button = h(
      "button",
      {
        type: "button",
        class: `filter ${kind}`,
        "aria-pressed": String(kind === chosen),
        title: KINDS[kind] ?? "All that need a person",
        on: { click: () => choose(kind) },
      },
      number,
      h("span", {}, kind === "any" ? "all" : kind),
    );
    return { kind, number, button };
  });
  filters.append(...buttons.map(({ button }) => button));
  more.addEventListener("click", () => table.only(chosen));

  function choose(kind) {
    chosen = kind;
    for (const each of buttons)
      each.button.setAttribute("aria-pressed", String(each.kind === kind));
    setText(byId("attention-rule"), KINDS[kind] ?? "");
    list.scrollTop = 0;
    refresh(true);
  }

  async function refresh(force) {
    const counts = feed.summary?.attention ?? {};
    const key = `${chosen} ${JSON.stringify(counts)}`;
    const age = performance.now() - asked;
    if (document.hidden || (!force && (age < 2000 || (key === counted && age < REFRESH)))) return;
    asked = performance.now();
    counted = key;
    const mine = chosen;
    try {
      const page = await get(`/api/workers?attention=${chosen}&sort=-missing&limit=${SHOWN}`);
      if (mine !== chosen) return;
      workers = page.workers;
      show();
    } catch {
      counted = "";
    }
  }

  function show() {
    keyed(list, workers, (worker) => `${worker.tenant}\n${worker.name}`, make, update);
    const counts = feed.summary?.attention ?? {};
    const kinds = chosen === "any" ? Object.keys(KINDS) : [chosen];
    const all = kinds.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0);
    list.hidden = !workers.length;
    calm.hidden = workers.length > 0 || all > 0;
    setText(calm, nobody());
    more.hidden = !all;
  }

  function nobody() {
    if (feed.summary?.workers) return "None. Every machine does what it usually does.";
    return feed.summary?.connected ? "No share counted yet." : NO_MINERS;
  }

  function make(worker) {
    return h(
      "li",
      {},
      h("a", { href: workerLink(worker) }, foreign(worker.name || "(no name)")),
      h("span", { class: "marks" }),
      h("p", {}),
    );
  }

  function update(item, worker) {
    const [, marks, words] = item.children;
    const said = worker.attention.join(" ");
    if (marks.dataset.said !== said) {
      marks.dataset.said = said;
      marks.replaceChildren(
        ...worker.attention.map((kind) => h("span", { class: `mark ${kind}` }, kind)),
      );
    }
    const kinds =
      chosen !== "any" && worker.attention.includes(chosen) ? [chosen] : worker.attention;
    setText(words, kinds.map((kind) => why(kind, worker)).join(" "));
  }

  /** How many there are: of both kinds only once, as soon as all rows are known. */
  function total(counts) {
    if (fleet.loaded) return fleet.rows.filter((row) => row.urgency > 0).length;
    return Object.values(counts).reduce((a, b) => a + b, 0);
  }

  feed.addEventListener("summary", () => {
    const counts = feed.summary.attention;
    const any = Object.values(counts).reduce((a, b) => a + b, 0);
    const { missing, of_usual: part } = feed.summary;
    setText(
      byId("attention-missing"),
      missing ? `${format.rate(missing)} missing, ${format.percent(part)} of usual` : "",
    );
    for (const { kind, number, button } of buttons) {
      const n = kind === "any" ? total(counts) : (counts[kind] ?? 0);
      setText(number, format.count(n));
      button.classList.toggle("none", n === 0);
    }
    if (any) refresh(false);
    else {
      workers = [];
      show();
    }
  });
}

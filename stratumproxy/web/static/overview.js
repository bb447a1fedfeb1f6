// The fleet at a glance: hashrate, shares, fan-out and the latest events.

import { ApiError, get } from "./api.js";
import { Chart, columns, inWords, noHistory, refreshAfter, spanButtons } from "./charts.js";
import { byId, foreign, h, keyed, setAttribute, setText } from "./dom.js";
import * as format from "./format.js";
import { eventItem } from "./log.js";

const WINDOWS = { "5m": "5 min", "1m": "1 min", "1h": "1 h", "24h": "24 h" };

/** What each reason of a reject means. */
export const REASONS = {
  stale: "for a job that was over",
  duplicate: "sent before",
  "low-difficulty": "hash above the miner's target",
  "bad-ntime": "time outside the allowed range",
  "bad-version": "version bits outside the mask",
  malformed: "not as the protocol says",
  unauthorized: "from a worker that is not authorized",
  "not-subscribed": "from a miner that is not subscribed",
  "no-pool": "no pool was ready",
  pool: "rejected by the pool",
  lost: "the pool's connection closed before its verdict",
  "timed-out": "the pool gave no verdict in time",
};

/**
 * A figure with its name; the same again when it changes.
 * @returns {{element: Element, set: (value: string, note?: string, title?: string) => void}}
 */
export function figure(name, title = null) {
  const value = h("span", { class: "value" }, "–");
  const note = h("small", {});
  const element = h("div", { title }, h("dt", {}, name), h("dd", {}, value, note));
  return {
    element,
    set(text, said = "", hint = title) {
      setText(value, text);
      setText(note, said);
      setAttribute(element, "title", hint);
    },
  };
}

/** A hashrate figure in words: what it covers, and what it is made of. */
export function covering({ window, shares }) {
  return `over ${format.duration(window)}, from ${format.count(shares)} shares`;
}

function figures(id, names) {
  const made = Object.fromEntries(Object.entries(names).map(([key, name]) => [key, figure(name)]));
  byId(id).append(...Object.values(made).map(({ element }) => element));
  return made;
}

/** @param {import("./feed.js").Feed} feed */
export function overview(feed) {
  const rates = figures("rates", WINDOWS);
  const totals = figures("totals", {
    mining: "Miners",
    workers: "Workers",
    shares: "Shares a second",
    best: "Best share",
    blocks: "Blocks",
  });
  const shares = figures("shares-figures", {
    accepted: "Accepted",
    rejected: "Rejected",
    forwarded: "Sent to pools",
  });
  const speed = perSecond();

  feed.addEventListener("summary", ({ detail: summary }) => {
    for (const [key, { set }] of Object.entries(rates)) {
      const one = summary.hashrate[key];
      set(format.rate(one.rate), format.error(one.error), covering(one));
    }
    const idle = summary.connected - summary.mining;
    totals.mining.set(
      format.count(summary.mining),
      idle ? `+ ${format.count(idle)} not mining` : "",
      "Connections that are subscribed and authorized",
    );
    totals.workers.set(format.count(summary.workers), "", "Worker names ever seen");
    totals.best.set(
      format.difficulty(summary.best_difficulty),
      "",
      "Difficulty of the best share since start",
    );
    totals.blocks.set(
      summary.tenant === null ? format.count(summary.blocks) : "–",
      "",
      "Shares that met the network's target, since start",
    );
    const second = speed(summary);
    totals.shares.set(
      second === null ? "–" : format.count(second),
      "",
      "Accepted and rejected, over the last 10 s",
    );
    showShares(summary, shares);
  });
  historyPanel(feed);
  fanoutPanel(feed);
  newsPanel(feed);
}

/** Shares a second, from what summaries of the last ten seconds count. */
function perSecond() {
  let past = [];
  return (summary) => {
    const all = summary.accepted + sum(summary.rejected);
    past = past.filter(([at, n]) => summary.now - at <= 10.5 && n <= all);
    const [at, n] = past[0] ?? [summary.now, all];
    past.push([summary.now, all]);
    return summary.now > at ? (all - n) / (summary.now - at) : null;
  };
}

const sum = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);

function showShares(summary, shares) {
  const { since, accepted } = summary.shares;
  const rejected = sum(summary.shares.rejected);
  const all = accepted + rejected;
  const part = (n) => (all ? format.percent(n / all) : "");
  setText(byId("shares-since"), `of the last ${format.duration(summary.now - since)}`);
  shares.accepted.set(format.count(accepted), part(accepted));
  shares.rejected.set(format.count(rejected), part(rejected));
  shares.forwarded.set(
    summary.tenant === null ? format.count(summary.forwarded) : "–",
    "since start",
    "Shares that met a pool's difficulty",
  );
  showReasons(byId("reasons").tBodies[0], summary.shares.rejected, all);
  byId("reasons").hidden = !rejected;
  byId("reasons-empty").hidden = rejected > 0;
  setText(byId("reasons-empty"), all ? "Not one was rejected." : "No shares yet.");
}

/** Rows of reasons, the most frequent first, each with its bar. */
export function showReasons(body, rejected, all) {
  const reasons = Object.entries(rejected)
    .filter(([, n]) => n)
    .sort(([, a], [, b]) => b - a);
  const most = reasons[0]?.[1] ?? 1;
  keyed(
    body,
    reasons,
    ([reason]) => reason,
    ([reason]) =>
      h(
        "tr",
        { title: REASONS[reason] ?? null },
        h("th", { scope: "row" }, foreign(reason)),
        h("td", { class: "bar" }, h("span", {})),
        h("td", { class: "number" }),
        h("td", { class: "number" }),
      ),
    (row, [, n]) => {
      row.cells[1].firstChild.style.width = `${(n / most) * 100}%`;
      setText(row.cells[2], format.count(n));
      setText(row.cells[3], format.percent(n / all));
    },
  );
}

function historyPanel(feed) {
  let span = "24h";
  let asked = -Infinity;
  const chart = new Chart({
    title: "Hashrate of the fleet over time",
    height: 230,
    close: true,
    series: [{ label: "", colour: "accent" }],
    value: format.rate,
  });
  const note = h("p", { class: "note" });
  byId("history").append(chart.element, note);
  const load = async () => {
    asked = performance.now();
    const mine = span;
    try {
      const history = await get(`/api/history?span=${span}`);
      if (mine !== span) return;
      const [at, rate] = columns(history, span);
      // A fleet that has not mined yet has no course of noughts.
      const mined = rate.some((each) => each);
      chart.show(mined ? [at, rate] : [[], []], inWords(rate, format.rate), history.step);
      setText(note, "");
    } catch (error) {
      // If there was no answer, the stream says so, and the next summary tries again after a while.
      if (mine !== span || !(error instanceof ApiError)) return;
      chart.show([[], []], "No figures");
      setText(note, noHistory(error));
    }
  };
  byId("history-spans").append(
    spanButtons(span, (chosen) => {
      span = chosen;
      load();
    }),
  );
  feed.addEventListener("summary", () => {
    if (!document.hidden && performance.now() - asked > refreshAfter(span) * 1000) load();
  });
}

function fanoutPanel(feed) {
  let jobs = [];
  const label = (index) => (jobs[index] ? format.clock(jobs[index].at).slice(0, 5) : "");
  const chart = new Chart({
    title: "Fan-out time of the last jobs",
    height: 190,
    series: [
      { label: "last ", colour: "accent", bars: true, fill: 0.32 },
      { label: "middle ", colour: "accent", bars: true },
      { label: "", colour: "slow", points: true },
    ],
    value: format.delay,
    tick: label,
    at: (index) => {
      const job = jobs[index];
      return job
        ? `${format.clock(job.at)}${job.clean ? " clean" : ""} · ${format.count(job.miners)} miners`
        : "";
    },
  });
  byId("fanout").append(chart.element);
  const totals = figures("fanout-figures", {
    median: "Middle miner",
    last: "Last miner",
    worst: "Slowest of these",
  });
  feed.addEventListener("jobs", () => {
    jobs = feed.jobs.slice(0, 40).reverse();
    for (const part of byId("fanout-empty").parentElement.querySelectorAll("dl, #fanout, .legend"))
      part.hidden = !jobs.length;
    byId("fanout-empty").hidden = jobs.length > 0;
    if (!jobs.length) return;
    const newest = jobs.at(-1);
    const worst = jobs.reduce((a, b) => (b.last > a.last ? b : a));
    totals.median.set(format.delay(newest.median));
    totals.last.set(format.delay(newest.last));
    totals.worst.set(format.delay(worst.last));
    const marks = jobs.map((job) => (job.clean ? job.last : null));
    const data = [
      jobs.map((_, index) => index),
      jobs.map((job) => job.last),
      jobs.map((job) => job.median),
      marks,
    ];
    chart.show(data, inWords(data[1], format.delay));
  });
}

function newsPanel(feed) {
  feed.addEventListener("log", () => {
    const news = feed.log.slice(0, 5);
    byId("news-empty").hidden = news.length > 0;
    byId("news-all").hidden = !news.length;
    keyed(
      byId("news"),
      news,
      (event) => `${event.at} ${event.event} ${JSON.stringify(event.values)}`,
      eventItem,
    );
  });
}

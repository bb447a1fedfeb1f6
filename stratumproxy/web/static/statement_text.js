// A statement as headings, figures and tables, as the file that the server makes of it has them.

import { foreign, h } from "./dom.js";
import * as format from "./format.js";
import { daysChart } from "./statement_chart.js";

/** Rows that are shown at first: a row for each of 17,595 machines takes a browser some seconds. */
const AT_FIRST = 500;

const NAMES = { day: "Day", worker: "Machine", group: "Group" };
const KINDS = {
  agreed: "excused by agreement",
  pool: "no pool could be mined on",
  proxy: "the proxy did not serve, or did not record",
};

const tenths = new Intl.NumberFormat("en", {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const hours = (seconds) => (seconds === null ? "?" : tenths.format(seconds / 3600));
const within = (error) =>
  error === null ? "?" : `±\u00a0${Number((200 * error).toPrecision(2))}\u00a0%`;
const rejectedPart = ({ accepted, rejected }) =>
  accepted + rejected ? rejected / (accepted + rejected) : 0;
const byCount = (counts) => Object.entries(counts).sort(([, a], [, b]) => b - a);
const counted = (counts) =>
  byCount(counts)
    .map(([why, n]) => `${format.count(n)} ${why || "without words"}`)
    .join(", ");

/** What tells moments as the clocks of a statement's zone do: "2026-10-01 00:00". */
function clockOf(zone) {
  const make = (timeZone) =>
    new Intl.DateTimeFormat("sv", { dateStyle: "short", timeStyle: "short", timeZone });
  let clock;
  let named = "";
  try {
    clock = make(zone);
  } catch {
    // The server knows zones that this browser does not.
    clock = make("UTC");
    named = " UTC";
  }
  return (at) => clock.format(at * 1000) + named;
}

/**
 * The parts of a statement.
 * @param {any} statement as /api/report has it
 * @param {...Node} buttons what may be done with it
 */
export function statementParts(statement, ...buttons) {
  const clock = clockOf(statement.time_zone);
  return [
    head(statement, clock, buttons),
    course(statement),
    rows(statement),
    reasons(statement.total),
    targets(statement.targets),
    credits(statement),
    windows(statement.windows, clock),
    notes(statement.notes),
  ].filter(Boolean);
}

function head(statement, clock, buttons) {
  const { total } = statement;
  const credited = statement.credits.reduce((sum, each) => sum + each.credited, 0);
  const due = statement.credits.some(({ expected }) => expected === null)
    ? "?"
    : format.count(statement.credits.reduce((sum, { expected }) => sum + expected, 0));
  const figure = (name, value, more) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value, h("small", {}, more)));
  return h(
    "section",
    { class: "panel", "aria-labelledby": "statement-title" },
    h(
      "div",
      { class: "heading" },
      h("h2", { id: "statement-title" }, "Statement for ", foreign(statement.tenant)),
      h("div", { class: "buttons" }, ...buttons),
    ),
    h(
      "p",
      { class: "note" },
      `${clock(statement.since)} to ${clock(statement.until)}, ${statement.time_zone} · ` +
        `${format.count(statement.names)} machines · made ${clock(statement.made)}`,
    ),
    h(
      "dl",
      { class: "figures small" },
      figure("Mean hashrate", format.fineRate(total.hashrate), `${within(total.error)} by chance`),
      figure("Work proven", format.scaled(total.work, "", 4).join("\u00a0"), "of difficulty 1"),
      figure("Uptime", format.uptime(total.uptime), "of what is not excused"),
      figure("Machines", tenths.format(total.machines), "there, on average"),
      figure(
        "Shares accepted",
        format.count(total.accepted),
        `${format.uptime(rejectedPart(total))} rejected`,
      ),
      figure("Credited by pools", format.count(credited), `of ${due} expected`),
      figure("Down", `${hours(total.down_seconds)} h`, "of machines, not excused"),
      figure("Excused", `${hours(total.excused_seconds)} h`, "downtime of machines"),
    ),
  );
}

function course({ by, rows }) {
  if (by !== "day" || rows.length < 2) return null;
  return panel(
    "course",
    "Hashrate and uptime by day",
    h("div", { class: "days" }, daysChart(rows)),
  );
}

function rows(statement) {
  const { by } = statement;
  const line = (row, name, kind) =>
    h(
      "tr",
      { class: kind, title: row.rejected ? counted(row.reasons) : null },
      h("th", { scope: "row", dir: "auto" }, name),
      ...cells(
        format.fineRate(row.hashrate),
        within(row.error),
        format.count(row.accepted),
        format.count(row.rejected),
        format.count(row.credited),
        by === "worker" ? hours(row.machine_seconds) : tenths.format(row.machines),
        hours(row.proven_seconds),
        hours(row.excused_seconds),
        hours(row.down_seconds),
        format.uptime(row.uptime),
      ),
    );
  const lines = (some) => some.map((row) => line(row, row.name || "(no name)"));
  const body = h("tbody", {}, ...lines(statement.rows.slice(0, AT_FIRST)));
  const columns = [
    ...["Hashrate", "± chance", "Accepted", "Rejected", "Credited"],
    by === "worker" ? "There, h" : "Machines",
    ...["Proven, h", "Excused, h", "Down, h", "Uptime"],
  ];
  const found = panel(
    "rows",
    `By ${NAMES[by].toLowerCase()}`,
    table("rows", [NAMES[by]], columns, body, h("tfoot", {}, line(statement.total, "Total"))),
  );
  const left = statement.rows.length - AT_FIRST;
  if (left > 0) {
    const all = h("button", { type: "button", class: "plain" });
    all.textContent = `Show ${format.count(left)} more`;
    all.addEventListener("click", () => {
      body.append(...lines(statement.rows.slice(AT_FIRST)));
      all.remove();
    });
    found.append(all);
  }
  return found;
}

function reasons({ reasons, rejected }) {
  if (!rejected) return null;
  const line = ([why, n]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", dir: "auto" }, why || "(without words)"),
      ...cells(format.count(n), format.percent(n / rejected)),
    );
  const body = h("tbody", {}, ...byCount(reasons).map(line));
  return panel(
    "reasons",
    "Rejected shares by reason",
    table("reasons", ["Reason"], ["Shares", "Of the rejected"], body),
  );
}

function targets(found) {
  if (!found.length) return null;
  const part = (value) => (value === null ? "?" : `${(100 * value).toFixed(2)}\u00a0%`);
  const line = (each) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", dir: "auto" }, each.target),
      ...cells(
        part(each.promised),
        part(each.part),
        format.scaled(each.work, "", 4).join("\u00a0"),
        part(each.credited_part),
        format.scaled(each.credited_work, "", 4).join("\u00a0"),
      ),
    );
  const columns = ["Promised", "Had", "Work", "Credited", "Work credited"];
  return panel(
    "targets",
    "Parts of the work",
    table("targets", ["Target"], columns, h("tbody", {}, ...found.map(line))),
    h(
      "p",
      { class: "note" },
      "Promised is a target's part by the weights that held, each counting by the work that was " +
        "done while it did; had is its part of the work that counted; credited is its part of what " +
        "pools credited, which goes by far fewer shares.",
    ),
  );
}

function credits({ credits, confidence }) {
  if (!credits.length) return null;
  const targets = credits.some(({ target }) => target);
  const line = (each) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", dir: "auto" }, each.pool, h("small", {}, each.site)),
      h("td", { dir: "auto" }, each.account),
      targets ? h("td", { dir: "auto" }, each.target) : null,
      ...cells(
        each.expected === null ? "?" : tenths.format(each.expected),
        each.low === null ? "?" : `${format.count(each.low)} to ${format.count(each.high)}`,
        format.count(each.forwarded),
        format.count(each.credited),
        format.count(each.uncredited),
        format.scaled(each.credited_work, "", 4).join("\u00a0"),
      ),
      h(
        "td",
        { class: each.fine ? "verdict" : "verdict bad", dir: "auto" },
        each.verdict,
        h("small", {}, counted(each.reasons)),
      ),
    );
  const texts = ["Pool", "Account", ...(targets ? ["Target"] : [])];
  const columns = [
    ...["Expected", "Chance allows", "Sent", "Credited", "Refused, lost", "Work credited"],
    null,
  ];
  return panel(
    "credits",
    "Credited by each pool",
    table("credits", texts, columns, h("tbody", {}, ...credits.map(line))),
    h(
      "p",
      { class: "note" },
      "Expected is what the machines' work comes to in shares at a pool's difficulty. How many of " +
        `them come is chance; it allows that many with ${Number((100 * confidence).toPrecision(4))} % ` +
        "for all accounts together. Sent is what came; credited is what the pool acknowledged.",
    ),
  );
}

function windows(found, clock) {
  if (!found.length) return null;
  const line = (each) =>
    h(
      "tr",
      {},
      h("td", {}, clock(each.since)),
      h("td", {}, clock(each.until)),
      h("td", { dir: "auto" }, each.why, h("small", {}, KINDS[each.kind])),
      h("td", { dir: "auto" }, each.proof || "by agreement"),
      ...cells(hours(each.machine_seconds)),
    );
  const texts = ["From", "To", "Why", "Proof, in the ledger"];
  const body = h("tbody", {}, ...found.map(line));
  return panel(
    "windows",
    "Downtime that is excused",
    table("windows", texts, ["Excused, h"], body),
  );
}

function notes(found) {
  if (!found.length) return null;
  const items = found.map((note) => h("li", { dir: "auto" }, note));
  return panel("notes", "To be known", h("ul", {}, ...items));
}

const cells = (...texts) => texts.map((text) => h("td", { class: "number" }, text));

const idOf = (name) => `statement-${name}-heading`;

function panel(name, title, ...children) {
  const id = idOf(name);
  return h(
    "section",
    { class: `panel ${name}`, "aria-labelledby": id },
    h("h2", { id }, title),
    ...children,
  );
}

/** A table that is scrolled by itself; a column without a name is the verdict. */
function table(name, texts, columns, ...bodies) {
  const numbers = columns.map((column) =>
    column === null
      ? h("th", { scope: "col" }, "Verdict")
      : h("th", { scope: "col", class: "number" }, column),
  );
  const heads = [...texts.map((text) => h("th", { scope: "col" }, text)), ...numbers];
  return h(
    "div",
    { class: "wide", tabindex: "0", role: "group", "aria-labelledby": idOf(name) },
    h("table", {}, h("thead", {}, h("tr", {}, ...heads)), ...bodies),
  );
}

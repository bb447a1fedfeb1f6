// A statement for a customer: what is asked for stands in the address, so that it can be kept, and is
// answered as tables, as a file, or on paper.

import { ApiError, file, get } from "./api.js";
import { byId, h, setText } from "./dom.js";
import * as format from "./format.js";
import { statementParts } from "./statement_text.js";

const DAY = 86_400_000;
const DATE = /^\d{4}-\d\d-\d\d$/;

/** What /api/report is asked, by the names that it and the address have for that. */
const NAMES = ["tenant", "from", "to", "time_zone", "by"];

/** That day so many days later. */
const later = (date, days) => new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);

/** The day that it is there, such as 2026-10-01. */
function today(zone) {
  const at = new Date(format.now() * 1000);
  try {
    return new Intl.DateTimeFormat("sv", { dateStyle: "short", timeZone: zone }).format(at);
  } catch {
    return at.toISOString().slice(0, 10);
  }
}

/** First and last day of a month: of this one, or of the last. */
function month(which, zone) {
  const day = today(zone);
  const first = `${day.slice(0, 8)}01`;
  if (which === "this") return [first, day];
  const last = later(first, -1);
  return [`${last.slice(0, 8)}01`, last];
}

/**
 * @param {import("./feed.js").Feed} feed
 * @returns {(asked: URLSearchParams) => () => void} shows the view, and what is asked for; what it
 *   returns ends it
 */
export function statementPage(feed) {
  const [tenant, period, first, last, zone, by] = [
    "tenant",
    "period",
    "first",
    "last",
    "zone",
    "by",
  ].map((name) => byId(`statement-${name}`));
  const shown = byId("statement");
  let gone = new AbortController();
  let question = null;
  let listed = false;
  /** The address of the last file, which is given up for the next. */
  let saved = "";

  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  function dates() {
    if (period.value !== "own") [first.value, last.value] = month(period.value, zone.value);
  }

  function fill(asked) {
    const [from, to] = [asked.get("from"), asked.get("to")];
    tenant.value = asked.get("tenant") ?? "";
    by.value = asked.get("by") ?? "day";
    if (by.selectedIndex < 0) by.value = "day";
    if (asked.has("time_zone")) zone.value = asked.get("time_zone");
    if (!from) return dates();
    first.value = DATE.test(from) ? from : "";
    last.value = DATE.test(to) ? later(to, -1) : "";
    const same = (which) => month(which, zone.value).join() === [first.value, last.value].join();
    period.value = ["last", "this"].find(same) ?? "own";
  }

  /** Offers the zones and tenants that there are; other names may be typed. */
  async function list() {
    byId("statement-zones").replaceChildren(
      ...Intl.supportedValuesOf("timeZone").map((value) => h("option", { value })),
    );
    const { tenants } = await get("/api/tenants");
    const names = [...new Set(tenants.map((each) => each.tenant))];
    byId("statement-tenants").replaceChildren(...names.map((value) => h("option", { value })));
    listed = true;
  }

  function say(words, failed = false) {
    const said = byId("statement-said");
    said.classList.toggle("failed", failed);
    setText(said, words);
  }

  function failed(error) {
    say(error instanceof ApiError ? `${error.message}.` : "The server can't be reached.", true);
  }

  async function load() {
    gone.abort();
    gone = new AbortController();
    const { signal } = gone;
    shown.replaceChildren();
    say("Reckoning…");
    try {
      const statement = await get(`/api/report?${question}`, signal);
      if (signal.aborted) return;
      shown.replaceChildren(...statementParts(statement, ...buttons(statement.tenant, signal)));
      say("");
    } catch (error) {
      if (!signal.aborted) failed(error);
    }
  }

  function buttons(whose, signal) {
    const of = question;
    const button = (label, click) => h("button", { type: "button", on: { click } }, label);
    const save = (form) => async () => {
      say(`Making the ${form.toUpperCase()} file…`);
      try {
        const { blob, name } = await file(`/api/report?${of}&format=${form}`, signal);
        URL.revokeObjectURL(saved);
        saved = URL.createObjectURL(blob);
        h("a", { href: saved, download: name || `statement-${whose}.${form}` }).click();
        say("");
      } catch (error) {
        if (!signal.aborted) failed(error);
      }
    };
    return [
      ...["csv", "json", "html"].map((form) => button(form.toUpperCase(), save(form))),
      button("Print", () => print()),
    ];
  }

  period.addEventListener("change", dates);
  zone.addEventListener("change", dates);
  for (const end of [first, last])
    end.addEventListener("input", () => {
      period.value = "own";
    });
  byId("statement-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = new URLSearchParams({ from: first.value, to: later(last.value, 1) });
    asked.set("by", by.value);
    asked.set("time_zone", zone.value.trim());
    // A tenant's token means its own, whatever address somebody was sent.
    if (tenant.value.trim() && !feed.summary?.tenant) asked.set("tenant", tenant.value.trim());
    const address = `#/statement?${asked}`;
    if (location.hash === address) load();
    else location.hash = address;
  });
  // Without a token it was refused.
  document.addEventListener("token", () => {
    if (byId("statement-view").hidden) return;
    if (!listed) list().catch(() => {});
    if (question !== null) load();
  });

  return (asked) => {
    fill(asked);
    question = null;
    shown.replaceChildren();
    say("");
    if (!listed) list().catch(() => {});
    if (asked.has("from")) {
      question = new URLSearchParams(
        NAMES.filter((name) => asked.has(name)).map((name) => [name, asked.get(name)]),
      );
      load();
    }
    return () => gone.abort();
  };
}

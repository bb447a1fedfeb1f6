// Puts the page together: views by address, the state of the connection, colours, the token.

import { askToken } from "./actions.js";
import { ApiError, token, tryToken } from "./api.js";
import { attentionPanel } from "./attention.js";
import { announce, byId, setText } from "./dom.js";
import { allSilent, conditionsBanner, inWords } from "./conditions.js";
import { creditPanel } from "./credit.js";
import { Feed } from "./feed.js";
import { Fleet } from "./fleet.js";
import * as format from "./format.js";
import { groupsPanel } from "./groups.js";
import { lists } from "./log.js";
import { overview } from "./overview.js";
import { poolsPanel } from "./pools.js";
import { splitsPanel } from "./splits.js";
import { statementPage } from "./statement.js";
import { strangersList } from "./strangers.js";
import { tenantsPanel } from "./tenants.js";
import { workerPage } from "./worker.js";
import { workersTable } from "./workers.js";

const feed = new Feed();
const fleet = new Fleet();
const table = workersTable(fleet, feed);
conditionsBanner(feed);
attentionPanel(feed, fleet, table);
strangersList(feed);
overview(feed);
poolsPanel(feed);
creditPanel(feed);
tenantsPanel(feed, table);
splitsPanel(feed);
groupsPanel(feed, fleet, table);
const logs = lists(feed);
const statement = statementPage(feed);

// Views: #/ the fleet, #/jobs, #/events, #/worker/NAME, or #/worker/NAME?tenant=TENANT, and
// #/statement, or #/statement?from=DATE&to=DATE and what else it is asked for by.
const VIEWS = ["fleet", "worker", "jobs", "events", "statement"];
let leave = () => {};
let scrolled = 0;
let shown = null;

function route(first) {
  // No name has a question mark here: that is percent-encoded.
  const [address, query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const asked = new URLSearchParams(query);
  const worker = address.startsWith("worker/") ? decoded(address.slice("worker/".length)) : null;
  const view = worker !== null ? "worker" : VIEWS.slice(2).includes(address) ? address : "fleet";
  if (shown === "fleet") scrolled = scrollY;
  leave();
  leave = () => {};
  for (const each of VIEWS) byId(`${each}-view`).hidden = each !== view;
  for (const link of document.querySelectorAll("header nav a")) {
    const here = link.getAttribute("href") === `#/${view === "fleet" ? "" : view}`;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view === "worker") leave = workerPage(worker, asked.get("tenant"), feed);
  if (view === "statement") leave = statement(asked);
  if (view in logs) logs[view]();
  shown = view;
  scrollTo(0, view === "fleet" ? scrolled : 0);
  // Who follows a link with the keyboard or a screen reader goes on reading there.
  if (first !== true)
    (byId(`${view}-view`).querySelector("h1[tabindex]") ?? byId("main")).focus({
      preventScroll: true,
    });
  title();
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function title() {
  const name = shown === "worker" ? byId("worker-view").querySelector("h1").textContent : "";
  const five = feed.summary?.hashrate["5m"].rate;
  const state = feed.state === "live" ? format.rate(five) : "not connected";
  const worst = critical();
  document.title = [worst && inWords(worst), name, state, "stratumproxy"]
    .filter(Boolean)
    .join(" · ");
}

/** Why miners are not served, as far as the page knows; undefined if they are. */
function critical() {
  if (feed.state !== "live") return undefined;
  return feed.summary?.conditions.find(({ severity }) => severity === "critical");
}

addEventListener("hashchange", route);

// Ways past what comes first, for the keyboard. Not links: the address says which view this is.
for (const skip of document.querySelectorAll(".skip")) {
  skip.addEventListener("click", () => {
    const to = byId(skip.dataset.to);
    if (shown !== "fleet" && to.id === "search") location.hash = "#/";
    setTimeout(() => to.focus());
  });
}

// The state of the connection. Nothing on the page may look live that is not.
let announced = "connecting";
// The lamp changes with each summary and only then: what moves is what was heard.
let beat = false;

function connection() {
  const { state, why, retryAt, summary } = feed;
  const worst = state === "live" ? summary?.conditions[0]?.severity : undefined;
  const live = byId("live");
  live.className = state;
  live.classList.toggle("critical", worst === "critical");
  live.classList.toggle("warning", worst === "warning");
  live.classList.toggle("beat", beat);
  const old = state !== "live" || (summary && allSilent(summary));
  document.documentElement.classList.toggle("stale", old);
  byId("main").classList.toggle("waiting", !summary);
  setText(
    byId("live-words"),
    worst === "critical"
      ? "miners not served"
      : { live: "live", lost: "not connected", connecting: "connecting" }[state],
  );
  live.title = summary ? `Last heard ${format.full(summary.now)}` : "";
  byId("trouble").hidden = state === "live" || !why;
  byId("retry").hidden = state === "live";
  setText(byId("trouble-words"), trouble());
  if (state !== announced && state !== "connecting") {
    announce(
      state === "live" ? "Connected, the page is live." : "Connection lost. The page is not live.",
    );
    announced = state;
  }

  function trouble() {
    const next = retryAt
      ? `trying again in ${Math.max(1, Math.ceil((retryAt - performance.now()) / 1000))} s`
      : "trying again now";
    const seen = summary
      ? ` What you see is of ${format.clock(summary.now)}, ${format.ago(summary.now)}.`
      : "";
    return `Not connected: ${why}.${seen} ${next[0].toUpperCase()}${next.slice(1)}.`;
  }
}

feed.addEventListener("state", connection);
byId("retry").addEventListener("click", () => feed.retry());
feed.addEventListener("summary", ({ detail: summary }) => {
  beat = !beat;
  byId("live").classList.toggle("beat", beat);
  // Of a tenant's token: what is of the whole proxy is not there.
  document.documentElement.classList.toggle("tenants", summary.tenant !== null);
  setText(byId("whose"), summary.tenant ?? "");
  if (summary.tenant !== null) {
    setText(byId("about"), `stratumproxy ${summary.version} · figures of ${summary.tenant} alone`);
    return;
  }
  const lost = summary.lost_records ? ` · ${format.count(summary.lost_records)} records lost` : "";
  setText(
    byId("about"),
    `stratumproxy ${summary.version} · up ${format.duration(summary.uptime)} · control process up ${format.duration(summary.control_uptime)}${lost}`,
  );
});
setInterval(() => {
  format.tick();
  connection();
  title();
}, 1000);

// Colours: the system's, or the other ones if chosen.
const CHOICES = ["system", "light", "dark"];

function colours(choice) {
  if (choice === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  const button = byId("theme-button");
  setText(button, { system: "Auto", light: "Light", dark: "Dark" }[choice]);
  button.setAttribute("aria-label", `Colours: ${choice}. Change`);
  button.title = `Colours: ${choice}`;
  document.dispatchEvent(new Event("theme"));
}

byId("theme-button").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme ?? "system";
  const next = CHOICES[(CHOICES.indexOf(now) + 1) % CHOICES.length];
  try {
    localStorage.setItem("theme", next);
  } catch {
    // Without storage it holds for this visit.
  }
  colours(next);
});
colours(document.documentElement.dataset.theme ?? "system");

// The token.
function tokenGiven() {
  setText(byId("token-button"), token.value ? "Token given" : "Token");
}

byId("token-button").addEventListener("click", askToken);
document.addEventListener("token", () => {
  tokenGiven();
  feed.retry();
});
// One that was kept and is not right any more would look given until it is needed.
if (token.value) {
  tryToken(token.value)
    .then(() => document.dispatchEvent(new Event("access")))
    .catch((error) => {
      if (!(error instanceof ApiError) || ![401, 403].includes(error.status)) return;
      token.value = "";
      askToken(`Not taken any more: ${error.message}.`);
    });
}
document.addEventListener("unauthorized", () => {
  if (!byId("token-dialog").open && !token.value) askToken();
});
tokenGiven();

route(true);
connection();
feed.run();

// The lists of jobs and of events.

import { byId, foreign, h, keyed } from "./dom.js";
import * as format from "./format.js";

/** A value of others in words, without the brackets of JSON where that is clear enough. */
export function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (value !== null && typeof value === "object") {
    return Object.entries(value)
      .map(([name, each]) => `${name} ${plain(each)}`)
      .join(", ");
  }
  return String(value);
}

/** An event, with its values as the log has them. */
export function eventItem(event) {
  const values = Object.entries(event.values ?? {}).map(([name, value]) =>
    h("span", { class: "pair" }, h("span", { class: "key" }, `${name} `), foreign(plain(value))),
  );
  const warning = event.level === "warning";
  return h(
    "li",
    { class: warning ? "warning" : "info" },
    format.timeElement(event.at),
    h("p", {}, warning ? h("b", {}, "warning ") : null, foreign(event.event), " ", ...values),
  );
}

function jobRow(job) {
  const number = (text) => h("td", { class: "number" }, text);
  return h(
    "tr",
    {},
    h("td", {}, format.timeElement(job.at)),
    h("td", {}, foreign(job.pool), job.group ? h("small", {}, ` group ${job.group}`) : null),
    h("td", { class: "code" }, foreign(job.job)),
    number(job.height ? format.count(job.height) : "–"),
    h("td", {}, job.clean ? h("span", { class: "clean" }, "clean") : ""),
    number(format.difficulty(job.difficulty)),
    number(format.count(job.miners)),
    number(format.delay(job.first)),
    number(format.delay(job.median)),
    number(format.delay(job.last)),
  );
}

/** @param {import("./feed.js").Feed} feed */
export function lists(feed) {
  const jobs = () => {
    byId("jobs").hidden = !feed.jobs.length;
    byId("jobs-empty").hidden = feed.jobs.length > 0;
    keyed(
      byId("jobs").tBodies[0],
      feed.jobs,
      (job) => `${job.at} ${job.pool} ${job.group} ${job.job}`,
      jobRow,
    );
  };
  const events = () => {
    byId("events-empty").hidden = feed.log.length > 0;
    keyed(
      byId("events"),
      feed.log,
      (event) => `${event.at} ${event.event} ${JSON.stringify(event.values)}`,
      eventItem,
    );
  };
  // Hundreds of rows are kept up only while they are looked at.
  feed.addEventListener("jobs", () => byId("jobs-view").hidden || jobs());
  feed.addEventListener("log", () => byId("events-view").hidden || events());
  return { jobs, events };
}

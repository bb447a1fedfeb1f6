// Figures and times in words. Units go by thousand; figures keep three digits.

const NBSP = "\u00a0";
const PREFIXES = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"];
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

/** [figure, unit], such as ["1.92", "EH/s"]. */
export function scaled(value, unit, digits = 3) {
  let power = 0;
  let figure = value;
  while (Math.abs(Number(figure.toPrecision(digits))) >= 1000 && power < PREFIXES.length - 1) {
    figure /= 1000;
    power += 1;
  }
  const small = Math.abs(figure) < 1 && power === 0 ? Number(figure.toPrecision(2)) : null;
  return [String(small ?? figure.toPrecision(digits)), PREFIXES[power] + unit];
}

/** Hashes a second: "1.92 EH/s"; "–" if unknown. */
export function rate(value) {
  if (value === null || value === undefined) return "–";
  return value === 0 ? `0${NBSP}H/s` : scaled(value, "H/s").join(NBSP);
}

/** The same with four digits, for what is paid by it: "1.924 EH/s". */
export const fineRate = (value) => scaled(value, "H/s", 4).join(NBSP);

/** A whole number with its thousands apart. */
export const count = (value) => grouped.format(value);

/** A difficulty: exact where that is short, "4.12 T" above a million. */
export function difficulty(value) {
  if (value === null || value === undefined) return "–";
  if (value < 1e6) return value < 1000 ? fine.format(value) : grouped.format(value);
  return scaled(value, "").join(NBSP).trim();
}

/** 0.0123 as "1.2 %". */
export function percent(fraction) {
  const value = fraction * 100;
  if (value > 0 && value < 0.01) return `<${NBSP}0.01${NBSP}%`;
  const digits = value >= 99.95 || value === 0 ? 0 : value < 1 ? 2 : 1;
  return value.toFixed(digits) + NBSP + "%";
}

/** What is agreed on to two digits: "99.71 %". Never rounded up to all of it; "?" if unknown. */
export function uptime(part) {
  if (part === null) return "?";
  const text = (part * 100).toFixed(2);
  return (part < 1 && text === "100.00" ? "99.99" : text) + NBSP + "%";
}

/** A figure's relative error: "± 0.8 %"; "" if there is none. */
export const error = (fraction) =>
  fraction === null || fraction === undefined ? "" : `±${NBSP}${percent(Math.min(fraction, 1))}`;

/** Seconds that a computer takes: "240 µs", "38 ms", "1.2 s". */
export function delay(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds === 0) return `0${NBSP}ms`;
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)}${NBSP}µs`;
  if (seconds < 0.0995) return `${Number((seconds * 1e3).toPrecision(2))}${NBSP}ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1e3)}${NBSP}ms`;
  return `${Number(seconds.toPrecision(2))}${NBSP}s`;
}

/** Seconds that people wait: "12 s", "4 min", "3 h", "12 d". */
export function duration(seconds) {
  const steps = [
    [99.5, 1, "s"],
    [99.5 * 60, 60, "min"],
    [48 * 3600, 3600, "h"],
    [Infinity, 86400, "d"],
  ];
  const [, unit, name] = steps.find(([below]) => seconds < below);
  return `${Math.max(0, Math.round(seconds / unit))}${NBSP}${name}`;
}

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const timeOfDay = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

/** Unix seconds as a full date and time, in the reader's zone. */
export const full = (at) => absolute.format(at * 1000);
export const clock = (at) => timeOfDay.format(at * 1000);
/** Unix seconds as exactly as a chart of that step (seconds) is. */
export const moment = (at, step) =>
  (step >= 86400 ? day : step < 60 ? timeOfDay : dayAndTime).format(at * 1000);

// The server's clock, as the page last heard it: a browser's own may be wrong, and "3 s ago" is not.
let offset = 0;

/** Takes over the server's clock (Unix seconds). */
export function setNow(now) {
  offset = now - performance.now() / 1000;
}

/** The server's time now, Unix seconds. */
export const now = () => (offset ? offset + performance.now() / 1000 : Date.now() / 1000);

/** "12 s ago". */
export function ago(at) {
  const age = now() - at;
  return age < 1 ? "now" : `${duration(age)} ago`;
}

/** A <time> that says how long ago it was, and exactly when in its title. */
export function timeElement(at) {
  const element = document.createElement("time");
  setTime(element, at);
  return element;
}

/** Moves a <time> to another moment; null is "never". */
export function setTime(element, at) {
  if (at === null || at === undefined) {
    delete element.dataset.at;
    element.removeAttribute("title");
    element.textContent = "never";
    return;
  }
  if (element.dataset.at !== String(at)) {
    element.dataset.at = at;
    element.dateTime = new Date(at * 1000).toISOString();
    element.title = full(at);
  }
  const text = ago(at);
  if (element.textContent !== text) element.textContent = text;
}

/** Brings every <time> of the page up to date. */
export function tick() {
  for (const element of document.querySelectorAll("time[data-at]")) {
    setTime(element, Number(element.dataset.at));
  }
}

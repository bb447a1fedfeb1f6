// The live picture: one event stream, watched, and taken up again by itself when it breaks.
//
// Events of a Feed (CustomEvent, the value in `detail`):
//   summary  once a second, as /api/summary
//   jobs     the newest jobs, newest first
//   log      the newest events, newest first
//   state    when `state`, `why` or `retryAt` changed

import { get, stream } from "./api.js";
import { setNow } from "./format.js";

/** Summaries come every second; after this long without one the page is not live (seconds). */
const SILENCE = 5;
const LONGEST_PAUSE = 30;
const MOST = { jobs: 200, log: 500 };
const IDENTITY = {
  jobs: (job) => `${job.at} ${job.pool} ${job.group} ${job.job}`,
  log: (event) => `${event.at} ${event.event} ${JSON.stringify(event.values)}`,
};

export class Feed extends EventTarget {
  /** "connecting" (never heard yet), "live" or "lost". */
  state = "connecting";
  why = "";
  /** When the next attempt is (performance.now() milliseconds), while there is a pause. */
  retryAt = 0;
  /** The newest summary, and when it was made by the server's clock. */
  summary = null;
  jobs = [];
  log = [];

  #heard = 0;
  #lastId = "";
  #abort = new AbortController();
  #wake = () => {};
  #failures = 0;

  /** Runs for as long as the page does. */
  async run() {
    setInterval(() => this.#watch(), 1000);
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#watch());
    for (;;) {
      this.#abort = new AbortController();
      this.#heard = performance.now();
      try {
        await stream("/api/events", {
          lastId: this.#lastId,
          signal: this.#abort.signal,
          heard: () => {},
          take: (type, data, id) => this.#take(type, data, id),
        });
        this.#lost("the server ended it");
      } catch (error) {
        this.#lost(this.#abort.signal.reason?.why ?? explain(error));
      }
      await this.#pause();
    }
  }

  /** Tries again now. */
  retry() {
    this.#wake();
  }

  #take(type, data, id) {
    if (id) this.#lastId = id;
    if (type === "summary") {
      this.#heard = performance.now();
      this.summary = data;
      setNow(data.now);
      if (this.state !== "live") {
        this.#failures = 0;
        this.#turn("live", "");
        this.#catchUp();
      }
      this.#tell("summary", data);
    } else if (type === "job") {
      this.#add("jobs", [data]);
    } else if (type === "event") {
      this.#add("log", [data]);
    }
  }

  /** What was told before the stream began, or while it was broken. */
  async #catchUp() {
    const [jobs, log] = await Promise.allSettled([get("/api/jobs"), get("/api/log")]);
    if (jobs.status === "fulfilled") this.#add("jobs", jobs.value.jobs);
    if (log.status === "fulfilled") this.#add("log", log.value.events);
  }

  #add(kind, news) {
    const known = new Map(this[kind].map((each) => [IDENTITY[kind](each), each]));
    for (const each of news) known.set(IDENTITY[kind](each), each);
    this[kind] = [...known.values()].sort((a, b) => b.at - a.at).slice(0, MOST[kind]);
    this.#tell(kind, this[kind]);
  }

  /** A stream may hang without ending: a cable pulled, a laptop that slept. */
  #watch() {
    const silent = (performance.now() - this.#heard) / 1000;
    if (silent > SILENCE && !this.#abort.signal.aborted && !this.retryAt) {
      this.#abort.abort({ why: `nothing was heard for ${Math.round(silent)} s` });
    }
  }

  #lost(why) {
    this.#turn(this.summary ? "lost" : "connecting", why);
  }

  async #pause() {
    const longest = Math.min(LONGEST_PAUSE, 2 ** this.#failures);
    this.#failures += 1;
    // Many dashboards lose one server at once: they do not all come back at once.
    const pause = longest * (0.5 + Math.random() / 2) * 1000;
    this.retryAt = performance.now() + pause;
    this.#tell("state");
    await new Promise((done) => {
      const timer = setTimeout(done, pause);
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
    this.retryAt = 0;
    this.#tell("state");
  }

  #turn(state, why) {
    this.state = state;
    this.why = why;
    this.#tell("state");
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const explain = (error) =>
  error instanceof TypeError ? "the server can't be reached" : error.message;

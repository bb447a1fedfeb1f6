// The HTTP API: questions, actions, the token for them, and the event stream.

/** An answer that is not a success, in the server's own words. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const KEY = "stratumproxy-token";

/** What the token is good for, by the server: "act", "read", or "" as long as it has not said. */
export const access = { may: "", tenant: null };

/** The bearer token: kept for this tab and session only, so it is gone when the tab is closed. */
export const token = {
  get value() {
    try {
      return sessionStorage.getItem(KEY) ?? "";
    } catch {
      return "";
    }
  },
  set value(secret) {
    if (secret) sessionStorage.setItem(KEY, secret);
    else {
      sessionStorage.removeItem(KEY);
      Object.assign(access, { may: "", tenant: null });
    }
    document.dispatchEvent(new Event("token"));
  },
};

/** What a secret is sent as: a header has bytes, and the server's file is UTF-8. */
const bearer = (secret) => ({
  Authorization: `Bearer ${String.fromCharCode(...new TextEncoder().encode(secret))}`,
});

async function ask(path, options = {}) {
  const headers = {
    Accept: "application/json",
    ...(token.value && bearer(token.value)),
    ...options.headers,
  };
  const answer = await fetch(path, { cache: "no-store", ...options, headers });
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 401) document.dispatchEvent(new Event("unauthorized"));
  const words = typeof said.error === "string" ? said.error : answer.statusText;
  throw new ApiError(answer.status, words || `the server answered ${answer.status}`);
}

/** Asks what a secret is good for. Raises ApiError if it is no token, or if there is none. */
export async function tryToken(secret) {
  const answer = await ask("/api/access", { headers: bearer(secret) });
  Object.assign(access, await answer.json());
}

/** The JSON at a path. Raises ApiError, or TypeError if there was no answer. */
export const get = async (path, signal) => (await ask(path, { signal })).json();

/** What is at a path as a file: its bytes, and what the server calls it. Raises what `get` does. */
export async function file(path, signal) {
  const answer = await ask(path, { signal });
  const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
  return { blob: await answer.blob(), name: named?.[1] ?? "" };
}

/** Does an action, such as `post("disconnect", { worker })`. */
export async function post(action, body) {
  const answer = await ask(`/api/actions/${action}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });
  return answer.json();
}

/** A worker's path: names hold slashes, spaces and worse. */
export const workerPath = (name) => `/api/workers/${encodeURIComponent(name)}`;

/** That part of a query which says whose worker is meant; empty if that goes without saying. */
export const ofTenant = (tenant) => (tenant === null ? "" : `tenant=${encodeURIComponent(tenant)}`);

/**
 * Reads server-sent events until the stream ends. EventSource can't send a token and does not tell why
 * it failed, so this is read by hand (the event stream format of the HTML standard, 9.2.6).
 * @param {string} path
 * @param {{lastId: string, signal: AbortSignal, heard: () => void,
 *   take: (type: string, data: any, id: string) => void}} reader `heard` is called for whatever comes,
 *   comments too
 */
export async function stream(path, { lastId, signal, heard, take }) {
  const headers = { Accept: "text/event-stream" };
  if (lastId) headers["Last-Event-ID"] = lastId;
  const answer = await ask(path, { headers, signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let id = lastId;
  let type = "";
  let data = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (data.length) take(type || "message", JSON.parse(data.join("\n")), id);
        type = "";
        data = [];
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "data") data.push(text);
      else if (field === "event") type = text;
      else if (field === "id") id = text;
    }
  }
}

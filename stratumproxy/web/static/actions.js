// What an operator with the token may do: asking for it, giving orders, and those to a worker.

import { access, ApiError, post, token, tryToken } from "./api.js";
import { announce, byId, h, setText } from "./dom.js";
import * as format from "./format.js";
import { plain } from "./log.js";

/** Whether there is a token to act with. */
export const mayAct = () => Boolean(token.value) && access.may !== "read";

/** Asks before what can't be taken back; resolves to whether it was meant. */
export function confirmed(words, verb) {
  const dialog = byId("confirm-dialog");
  setText(byId("confirm-words"), words);
  setText(byId("confirm-yes"), verb);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}

/**
 * Asks for the token, and keeps it if the server says it is the right one; or forgets it.
 * @param {string | Event} [why] what was wrong with the one before
 */
export function askToken(why) {
  const dialog = byId("token-dialog");
  const form = dialog.querySelector("form");
  const input = byId("token-input");
  const said = byId("token-said");
  input.value = "";
  setText(said, typeof why === "string" ? why : "");
  dialog.showModal();
  byId("token-forget").onclick = () => {
    token.value = "";
    dialog.close();
  };
  byId("token-cancel").onclick = () => dialog.close();
  dialog.onclose = () => {
    input.value = "";
  };
  form.onsubmit = async (event) => {
    event.preventDefault();
    const secret = input.value.trim();
    if (!secret) return dialog.close();
    setText(said, "");
    try {
      await tryToken(secret);
    } catch (error) {
      setText(
        said,
        error instanceof ApiError
          ? `Not taken: ${error.message}.`
          : "Not taken: the server can't be reached.",
      );
      return input.select();
    }
    if (input.value.trim() !== secret) return; // it was thought better of meanwhile
    token.value = secret;
    dialog.close();
  };
}

/**
 * The panel of actions on a worker; without a token it says what is needed.
 * @param {{worker: string, tenant?: string}} who its name, and whose it is, as far as that is known
 */
export function actionsPanel(who) {
  const panel = h("section", { class: "panel actions", "aria-labelledby": "worker-actions" });
  fill(panel, who);
  return panel;
}

/** Shows it anew, after the token was given or forgotten. */
actionsPanel.refresh = (view, who) => {
  const panel = view.querySelector(".actions");
  if (panel) fill(panel, who);
};

/** A button that disconnects one connection. */
actionsPanel.disconnect = (miner) =>
  h(
    "button",
    {
      type: "button",
      "aria-label": `Disconnect ${miner.address}`,
      on: { click: (event) => act(event.currentTarget, null, "disconnect", { miner: miner.id }) },
    },
    "Disconnect",
  );

function fill(panel, who) {
  const { worker } = who;
  const title = h("h2", { id: "worker-actions" }, "Actions");
  if (!mayAct()) {
    const give = h("button", { type: "button", on: { click: askToken } }, "Give the token…");
    panel.replaceChildren(
      title,
      h(
        "p",
        { class: "note" },
        token.value
          ? "They need another token: this one is for reading only."
          : "They need the secret of [api] token_file.",
      ),
      give,
    );
    return;
  }
  const said = h("p", { class: "note", role: "status" });
  const seconds = h(
    "select",
    { id: "ban-seconds" },
    ...[
      [600, "10 minutes"],
      [3600, "1 hour"],
      [86400, "1 day"],
    ].map(([value, label]) => h("option", { value }, label)),
  );
  const difficulty = h("input", {
    id: "set-difficulty",
    type: "number",
    min: "0",
    step: "any",
    required: true,
    inputmode: "decimal",
  });
  const button = (label, run) =>
    h("button", { type: "button", on: { click: (event) => run(event.currentTarget) } }, label);
  panel.replaceChildren(
    title,
    h(
      "div",
      { class: "controls" },
      button("Disconnect", async (self) => {
        if (
          await confirmed(
            `Disconnect every miner of ${worker}? Most come back by themselves within seconds.`,
            "Disconnect",
          )
        ) {
          act(self, said, "disconnect", { ...who });
        }
      }),
    ),
    h(
      "div",
      { class: "controls" },
      h("label", { for: "ban-seconds" }, "Ban for"),
      seconds,
      button("Ban", async (self) => {
        const time = seconds.selectedOptions[0].textContent;
        if (
          await confirmed(
            `Ban ${worker} for ${time}? Its machines earn nothing here meanwhile.`,
            "Ban",
          )
        ) {
          act(self, said, "ban", { ...who, seconds: Number(seconds.value) });
        }
      }),
    ),
    h(
      "div",
      // What is usual is the whole proxy's to say.
      { class: "controls", hidden: access.tenant !== null },
      button("This is how it is", async (self) => {
        if (
          await confirmed(
            `Take what ${worker} does now for what it usually does? It is called slow when it does less than 75 % of that.`,
            "Take it",
          )
        ) {
          act(
            self,
            said,
            "accept",
            { ...who },
            ({ was, usual, kept }) =>
              `usual is ${format.rate(usual)} now, it was ${format.rate(was)}${kept ? "" : "; a restart forgets that"}`,
          );
        }
      }),
    ),
    h(
      "form",
      {
        class: "controls",
        on: {
          submit: (event) => {
            event.preventDefault();
            if (Number(difficulty.value) > 0)
              act(event.submitter, said, "difficulty", {
                ...who,
                difficulty: Number(difficulty.value),
              });
          },
        },
      },
      h("label", { for: "set-difficulty" }, "Difficulty"),
      difficulty,
      h("button", {}, "Set"),
      button("Automatic", (self) => act(self, said, "difficulty", { ...who, difficulty: null })),
    ),
    said,
  );
}

/**
 * Gives an order, and says what came of it: under the buttons, or to a screen reader alone.
 * @param {HTMLButtonElement} button can't be pressed meanwhile
 * @param {Element|null} said
 * @param {string} action
 * @param {Object} body
 * @param {(done: any) => string} [inWords] what was done
 */
export async function act(button, said, action, body, inWords = plain) {
  const focused = document.activeElement === button;
  button.disabled = true;
  let words;
  let failed = false;
  try {
    const { done } = await post(action, body);
    const { failed: left, ...rest } = done ?? {};
    const processes = Object.entries(left ?? {}).map(
      ([process, why]) => ` Not by mining process ${process}: ${why}.`,
    );
    const what = inWords(rest);
    words = (what ? `Done: ${what}.` : "Done.") + processes.join("");
    failed = processes.length > 0;
  } catch (error) {
    words =
      error instanceof ApiError
        ? `Not done: ${error.message}`
        : "Not done: the server can't be reached.";
    failed = true;
  }
  button.disabled = false;
  // A button that can't be pressed loses the focus, and who has only the keyboard the place.
  if (focused && document.activeElement === document.body) button.focus();
  if (!said) return announce(words);
  said.classList.toggle("failed", failed);
  setText(said, words);
}

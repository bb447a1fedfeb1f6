// Making and changing elements. Names, agents and events come from miners and pools: they only ever
// become text nodes and attribute values, and no file of this page parses HTML.

/**
 * A new element.
 * @param {string} tag
 * @param {Object<string, any>} props attributes; `on` is an object of listeners, `class` the class;
 *   true is an empty attribute; false, null and undefined leave one out
 * @param {...(Node|string|number|null|false)} children strings become text
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [type, listener] of Object.entries(value))
        element.addEventListener(type, listener);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

/** Sets the text if it is another one: a selection in it, or a reader's place, survives. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute if it is another one; null takes it away. */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Text of others that is shown among our own: their right-to-left marks stay inside. */
export const foreign = (text) => h("bdi", {}, text);

export const byId = (id) => document.getElementById(id);

/**
 * Keeps a parent's children in step with a list, reusing those of the same key, so that focus and
 * selection stay where they are.
 * @param {Element} parent
 * @param {Array} items
 * @param {(item: any) => string} keyOf
 * @param {(item: any) => Element} make
 * @param {(element: Element, item: any) => void} update
 */
export function keyed(parent, items, keyOf, make, update = () => {}) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = new Set(items.map(keyOf));
  for (const [key, child] of old) if (!wanted.has(key)) child.remove();
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let element = old.get(key);
    if (!element) {
      element = make(item);
      element.dataset.key = key;
    }
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
}

/** Says something to a screen reader, once and politely. For rare news only. */
export function announce(text) {
  setText(byId("announcer"), text);
}

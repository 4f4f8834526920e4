// Small helpers to build and to keep DOM nodes. Text goes in as text: nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// Make `host` hold one node per item. A node whose item did not change stays as it is; `draw(item, before)` makes the
// others, `before` being the item that the node with the same key showed until now.
export function keyed(host, items, key, draw) {
  const known = new Map([...host.children].map((node) => [node.shownKey, node]));
  let at = host.firstChild;
  for (const item of items) {
    const itemKey = key(item);
    const said = JSON.stringify(item);
    let node = known.get(itemKey);
    if (node?.said !== said) {
      const fresh = Object.assign(draw(item, node?.item), { shownKey: itemKey, said, item });
      fresh.classList.toggle("new", !node);
      if (node === at && node) at = fresh;
      node?.replaceWith(fresh);
      node = fresh;
    }
    if (node === at) at = at.nextSibling;
    else host.insertBefore(node, at);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

export const time = (t_s) => new Date(t_s * 1000).toISOString().slice(11, 19);
export const percent = (p) => `${p >= 0.995 ? Math.round(100 * p) : Math.min(99, Math.round(100 * p))} %`;
export const grams = (g) => `${(Math.round(g) || 0).toLocaleString("en").replaceAll(",", "\u202f")} g`; // never "-0"

export function lasting(s) {
  if (s < 1) return "0 s";
  if (s < 100) return `${Math.floor(s)} s`;
  if (s < 6000) return `${Math.floor(s / 60)} min`;
  if (s < 360000) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

// One hue per session: sessions are counted, and the golden angle keeps neighbours far apart.
export function colour(session) {
  const number = Number(/\d*$/.exec(session ?? "")[0]);
  return session ? `oklch(0.6 0.15 ${((number + 1) * 137.508) % 360})` : "var(--ink-3)";
}

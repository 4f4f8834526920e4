// A cart that a person puts together who knows better: a counter for each product, and another one from the store's list.

import { el } from "/static/dom.js";

const OF_ONE_AT_MOST = 99;

// `products` by GTIN; `cart` is where to begin, as [gtin, count]. `charge(counts, total_cents)` makes the button that
// sends it off, anew after each change.
export function basket(products, cart, money, charge) {
  const rows = new Map();
  const list = el("div");
  const foot = el("div");

  const add = (gtin, count) => {
    const { name, price_cents } = products.get(gtin);
    const number = el("output", { "aria-label": `How many: ${name}` });
    const price = el("span", { class: "price" });
    const [fewer, more] = [["−", "One fewer", -1], ["+", "One more", 1]].map(([sign, words, by]) => {
      const button = el("button", { type: "button", "aria-label": `${words}: ${name}` }, sign);
      button.addEventListener("click", () => row.hold(row.count + by));
      return button;
    });
    const node = el("div", { class: "held", "data-gtin": gtin }, fewer, number, more,
      el("span", { class: "what", title: name }, name), price);
    const row = {
      hold(held) {
        row.count = Math.max(0, Math.min(OF_ONE_AT_MOST, held));
        row.cents = row.count * price_cents;
        number.textContent = row.count;
        price.textContent = money(row.cents);
        node.classList.toggle("none", row.count === 0);
        total();
      },
    };
    rows.set(gtin, row);
    list.append(node);
    row.hold(count);
  };

  const total = () => {
    const held = [...rows].filter(([, row]) => row.count);
    const counts = Object.fromEntries(held.map(([gtin, row]) => [gtin, row.count]));
    foot.replaceChildren(charge(counts, held.reduce((sum, [, row]) => sum + row.cents, 0)));
  };

  const choice = el("select", { "aria-label": "Another product" },
    ...[...products].map(([gtin, { name }]) => el("option", { value: gtin }, name)));
  const button = el("button", { type: "button" }, "Add");
  button.addEventListener("click", () => {
    const row = rows.get(choice.value);
    if (row) row.hold(row.count + 1);
    else add(choice.value, 1);
  });

  for (const [gtin, count] of cart) add(gtin, count);
  total();
  return el("div", { class: "basket" }, list, el("div", { class: "another" }, choice, button), foot);
}

// The floor from above, drawn in centimetres; y grows upwards, as on any plan.

import { colour, percent, svg } from "/static/dom.js";

const MARGIN = 70;
const SURE = 0.95; // who is surer than this needs no figure
const ARROW = "M -26 0 H 18 M 6 -12 L 19 0 L 6 12";

export class Floor {
  constructor(host) {
    this.root = svg("svg", { role: "img", "aria-label": "Plan of the floor" });
    this.dots = new Map();
    this.seen = new Set();
    host.replaceChildren(this.root);
    new ResizeObserver(() => this.scale()).observe(host);
  }

  // Text and dots keep their size on the screen, whatever the size of the store: --u is one screen pixel.
  scale() {
    const width = this.root.clientWidth;
    if (this.box && width) this.root.style.setProperty("--u", Math.max(this.box[2] / width, this.box[3] / this.root.clientHeight));
  }

  plan(plan) {
    const corners = [
      ...plan.lanes.flatMap(({ x_m: x, y_m: y, width_m: w, depth_m: d }) => [
        [x - Math.max(w, d) / 2, y - Math.max(w, d) / 2],
        [x + Math.max(w, d) / 2, y + Math.max(w, d) / 2],
      ]),
      ...plan.gates.map((g) => [g.x_m, g.y_m]),
    ];
    const [xs, ys] = [corners.map((c) => 100 * c[0]), corners.map((c) => -100 * c[1])];
    const [left, top] = [Math.min(...xs) - MARGIN, Math.min(...ys) - MARGIN];
    const [width, height] = [Math.max(...xs) + MARGIN - left, Math.max(...ys) + MARGIN - top];
    this.box = [left, top, width, height];
    this.root.setAttribute("viewBox", this.box.join(" "));
    this.middle = [left + width / 2, top + height / 2];

    this.laneRects = plan.lanes.map((lane) => this.lane(lane));
    this.gateNodes = plan.gates.map((gate) => this.gate(gate));
    this.trails = svg("g", { class: "trails" });
    this.effects = svg("g", { class: "effects" });
    this.people = svg("g", { class: "people" });
    this.root.replaceChildren(
      svg("defs", {}, svg("pattern", { id: "metres", width: 100, height: 100, patternUnits: "userSpaceOnUse" },
        svg("path", { d: "M -4 0 H 4 M 0 -4 V 4 M 96 0 H 104 M 100 -4 V 4 M -4 100 H 4 M 0 96 V 104 M 96 100 H 104 M 100 96 V 104", class: "metre" }))),
      svg("rect", { x: left - width, y: top - height, width: 3 * width, height: 3 * height, fill: "url(#metres)" }),
      svg("g", { class: "scale", transform: `translate(${left + 25} ${top + height - 25})` },
        svg("path", { d: "M 0 -8 V 0 H 100 V -8" }), svg("text", { x: 50, y: -10 }, "1 m")),
      ...plan.gondolas.map((gondola, i) => this.gondola(gondola, i, plan.lanes)),
      svg("g", {}, ...this.laneRects),
      svg("g", {}, ...this.gateNodes),
      this.trails, this.people, this.effects,
    );
    this.dots.clear();
    this.scale();
  }

  lane({ id, name, x_m, y_m, width_m: w, depth_m: d, facing_deg }) {
    const transform = `translate(${100 * x_m} ${-100 * y_m}) rotate(${-facing_deg})`;
    return svg("g", { class: "plate", transform },
      svg("rect", { x: -50 * d, y: -50 * w, width: 100 * d, height: 100 * w }),
      svg("title", {}, `${id} ${name}`));
  }

  // The body of a gondola behind its plates, with its front edge and its number.
  gondola(shelves, number, lanes) {
    const all = shelves.flatMap((shelf) => shelf.lanes.map((i) => lanes[i]));
    const a = (all[0].facing_deg * Math.PI) / 180;
    const front = all.map((l) => 100 * (l.x_m * Math.cos(a) + l.y_m * Math.sin(a)));
    const side = all.map((l) => -100 * (-l.x_m * Math.sin(a) + l.y_m * Math.cos(a)));
    const reach = (values, size) => {
      const ends = [Math.min(...values.map((v, i) => v - 50 * size(all[i]))), Math.max(...values.map((v, i) => v + 50 * size(all[i])))];
      return [ends[0], ends[1] - ends[0]];
    };
    const [x, depth] = reach(front, (l) => l.depth_m);
    const [y, length] = reach(side, (l) => l.width_m);
    const [cx, cy] = [x - 26, y + length / 2];
    return svg("g", { class: "gondola", transform: `rotate(${-all[0].facing_deg})` },
      svg("rect", { x: x - 8, y: y - 6, width: depth + 10, height: length + 12, rx: 5 }),
      svg("path", { d: `M ${x + depth + 2} ${y - 3} v ${length + 6}` }),
      svg("text", { transform: `translate(${cx} ${cy}) rotate(${all[0].facing_deg})` }, `Gondola ${number + 1}`));
  }

  // A door across the way, and an arrow into the store or out of it.
  gate({ name, direction, x_m, y_m }) {
    const [x, y] = [100 * x_m, -100 * y_m];
    const [dx, dy] = [(this.middle[0] - x) / this.box[2], (this.middle[1] - y) / this.box[3]];
    const inwards = Math.abs(dx) > Math.abs(dy) ? (dx > 0 ? 0 : 180) : dy > 0 ? 90 : -90;
    const angle = direction === "in" ? inwards : inwards + 180;
    return svg("g", { class: "gate", transform: `translate(${x} ${y})` },
      svg("g", { transform: `rotate(${angle})` },
        svg("path", { class: "door", d: "M 0 -45 V -30 M 0 30 V 45" }), svg("path", { class: "arrow", d: ARROW })),
      svg("text", { y: 62 }, name));
  }

  gates(gates) {
    gates.forEach(({ state, well }, i) => {
      this.gateNodes[i].classList.toggle("unwell", !well);
      this.gateNodes[i].classList.toggle("open", state.startsWith("open"));
    });
  }

  lanes(lanes) {
    lanes.forEach(([, trouble, , low], i) => {
      this.laneRects[i].classList.toggle("trouble", trouble !== null);
      this.laneRects[i].classList.toggle("low", low);
    });
  }

  show(people) {
    const here = new Set();
    for (const [body, x, y, session, sure, lost, trail] of people) {
      here.add(body);
      const dot = this.dots.get(body) ?? this.dot(body);
      this.own(dot, session);
      dot.group.style.transform = `translate(${x}px, ${-y}px)`;
      dot.group.classList.toggle("lost", lost);
      const said = session ? session + (sure < SURE ? ` ${percent(sure)}` : "") : "?";
      if (dot.label.textContent !== said) dot.label.textContent = said;
      const points = [];
      for (let i = 0; i + 1 < trail.length - 2; i += 2) points.push(`${trail[i]},${-trail[i + 1]}`);
      dot.trail.setAttribute("points", points.join(" "));
    }
    for (const [body, dot] of this.dots) {
      if (!here.has(body)) {
        dot.group.remove();
        dot.trail.remove();
        this.dots.delete(body);
      }
    }
  }

  dot(body) {
    const label = svg("text", { class: "name" });
    const group = svg("g", { class: "dot" }, svg("circle", { class: "halo" }), svg("circle", { class: "body" }), label);
    const trail = svg("polyline");
    this.people.append(group);
    this.trails.append(trail);
    const dot = { group, label, trail };
    this.dots.set(body, dot);
    return dot;
  }

  // Whose a body most probably is may change: its colour changes with it.
  own(dot, session) {
    if (dot.session === session) return;
    dot.session = session;
    dot.group.dataset.session = session ?? "";
    for (const node of [dot.group, dot.trail]) node.style.setProperty("--session", colour(session));
  }

  // Lanes whose weight has changed and whose change is being explained: each flashes once.
  changes(changes, index) {
    const now = new Set(changes.map(([lane, , t1_s]) => `${lane} ${t1_s}`));
    for (const [lane, delta_g, t1_s] of changes) {
      const plate = this.laneRects[index.get(lane)];
      if (this.seen.has(`${lane} ${t1_s}`) || !plate) continue;
      const rect = plate.firstChild.cloneNode();
      const [, x, y] = plate.getAttribute("transform").match(/translate\((\S+) (\S+)\)/);
      const text = svg("text", { x: 0, y: 0 }, `${delta_g < 0 ? "−" : "+"}${Math.abs(delta_g).toFixed(0)} g`);
      this.effect(svg("g", { class: delta_g < 0 ? "took" : "put" },
        svg("g", { transform: plate.getAttribute("transform") }, rect),
        svg("g", { transform: `translate(${x} ${y})` }, text)), text);
    }
    this.seen = now;
  }

  // What a cart has just gained or lost, said above its owner.
  said(session, words) {
    const dot = [...this.dots.values()].find((d) => d.session === session);
    if (!dot) return;
    const text = svg("text", { class: "said" }, words);
    dot.group.append(text);
    text.addEventListener("animationend", () => text.remove());
  }

  effect(node, last) {
    this.effects.append(node);
    last.addEventListener("animationend", () => node.remove());
  }
}

// Draws what the feed says into the panels; what is clicked there goes to the server as an `act`.

import { basket } from "/static/basket.js";
import { colour, el, grams, keyed, lasting, percent, time } from "/static/dom.js";
import { Floor } from "/static/floor.js";

const RETRY_MS = 1000;
const NARROW = matchMedia("(max-width: 820px)"); // as in the style sheets: there, what can wait is folded up
const TASKS = {
  foreign: "left behind", weight: "wrong weight", planogram: "wrong plan", misplaced: "misplaced", restock: "fill up",
};

export default {
  template: "<div hidden></div>",
  props: { pressable: Boolean },
  emits: ["act"],

  mounted() {
    this.host = Object.fromEntries(
      ["facts", "clock", "floor", "carts", "slips", "tasks", "lanes", "nodes", "notes"].map((n) => [n, document.querySelector(`.${n}`)]),
    );
    const [questions, slips, gates, nodes] = [0, 1, 2, 3].map(() => el("div", { class: "list" }));
    this.host.slips.replaceChildren(questions, slips);
    this.host.nodes.replaceChildren(gates, nodes);
    Object.assign(this.host, { questionList: questions, slipList: slips, gateList: gates, nodeList: nodes });
    this.floor = new Floor(this.host.floor);
    this.busy = new Set();
    this.now = {};
    this.ahead_s = 0;
    this.timer = setInterval(() => this.age(), 1000);
    this.connect();
  },

  unmounted() {
    clearInterval(this.timer);
    this.socket.onclose = null;
    this.socket.close();
  },

  methods: {
    connect() {
      const url = new URL("/feed", location);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      this.socket = new WebSocket(url);
      this.socket.onopen = () => document.body.classList.remove("stale");
      this.socket.onmessage = ({ data }) => this.show(JSON.parse(data));
      this.socket.onclose = () => {
        document.body.classList.add("stale");
        setTimeout(() => this.connect(), RETRY_MS);
      };
    },

    show(news) {
      this.ahead_s = news.now_s - Date.now() / 1000;
      Object.assign(this.now, news);
      if (news.plan) this.drawPlan(news.plan);
      if (news.people) this.floor.show(news.people);
      if (news.changes) this.floor.changes(news.changes, this.index);
      if (news.lanes) this.drawLanes(news.lanes);
      if (news.tasks) this.drawTasks(news.tasks);
      if (news.gates) this.floor.gates(news.gates);
      if (news.carts) this.drawCarts(news.carts);
      if (news.questions) keyed(this.host.questionList, news.questions, (q) => q.session, this.question);
      if (news.slips) keyed(this.host.slipList, news.slips, (s) => s.session, this.slip);
      if (news.gates) keyed(this.host.gateList, news.gates, (g) => g.name, this.gate);
      if (news.nodes) keyed(this.host.nodeList, news.nodes, (n) => n.name, this.node);
      if (news.notes) keyed(this.host.notes, news.notes, ([at_s, text]) => `${at_s} ${text}`, this.note);
      if (news.carts || news.nodes || news.questions) this.drawFacts();
      if (news.nodes || news.questions) this.age();
    },

    // What grows older by itself.
    age() {
      const now_s = Date.now() / 1000 + this.ahead_s;
      const said = (node, text) => {
        if (node.textContent !== text) node.textContent = text;
      };
      said(this.host.clock, `${time(now_s)} UTC`);
      for (const node of document.querySelectorAll("[data-since]")) said(node, lasting(now_s - node.dataset.since));
    },

    money(cents) {
      return this.currency.format(cents / 100);
    },

    done(act) {
      this.busy.delete(JSON.stringify(act));
      for (const node of document.querySelectorAll("[data-act]")) node.disabled = this.busy.has(node.dataset.act);
    },

    // A button that asks the server for something, and cannot be clicked again until that is done.
    button(act, attributes, ...children) {
      const key = JSON.stringify(act);
      const node = el("button", { type: "button", "data-act": key, ...attributes }, ...children);
      node.disabled = this.busy.has(key);
      node.addEventListener("click", () => {
        this.busy.add(key);
        node.disabled = true;
        this.$emit("act", act);
      });
      return node;
    },

    drawPlan(plan) {
      this.currency = new Intl.NumberFormat(undefined, { style: "currency", currency: plan.currency });
      this.index = new Map(plan.lanes.map((lane, i) => [lane.id, i]));
      this.products = new Map(plan.products.map((product) => [product.gtin, product]));
      this.floor.plan(plan);
      this.cells = [];
      const gondolas = plan.gondolas.map((shelves, i) =>
        el("div", { class: "stand" },
          el("h3", {}, `Gondola ${i + 1}`),
          ...shelves.map((shelf) =>
            el("div", { class: "shelf" }, ...shelf.lanes.map((lane) => (this.cells[lane] = this.cell(plan.lanes[lane])))))));
      this.host.lanes.replaceChildren(...gondolas);
    },

    cell(lane) {
      const parts = { weight: el("b"), stock: el("span", { class: "stock" }), strayed: el("span", { class: "strayed" }) };
      const children = [
        el("span", { class: "product", title: lane.name }, lane.name || "not planned"),
        parts.weight,
        el("span", { class: "foot" }, el("i", {}, lane.id), parts.stock),
        parts.strayed,
      ];
      const style = `flex-grow: ${lane.width_m}`;
      const node = this.pressable
        ? this.button(["press", lane.id], { class: "lane", style, title: `Press the plate of ${lane.id}` }, ...children)
        : el("div", { class: "lane", style }, ...children);
      node.dataset.lane = lane.id;
      return Object.assign(node, { parts });
    },

    drawLanes(lanes) {
      let low = 0;
      lanes.forEach(([weight_g, trouble, stock, isLow, strayed], i) => {
        const { parts, classList } = this.cells[i];
        parts.weight.textContent = trouble ?? grams(weight_g);
        parts.stock.textContent = stock === null ? "" : `${stock} left`;
        parts.strayed.textContent = strayed.length ? `strayed here: ${strayed.join(", ")}` : "";
        classList.toggle("trouble", trouble !== null);
        classList.toggle("low", isLow);
        low += isLow;
      });
      this.floor.lanes(lanes);
      this.heading("lanes", low ? `${low} low` : "");
    },

    drawTasks(tasks) {
      keyed(this.host.tasks, tasks, ({ kind, lanes, gtins }) => [kind, lanes, gtins].join(" "), this.task);
      this.heading("tasks", tasks.length ? `${tasks.length} to do` : "");
    },

    task({ kind, text }) {
      return el("p", { class: `task ${kind}` }, el("span", { class: "tag" }, TASKS[kind]), el("span", {}, text));
    },

    heading(panel, text) {
      document.querySelector(`.panel-${panel} h2 small`).textContent = text;
    },

    drawCarts(carts) {
      keyed(this.host.carts, carts, (cart) => cart.session, this.cart);
      this.heading("carts", carts.length ? `${carts.length} open` : "");
    },

    drawFacts() {
      const { carts, nodes, questions } = this.now;
      const inside = carts.reduce((sum, cart) => sum + cart.inside, 0);
      const alive = nodes.filter((node) => node.alive).length;
      const fact = (number, words, unwell) => el("span", { class: unwell ? "fact unwell" : "fact" }, el("b", {}, number), words);
      this.host.facts.replaceChildren(
        fact(inside, " inside"),
        fact(`${alive}/${nodes.length}`, " nodes", alive < nodes.length),
        ...(questions.length ? [fact(questions.length, questions.length > 1 ? " questions" : " question", true)] : []),
      );
    },

    whose(session, ...more) {
      return el("header", { style: `--session: ${colour(session)}` }, el("span", { class: "swatch" }), el("strong", {}, session), ...more);
    },

    line({ count, name, price_cents, probability }, ...more) {
      return el("div", { class: probability < 0.9 ? "line unsure" : "line" },
        el("span", { class: "count" }, count),
        el("span", { class: "what" }, name),
        el("span", { class: "sure", title: `${percent(probability)} sure of this line` },
          el("span", { style: `width: ${100 * probability}%` })),
        el("span", { class: "price" }, this.money(count * price_cents)),
        ...more);
    },

    cart(cart, before) {
      const had = Object.fromEntries((before?.lines ?? []).map((line) => [line.gtin, line.count]));
      const has = Object.fromEntries(cart.lines.map((line) => [line.gtin, line.count]));
      const lines = cart.lines.map((line) => {
        const node = this.line(line);
        if (before && had[line.gtin] !== line.count) node.classList.add("fresh");
        return node;
      });
      if (before) {
        for (const { gtin, name } of [...cart.lines, ...before.lines.filter((line) => !(line.gtin in has))]) {
          const more = (has[gtin] ?? 0) - (had[gtin] ?? 0);
          if (more) this.floor.said(cart.session, `${more > 0 ? "+" : "−"} ${Math.abs(more) > 1 ? `${Math.abs(more)} ` : ""}${name}`);
        }
      }
      return el("article", { class: "cart", "data-session": cart.session, style: `--session: ${colour(cart.session)}` },
        this.whose(cart.session,
          cart.inside > 1 ? el("span", { class: "tag" }, `party of ${cart.inside}`) : null,
          cart.after ? el("span", { class: "tag" }, `left, receipt after ${cart.after}`) : null,
          lines.length ? el("span", { class: cart.probability < 0.9 ? "whole unsure" : "whole" }, percent(cart.probability)) : null),
        ...(lines.length ? lines : [el("p", { class: "empty" }, "Nothing taken yet")]),
        lines.length ? el("footer", {}, el("span", {}, "Total"), el("b", {}, this.money(cart.total_cents))) : null);
    },

    question({ session, left_s, common, seen, choices, likeliest, waits }) {
      const listed = (units) => units.map(([count, name]) => `${count} × ${name}`).join(", ");
      return el("article", { class: "question", "data-session": session },
        this.whose(session, el("span", { class: "tag" }, "asked"),
          el("span", { class: "at" }, "left ", el("span", { "data-since": left_s }), " ago")),
        el("p", {}, common.length ? `They took ${listed(common)}. And besides?` : "What did they take?"),
        ...choices.map((choice, i) =>
          this.button(["answer", session, i], { class: "choice" },
            el("span", { class: "what" }, listed(choice.beyond) || "nothing", " ",
              el("small", {}, choice.because.map((n) => `[${n + 1}]`).join(" "))),
            el("span", { class: "chance" }, percent(choice.probability)),
            el("b", {}, this.money(choice.total_cents)))),
        this.noneOfThese(session, likeliest),
        waits.length ? el("p", { class: "waits" }, `What ${waits.join(" and ")} took hangs on this, too.`) : null,
        seen.length
          ? el("details", { class: "seen", open: !NARROW.matches },
            el("summary", {}, "What the store saw, and which of it each answer takes for theirs:"),
            ...seen.map((what, n) => el("p", {}, el("span", {}, `[${n + 1}]`), what)))
          : null);
    },

    noneOfThese(session, likeliest) {
      const money = (cents) => this.money(cents);
      const charge = (counts, total_cents) =>
        this.button(["answer", session, counts], { class: "charge" },
          el("span", {}, total_cents ? "Charge this" : "They took nothing"), el("b", {}, money(total_cents)));
      const node = el("details", { class: "own" }, el("summary", {}, "None of these"), el("p", {}, "What they took in all:"));
      node.addEventListener("toggle", () => node.append(basket(this.products, likeliest, money, charge)), { once: true });
      return node;
    },

    slip({ session, at_s, after_s, lines, total_cents, probability, charged_cents, refused }) {
      const total = (kind) => el("b", { class: kind }, this.money(total_cents));
      return el("article", { class: "slip", "data-session": session },
        el("details", { open: !NARROW.matches },
          el("summary", {}, this.whose(session, el("span", { class: "at" }, `${time(at_s)} UTC`), total(refused ? "sum refused" : "sum"))),
          ...lines.map((line) => this.line(line, ...line.because.split("; ").map((why) => el("small", {}, why)))),
          lines.length ? null : el("p", { class: "empty" }, "Took nothing"),
          el("footer", {}, el("span", {}, "Total"), total()),
          el("div", { class: "under" },
            el("span", {}, `${percent(probability)} sure`), el("span", {}, `there after ${after_s.toFixed(1)} s`)),
          refused ? el("p", { class: "refused" }, `${this.money(charged_cents)} charged. ${refused}`) : null));
    },

    gate({ name, direction, state, well }) {
      return el("div", { class: well ? "node" : "node unwell" },
        el("span", { class: "lamp" }), el("strong", {}, name), el("span", { class: "kind" }, direction),
        el("span", { class: "state" }, state));
    },

    node({ name, alive, heard_s, since_s, offset_s, counters, troubles, faults, plugged }) {
      const all = Object.entries(counters).map(([counter, n]) => `${counter.replaceAll("_", " ")} ${n}`).join("\n");
      const plug = () => this.button(["plug", name, !plugged], { class: "plug" }, plugged ? "Pull plug" : "Plug in");
      return el("div", { class: alive ? "node" : "node unwell", "data-node": name, title: all },
        el("span", { class: "lamp" }), el("strong", {}, name),
        el("span", { class: "state" }, alive ? "up " : "silent ", el("span", { "data-since": alive ? since_s : heard_s })),
        offset_s ? el("span", { class: "chip" }, `clock ${offset_s > 0 ? "−" : "+"}${Math.abs(offset_s).toFixed(2)} s`) : null,
        ...Object.entries(faults).map(([reading, fault]) => el("span", { class: "chip bad" }, `${reading}: ${fault}`)),
        ...troubles.map((trouble) => el("span", { class: "chip" }, trouble)),
        plugged === null ? null : plug());
    },

    note([at_s, text]) {
      return el("p", {}, el("time", {}, time(at_s)), text);
    },
  },
};

// Tokens on two sides, and between them a line for each weight.
const kRow = 28;         // pixels of a token's height, as in page.css
const kMostLines = 1500;  // drawn at once

class TextView {
  constructor(page) {
    this.page = page;
    this.section = document.getElementById("tokens");
    this.lines = document.getElementById("lines");
    const side = (name) => new Listbox(document.getElementById(name), {
      choose: (index) => {
        this.other(name).mark(-1);
        this.draw(index < 0 ? null : {side: name, index});
      },
      hover: (index) => this.draw(index < 0 ? this.chosen() : {side: name, index}),
    });
    this.queries = side("queries");
    this.keys = side("keys");
  }

  other(side) { return side === "queries" ? this.keys : this.queries; }

  chosen() {
    if (this.queries.chosen >= 0) return {side: "queries", index: this.queries.chosen};
    return this.keys.chosen >= 0 ? {side: "keys", index: this.keys.chosen} : null;
  }

  show(block) {
    this.block = block;
    const option = (token) => {
      const item = document.createElement("li");
      item.dir = "auto";
      item.textContent = token;
      return item;
    };
    this.queries.fill(block.query_tokens.map(option));
    this.keys.fill(block.key_tokens.map(option));
  }

  draw(active = this.chosen()) {
    const {weights} = this.block, {layer, head} = this.page;
    const found = [];  // query, key, weight
    const add_row = (query) => weights.row(layer, head, query).forEach((w, key) => found.push([query, key, w]));
    if (active?.side === "queries") add_row(active.index);
    else if (active) weights.column(layer, head, active.index).forEach((w, q) => found.push([q, active.index, w]));
    else for (let query = 0; query < weights.queries; ++query) add_row(query);
    this.draw_lines(found);
    this.shade(active, found);
    this.tell(active, found);
  }

  draw_lines(found) {
    const height = kRow * Math.max(this.block.query_tokens.length, this.block.key_tokens.length);
    this.lines.setAttribute("height", height);
    this.lines.setAttribute("viewBox", `0 0 100 ${height}`);
    this.lines.setAttribute("preserveAspectRatio", "none");
    const kept = found.filter(([, , w]) => w > 0.01).sort((a, b) => b[2] - a[2]).slice(0, kMostLines);
    this.lines.replaceChildren(...kept.map(([query, key, w]) => {
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      const set = {x1: 0, y1: (query + 0.5) * kRow, x2: 100, y2: (key + 0.5) * kRow, "stroke-opacity": w.toFixed(3),
                   "stroke-width": (1 + 4 * w).toFixed(2), "vector-effect": "non-scaling-stroke"};
      for (const [name, value] of Object.entries(set)) line.setAttribute(name, value);
      return line;
    }));
  }

  // The tokens of the other side, by their weights.
  shade(active, found) {
    for (const side of ["queries", "keys"])
      [...this[side].element.children].forEach((item, i) => {
        item.classList.toggle("shown", active?.side === side && active.index === i);
        item.style.background = "";
      });
    if (!active) return;
    const other = this.other(active.side).element.children;
    for (const [query, key, w] of found)
      other[active.side === "queries" ? key : query].style.background = `rgb(var(--high) / ${(w * 0.7).toFixed(3)})`;
  }

  tell(active, found) {
    if (!active) return this.page.tell("All lines of this head. Point at a token, or choose one, to see its own.");
    const {query_tokens, key_tokens} = this.block;
    const forward = active.side === "queries";
    const best = largest(found.map(([, , w]) => w), 4).map((i) => found[i]);
    const names = best.map(([query, key, w]) => `“${forward ? key_tokens[key] : query_tokens[query]}” ${percent(w)}`);
    const own = forward ? query_tokens[active.index] : key_tokens[active.index];
    this.page.tell(`“${own}” ${forward ? "looks at" : "is looked at by"} ${names.join(", ")}`);
  }
}

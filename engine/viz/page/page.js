// The page: what is chosen, and the views that show it.
class Page {
  constructor(data) {
    this.data = data;
    Object.assign(this, {view: -1, block: 0, layer: Infinity, head: kMean, mode: "head"});
    this.text = new TextView(this);
    this.image = new ImageView(this);
    this.grid = new GridView(this);
    document.title = data.title;
    document.querySelector("h1").textContent = data.title;
    this.view_select = this.select("view", (view) => this.open(view));
    this.layer_select = this.select("layer", (layer) => this.choose({layer}));
    this.head_select = this.select("head", (head) => this.choose({head}));
    this.options(this.view_select, data.views.map((view, i) => [view.title, i]));
    this.view_select.parentElement.hidden = data.views.length < 2;
    this.radios("modes", [["one head", "head"], ["all layers and heads", "grid"]], "head", (mode) => this.choose({mode}));
    this.theme();
  }

  select(id, choose) {
    const element = document.getElementById(id);
    element.addEventListener("change", () => choose(Number(element.value)));
    return element;
  }

  options(select, names) {
    select.replaceChildren(...names.map(([name, value]) => new Option(name, value)));
  }

  radios(id, names, chosen, choose) {
    const set = document.getElementById(id);
    set.querySelectorAll("label").forEach((label) => label.remove());
    for (const [name, value] of names) {
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), {type: "radio", name: id, value, checked: value === chosen});
      input.addEventListener("change", () => choose(value));
      label.append(input, ` ${name}`);
      set.append(label);
    }
    set.hidden = names.length < 2;
  }

  // What the data say once, as views take it. Until the photo is read the view before is the one shown.
  async open(index) {
    const view = this.data.views[index];
    this.asked = index;
    for (const block of view.blocks) block.weights = block.weights instanceof Weights ? block.weights : new Weights(block);
    if (view.picture && !view.blocks[0].photo) {
      const photo = Object.assign(new Image(), {src: view.picture});
      await photo.decode();
      view.blocks[0].photo = photo;
    }
    if (this.asked !== index) return;  // another was chosen while the photo was read
    this.view = index;
    this.radios("blocks", view.blocks.map((block, i) => [block.name, i]), 0, (block) => this.open_block(block));
    this.open_block(0);
  }

  open_block(index) {
    this.block = index;
    const block = this.current(), {layers, heads} = block.weights;
    const numbers = (count) => [...Array(count).keys()].map((i) => [String(i + 1), i]);
    this.options(this.layer_select, numbers(layers));
    const rollout = block.photo ? [["rollout over all layers", kRollout]] : [];
    this.options(this.head_select, [["mean of all", kMean], ...rollout, ...numbers(heads)]);
    this.text.section.hidden = this.image.section.hidden = this.grid.section.hidden = true;
    (block.photo ? this.image : this.text).show(block);
    this.grid.show(block);
    this.choose({layer: Math.min(this.layer, layers - 1), head: Math.min(this.head, heads - 1)});
  }

  current() { return this.data.views[this.view]?.blocks[this.block]; }  // none before the first is open
  heads() { return this.current().weights.heads; }

  choose(what) {
    Object.assign(this, what);
    const block = this.current();
    if (!block) return;
    if (!block.photo && this.head === kRollout) this.head = kMean;
    this.layer_select.value = this.layer;
    this.head_select.value = this.head;
    document.querySelectorAll("#modes input").forEach((input) => { input.checked = input.value === this.mode; });
    const grid = this.mode === "grid";
    this.grid.section.hidden = !grid;
    this.text.section.hidden = grid || Boolean(block.photo);
    this.image.section.hidden = grid || !block.photo;
    (grid ? this.grid : block.photo ? this.image : this.text).draw();
  }

  tell(text) { document.getElementById("status").textContent = text; }

  // The switch goes against what the system wishes, and back.
  theme() {
    const button = document.getElementById("theme"), system = matchMedia("(prefers-color-scheme: dark)");
    const root = document.documentElement, is_dark = () => root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
    const show = () => {
      button.setAttribute("aria-pressed", String(is_dark()));
      if (this.mode === "grid" && this.current()) this.grid.draw();
    };
    button.addEventListener("click", () => {
      root.dataset.theme = is_dark() ? "light" : "dark";
      show();
    });
    system.addEventListener("change", show);
    button.setAttribute("aria-pressed", String(is_dark()));
  }
}

new Page(JSON.parse(document.getElementById("data").textContent)).open(0);

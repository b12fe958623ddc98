// A photo lit where a query patch looks; the patch moves by pointer and arrow keys.
const kDarkest = 0.16;  // of the photo's light
const kSide = 640;      // pixels of the large picture, about

// Weights as light from 0 to 1: the lowest quarter is dark, the highest fifth keeps the photo's own light.
function light_of(values) {
  const sorted = [...values].sort((a, b) => a - b), at = (share) => sorted[Math.floor(share * (sorted.length - 1))];
  const low = at(0.25), high = at(0.8);
  return values.map((v) => high > low ? Math.min(Math.max((v - low) / (high - low), 0), 1) ** 0.7 : Number(v >= high));
}

class ImageView {
  constructor(page) {
    this.page = page;
    this.section = document.getElementById("photo");
    this.canvas = document.getElementById("picture");
    this.canvas.setAttribute("aria-label",
                             "Photo. The arrow keys move the query patch, Home takes the class token as the query.");
    this.button = document.getElementById("class-token");
    this.heads = new Listbox(document.getElementById("heads"), {choose: (index) => index >= 0 && page.choose({head: index})});
    this.query = 0;
    this.button.addEventListener("click", () => this.move(0));
    const point = (event) => this.move(this.patch_at(event));
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      point(event);
    });
    this.canvas.addEventListener("pointermove", (event) => event.buttons & 1 && point(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  show(block) {
    this.block = block;
    this.query = block.query;
    const scale = Math.max(1, Math.round(kSide / Math.max(block.photo.width, block.photo.height)));
    this.canvas.width = block.photo.width * scale;
    this.canvas.height = block.photo.height * scale;
    document.getElementById("answers").textContent =
        block.answers.map(([label, probability]) => `${label} ${percent(probability)}`).join(", ");
    const pictures = [...Array(block.weights.heads).keys()].map((head) => picture_option(`head ${head + 1}`, block.photo));
    this.heads.fill(pictures, Math.min(3, pictures.length));
    this.heads.element.style.gridTemplateColumns = `repeat(${this.heads.columns}, max-content)`;
  }

  patch_at(event) {
    const {rows, columns, prefix, seen} = this.block, box = this.canvas.getBoundingClientRect();
    const across = ((event.clientX - box.left) / box.width - seen[0]) / seen[2],
          down = ((event.clientY - box.top) / box.height - seen[1]) / seen[3];
    const inside = (share, count) => Math.min(Math.max(Math.floor(share * count), 0), count - 1);
    return prefix + inside(down, rows) * columns + inside(across, columns);
  }

  key(event) {
    const {rows, columns, prefix} = this.block, patch = Math.max(this.query - prefix, 0);
    const steps = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1]};
    if (event.key === "Home") this.move(0);
    else if (event.key in steps) {
      const [dx, dy] = this.query < prefix ? [0, 0] : steps[event.key];
      const x = patch % columns + dx, y = Math.floor(patch / columns) + dy;
      if (x >= 0 && x < columns && y >= 0 && y < rows) this.move(prefix + y * columns + x);
    } else return;
    event.preventDefault();
  }

  move(query) {
    if (query === this.query) return;
    this.query = query;
    this.draw();
  }

  map(layer, head) {  // (rows, columns)
    return this.block.weights.row(layer, head, this.query).subarray(this.block.prefix);
  }

  draw() {
    const {layer, head} = this.page;
    this.paint(this.canvas, this.map(layer, head));
    this.mark();
    this.button.setAttribute("aria-pressed", String(this.query === 0));
    [...this.heads.element.querySelectorAll("canvas")].forEach((canvas, i) => this.paint(canvas, this.map(layer, i)));
    this.heads.mark(head);
    this.tell(this.map(layer, head));
  }

  // The photo under a veil that is thin where the map is high.
  paint(canvas, map) {
    const {photo, rows, columns, seen} = this.block, context = canvas.getContext("2d"), {width, height} = canvas;
    const veil = new ImageData(columns, rows), light = light_of(map);
    light.forEach((l, i) => { veil.data[4 * i + 3] = Math.round(255 * (1 - kDarkest) * (1 - l)); });
    const small = Object.assign(document.createElement("canvas"), {width: columns, height: rows});
    small.getContext("2d").putImageData(veil, 0, 0);
    const [x, y, w, h] = [seen[0] * width, seen[1] * height, seen[2] * width, seen[3] * height];
    context.imageSmoothingQuality = "high";
    context.drawImage(photo, 0, 0, width, height);
    context.drawImage(small, x, y, w, h);
    context.fillStyle = `rgb(0 0 0 / ${1 - kDarkest})`;
    for (const rest of [[0, 0, width, y], [0, y + h, width, height], [0, y, x, h], [x + w, y, width, h]])
      context.fillRect(...rest);
  }

  mark() {
    const {rows, columns, prefix, seen} = this.block, patch = this.query - prefix;
    if (patch < 0) return;
    const {width, height} = this.canvas, w = seen[2] * width / columns, h = seen[3] * height / rows;
    const x = seen[0] * width + patch % columns * w, y = seen[1] * height + Math.floor(patch / columns) * h;
    const context = this.canvas.getContext("2d");
    for (const [style, line] of [["black", 5], ["white", 2]]) {
      Object.assign(context, {strokeStyle: style, lineWidth: line});
      context.strokeRect(x, y, w, h);
    }
  }

  name(patch) { return `row ${Math.floor(patch / this.block.columns) + 1} column ${patch % this.block.columns + 1}`; }

  tell(map) {
    const own = this.query < this.block.prefix ? "The class token" : `The patch at ${this.name(this.query - this.block.prefix)}`;
    const relative = this.page.head === kRollout;  // to an average token
    const parts = largest(map, 3).map((i) => `${this.name(i)} (${relative ? `${map[i].toFixed(1)} times the usual` : percent(map[i])})`);
    this.page.tell(`${own} looks at ${parts.join(", ")}`);
  }
}

// All layers and heads as small pictures: matrices of a text, photos of an image.
// shape: what has the width and height of a photo; matrices become squares. side: pixels of the longer one.
function picture_option(name, shape, side = 112) {
  const {width, height} = shape ?? {width: 1, height: 1}, scale = side / Math.max(width, height);
  const option = document.createElement("div"), canvas = document.createElement("canvas");
  option.append(Object.assign(canvas, {width: Math.round(width * scale), height: Math.round(height * scale)}), name);
  return option;
}

// A colour of page.css, such as --high, as three numbers.
function colour_of(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim().split(/\s+/).map(Number);
}

// The matrix of a head; the largest weight has the full colour.
function paint_matrix(canvas, weights, layer, head) {
  const {queries, keys} = weights, low = colour_of("--low"), high = colour_of("--high");
  const rows = [...Array(queries).keys()].map((query) => weights.row(layer, head, query));
  const most = Math.max(...rows.map((row) => Math.max(...row)), 1e-6), pixels = new ImageData(keys, queries);
  rows.forEach((row, query) => row.forEach((w, key) => {
    const place = 4 * (query * keys + key);
    for (let c = 0; c < 3; ++c) pixels.data[place + c] = Math.round(low[c] + (high[c] - low[c]) * w / most);
    pixels.data[place + 3] = 255;
  }));
  const small = Object.assign(document.createElement("canvas"), {width: keys, height: queries});
  small.getContext("2d").putImageData(pixels, 0, 0);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

class GridView {
  constructor(page) {
    this.page = page;
    this.section = document.getElementById("all");
    this.list = new Listbox(document.getElementById("grid"), {
      choose: (index) => index >= 0 && page.choose({layer: Math.floor(index / page.heads()), head: index % page.heads()}),
      open: () => page.choose({mode: "head"}),
    });
  }

  show(block) {
    this.block = block;
    const {layers, heads} = block.weights, side = heads > 8 ? 64 : 112;
    const options = [];
    for (let layer = 1; layer <= layers; ++layer)
      for (let head = 1; head <= heads; ++head) options.push(picture_option(`${layer}.${head}`, block.photo, side));
    this.list.fill(options, heads);
    this.list.element.style.gridTemplateColumns = `repeat(${heads}, max-content)`;
  }

  draw() {
    const {weights, photo} = this.block, {layer, head} = this.page;
    [...this.list.element.querySelectorAll("canvas")].forEach((canvas, i) => {
      const of_layer = Math.floor(i / weights.heads), of_head = i % weights.heads;
      if (photo) this.page.image.paint(canvas, this.page.image.map(of_layer, of_head));
      else paint_matrix(canvas, weights, of_layer, of_head);
    });
    this.list.mark(head < 0 ? -1 : layer * weights.heads + head);
    this.page.tell(head < 0 ? "Choose a head; Enter shows it." : `Layer ${layer + 1}, head ${head + 1}. Enter shows it.`);
  }
}

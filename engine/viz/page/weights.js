// Attention weights as the page carries them: a byte each, whose square is the weight.
const kMean = -1, kRollout = -2;  // in place of a head

class Weights {
  constructor({layers, heads, queries, keys, weights}) {
    Object.assign(this, {layers, heads, queries, keys});
    this.bytes = Uint8Array.from(atob(weights), (c) => c.charCodeAt(0));  // (layers, heads, queries, keys)
    this.square = Float32Array.from({length: 256}, (_, i) => (i / 255) ** 2);
  }

  heads_of(head) {
    return head === kMean ? [...Array(this.heads).keys()] : [head];
  }

  // What a query looks at. (keys)
  row(layer, head, query) {
    if (head === kRollout) return this.rollout(query);
    const row = new Float32Array(this.keys), heads = this.heads_of(head);
    for (const h of heads) {
      const first = ((layer * this.heads + h) * this.queries + query) * this.keys;
      for (let k = 0; k < this.keys; ++k) row[k] += this.square[this.bytes[first + k]] / heads.length;
    }
    return row;
  }

  // What looks at a key. (queries)
  column(layer, head, key) {
    return Float32Array.from({length: this.queries}, (_, query) => this.row(layer, head, query)[key]);
  }

  // Attention rollout (Abnar and Zuidema 2020): what a token is made of after all layers, each 0.5 A + 0.5 I
  // with A the mean of its heads; divided by the same of an average token.
  rollout(query) {
    const row = new Float32Array(this.keys);
    row[query] = 1;
    const own = this.down(row), common = this.average ??= this.down(new Float32Array(this.keys).fill(1 / this.keys));
    return own.map((value, k) => common[k] > 0 ? value / common[k] : 0);
  }

  // From the last layer to the first, a row times their matrices.
  down(row) {
    for (let layer = this.layers - 1; layer >= 0; --layer) {
      const next = new Float32Array(this.keys);
      for (let query = 0; query < this.queries; ++query) {
        const seen = this.row(layer, kMean, query), sum = seen.reduce((a, b) => a + b, 1);
        for (let k = 0; k < this.keys; ++k) next[k] += row[query] / sum * seen[k];
        next[query] += row[query] / sum;
      }
      row = next;
    }
    return row;
  }
}

const percent = (weight) => `${(100 * weight).toFixed(1)} %`;

// The places of the largest values, largest first.
function largest(values, count) {
  return [...values.keys()].sort((a, b) => values[b] - values[a] || a - b).slice(0, count);
}

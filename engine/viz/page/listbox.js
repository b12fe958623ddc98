// A list of options for pointer and keyboard: arrows move in rows of `columns`, Home and End to its ends,
// Escape chooses none. choose(index or -1) after each choice; hover(index or -1) while the pointer is over one.
class Listbox {
  constructor(element, {choose, hover = () => {}, open = () => {}}) {
    Object.assign(this, {element, choose, hover, open, columns: 1, chosen: -1});
    const index_of = (event) => [...element.children].indexOf(event.target.closest("[role=option]"));
    element.addEventListener("click", (event) => index_of(event) >= 0 && this.select(index_of(event)));
    element.addEventListener("dblclick", (event) => index_of(event) >= 0 && this.open());
    element.addEventListener("pointerover", (event) => this.hover(index_of(event)));
    element.addEventListener("pointerleave", () => this.hover(-1));
    element.addEventListener("keydown", (event) => this.key(event));
  }

  fill(options, columns = 1) {
    this.columns = columns;
    this.element.replaceChildren(...options);
    options.forEach((option, i) => {
      option.id = `${this.element.id}-${i}`;
      option.setAttribute("role", "option");
    });
    this.mark(-1);
  }

  // Without telling of it.
  mark(index) {
    this.chosen = index;
    [...this.element.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    if (index < 0) return this.element.removeAttribute("aria-activedescendant");
    this.element.setAttribute("aria-activedescendant", `${this.element.id}-${index}`);
    if (document.activeElement === this.element) this.element.children[index].scrollIntoView({block: "nearest"});
  }

  select(index) {
    this.mark(index);
    this.choose(index);
  }

  key(event) {
    const last = this.element.children.length - 1, at = this.chosen;
    const steps = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns};
    if (event.key === "Enter" && at >= 0) this.open();
    else if (event.key === "Escape") this.select(-1);
    else if (event.key === "Home") this.select(0);
    else if (event.key === "End") this.select(last);
    else if (event.key in steps && at < 0) this.select(0);
    else if (event.key in steps && at + steps[event.key] >= 0 && at + steps[event.key] <= last)
      this.select(at + steps[event.key]);
    else return;
    event.preventDefault();
  }
}

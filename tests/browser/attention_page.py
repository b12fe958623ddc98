#!/usr/bin/env python3
"""Drives the pages of `vit --page` and `translate --page` in a headless Chromium, with its pointer and its keys.

attention_page.py BIN [SCREENSHOTS]: the folder of the programs, and one for pictures of the pages, light and dark.
Ends with 4 where there is no browser (tools/setup browser installs one; FOVEA_BROWSER names another).
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import browser

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS, IMAGES = ROOT / "samples/models", ROOT / "samples/images"
LINES = ["I don't know where my brother lives.", 'What is "</script>" & <b>?']


def make_pages(programs, folder):
    translate = [programs / "translate", "--model", MODELS / "translate-en-fr", "--page", folder / "text.html",
                 "--attention", folder / "text.json"]
    subprocess.run(translate, input="\n".join(LINES), text=True, check=True, stdout=subprocess.DEVNULL)
    japanese = [programs / "translate", "--model", MODELS / "translate-ja-en", "--page", folder / "japanese.html"]
    subprocess.run(japanese, input="私は天才です。", text=True, check=True, stdout=subprocess.DEVNULL)
    vit = [programs / "vit", "--page", folder / "image.html", IMAGES / "chelsea.png", IMAGES / "coffee.png"]
    subprocess.run(vit, check=True, stdout=subprocess.DEVNULL)


class Page:
    """What a test asks of a page."""

    def __init__(self, at, shots):
        self.at, self.shots = at, shots

    def status(self):
        return self.at.value("document.getElementById('status').textContent")

    def count(self, selector):
        return self.at.value(f"document.querySelectorAll({json.dumps(selector)}).length")

    def text(self, selector):
        return self.at.value(f"document.querySelector({json.dumps(selector)}).textContent")

    def chosen(self, name):  # of a list, -1: none
        return self.at.value(f"[...document.getElementById('{name}').children]"
                             ".findIndex((e) => e.getAttribute('aria-selected') === 'true')")

    def shot(self, name):
        if self.shots:
            self.at.screenshot(self.shots / f"{name}.png")


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(map(str, what)))


def test_text(page, folder):
    at = page.at
    at.open((folder / "text.html").as_uri())
    check(at.requests == [(folder / "text.html").as_uri()], "the page asks for", at.requests)
    check(page.count("#blocks input") == 3, "attentions:", page.count("#blocks input"))
    check(page.count("#view option") == 2 and LINES[1] in page.text("#view"), "lines to choose from")
    at.click("#blocks label:nth-of-type(3) input")  # translation to source
    queries, keys = page.count("#queries li"), page.count("#keys li")
    everything = page.count("#lines line")
    check(everything > keys, "lines of all tokens:", everything)
    page.shot("text-light")

    at.hover("#queries li:nth-child(2)")
    token = page.text("#queries li:nth-child(2)")
    check(0 < page.count("#lines line") <= keys, "lines of one token:", page.count("#lines line"))
    check(page.status().startswith(f"“{token}” looks at “"), page.status())
    at.hover("h1")
    check(page.count("#lines line") == everything, "lines once the pointer has left")
    at.click("#queries li:nth-child(3)")
    check(page.chosen("queries") == 2, "chosen by a click:", page.chosen("queries"))
    page.shot("text-token-light")

    # What is drawn is what translate wrote: the mean of the last layer's heads.
    weights = json.loads((folder / "text.json").read_text())[0]["outputs"][0]["attention"][2]
    opacity = at.value("Math.max(...[...document.querySelectorAll('#lines line')].map((l) => l.getAttribute('stroke-opacity')))")
    check(abs(opacity - max(weights)) < 0.01, "the strongest line:", opacity, "of", max(weights))

    at.value("document.activeElement.blur()")
    at.tab_to("queries")
    at.press("Home")
    check(page.chosen("queries") == 0, "Home")
    at.press("ArrowDown", "ArrowDown", "ArrowUp")
    check(page.chosen("queries") == 1, "arrows:", page.chosen("queries"))
    at.press("End")
    check(page.chosen("queries") == queries - 1, "End")
    at.press("Escape")
    check(page.chosen("queries") == -1 and page.count("#lines line") == everything, "Escape")
    at.tab_to("keys")
    at.press("ArrowDown")
    check("is looked at by" in page.status(), page.status())


def test_heads(page):
    at = page.at
    at.value("document.activeElement.blur()")
    at.tab_to("head")
    before = at.value("document.getElementById('lines').innerHTML")
    at.press("ArrowDown")
    check(at.value("document.getElementById('head').value") == "0", "a head chosen by key")
    check(at.value("document.getElementById('lines').innerHTML") != before, "lines of another head")
    at.click("#modes label:nth-of-type(2) input")
    layers, heads = page.count("#layer option"), page.count("#head option") - 1
    check(page.count("#grid > div") == layers * heads, "pictures of the grid")
    check(page.count("section:not([hidden])") == 1, "one section at a time")
    at.click("#grid > div:nth-child(2)")
    at.tab_to("grid")
    at.press("ArrowDown")
    check(at.value("document.getElementById('layer').value") == "1", "the layer below")
    check(at.value("document.getElementById('head').value") == "1", "of the same head")
    page.shot("text-grid-light")
    at.press("Enter")
    check(at.value("!document.getElementById('tokens').hidden"), "Enter opens the head")


def test_theme(page):
    at = page.at
    paper = "getComputedStyle(document.body).backgroundColor"
    check(at.value(paper) == "rgb(255, 255, 255)", "light at first:", at.value(paper))
    at.prefer("dark")
    check(at.value(paper) == "rgb(22, 24, 29)", "dark as the system wishes:", at.value(paper))
    at.click("#queries li:nth-child(2)")
    page.shot("text-dark")
    at.click("#theme")
    check(at.value(paper) == "rgb(255, 255, 255)", "light by the switch")
    check(at.value("document.getElementById('theme').getAttribute('aria-pressed')") == "false", "the switch says so")
    at.prefer("light")
    at.click("#theme")
    check(at.value(paper) == "rgb(22, 24, 29)", "dark by the switch")
    at.click("#theme")


def test_japanese(page, folder):
    page.at.open((folder / "japanese.html").as_uri())
    words = page.at.value("document.getElementById('queries').textContent")
    check("私" in words and "天才" in words, "tokens:", words)
    page.shot("text-japanese-light")


def test_image(page, folder):
    at = page.at
    picture = "document.getElementById('picture').toDataURL()"
    at.open((folder / "image.html").as_uri())
    check(at.requests == [(folder / "image.html").as_uri()], "the page asks for", at.requests)
    check(page.status().startswith("The class token looks at"), page.status())
    check("%" in page.text("#answers"), "answers:", page.text("#answers"))
    block = at.value("JSON.parse(document.getElementById('data').textContent).views[0].blocks[0]")
    rows, columns = block["rows"], block["columns"]

    def looks_from(row, column):
        check(page.status().startswith(f"The patch at row {row} column {column} looks at"), page.status())

    before = at.value(picture)
    at.click("#picture", 0.51, 0.51)
    looks_from(rows // 2 + 1, columns // 2 + 1)
    check(at.value(picture) != before, "another patch lights other places")
    page.shot("image-light")
    at.drag("#picture", (0.5, 0.5), (0.99, 0.01))
    looks_from(1, columns)
    at.tab_to("picture")
    at.press("ArrowLeft", "ArrowDown", "ArrowDown")
    looks_from(3, columns - 1)
    at.press("ArrowRight", "ArrowRight", "ArrowRight")  # it stops at the edge
    looks_from(3, columns)
    at.press("Home")
    check(page.status().startswith("The class token"), page.status())
    at.press("ArrowDown")
    looks_from(1, 1)
    at.click("#class-token")
    check(page.status().startswith("The class token"), page.status())


def test_image_heads(page):
    at = page.at
    picture = "document.getElementById('picture').toDataURL()"
    before = at.value(picture)
    at.click("#heads > div:nth-child(2)")
    check(at.value("document.getElementById('head').value") == "1", "a head chosen by its picture")
    check(at.value(picture) != before, "the photo of another head")
    at.value("document.activeElement.blur()")
    at.tab_to("heads")
    at.press("ArrowRight")
    check(page.chosen("heads") == 2, "the next head by key")
    at.value("document.getElementById('head').focus()")
    at.press("Home", "ArrowDown")  # the mean, then the rollout
    check("times the usual" in page.status(), page.status())
    page.shot("image-rollout-light")
    at.click("#modes label:nth-of-type(2) input")
    page.shot("image-grid-light")
    at.value("document.getElementById('view').focus()")
    at.press("ArrowDown")
    at.wait("document.getElementById('view').value === '1'")
    at.prefer("dark")
    at.click("#modes label:nth-of-type(1) input")
    page.shot("image-dark")


def test_slow_photo(page, folder):
    """What is shown stays what is chosen from while another photo is read."""
    at = page.at
    at.open((folder / "image.html").as_uri())
    at.value("HTMLImageElement.prototype.decode = () => new Promise((done) => { window.decoded = done; }), 0")

    def choose(name, value):
        at.value(f"(() => {{ const list = document.getElementById('{name}'); list.value = '{value}';"
                 " list.dispatchEvent(new Event('change')); })(), 0")

    answers = page.text("#answers")
    choose("view", 1)
    choose("layer", 0)
    check(page.text("#answers") == answers, "the first photo is still shown")
    check(at.value("document.getElementById('layer').value") == "0", "its layer")
    at.click("#modes label:nth-of-type(2) input")
    at.click("#modes label:nth-of-type(1) input")
    check(not at.errors, "errors of the scripts:", at.errors)
    at.value("window.decoded(), 0")
    at.wait(f"document.getElementById('answers').textContent !== {json.dumps(answers)}")


def main():
    program = browser.find()
    if program is None:
        print("no browser: tools/setup browser installs Chromium")
        return 4
    shots = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_pages(pathlib.Path(sys.argv[1]), folder)
        at = browser.Browser(program)
        try:
            page = Page(at, shots)
            test_text(page, folder)
            test_heads(page)
            test_theme(page)
            test_japanese(page, folder)
            test_image(page, folder)
            test_image_heads(page)
            test_slow_photo(page, folder)
            check(not at.errors, "errors of the scripts:", at.errors)
        finally:
            at.close()
    print("the pages do as they should")
    return 0


if __name__ == "__main__":
    sys.exit(main())

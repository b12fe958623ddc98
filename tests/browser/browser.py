"""A headless Chromium, driven over a pipe by its DevTools protocol: real input events, and screenshots."""
import base64
import json
import os
import shutil
import subprocess
import tempfile

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
KEYS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35, "Enter": 13,
        "Escape": 27, "Tab": 9, " ": 32}


def find():
    """The program of FOVEA_BROWSER, or the first one on the path; None: there is none."""
    named = os.environ.get("FOVEA_BROWSER")
    return next((path for path in map(shutil.which, [named] if named else NAMES) if path), None)


class Browser:
    def __init__(self, program, width=1100, height=800):
        self.profile = tempfile.mkdtemp()
        read_theirs, write_ours = os.pipe()
        read_ours, write_theirs = os.pipe()

        def pipes():  # the browser reads 3 and writes 4
            first, second = os.dup(read_theirs), os.dup(write_theirs)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-extensions", "--disable-background-networking", "--hide-scrollbars",
             "--remote-debugging-pipe", f"--user-data-dir={self.profile}", f"--window-size={width},{height}", "about:blank"],
            preexec_fn=pipes, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(read_theirs)
        os.close(write_theirs)
        self.out, self.into = os.fdopen(read_ours, "rb"), os.fdopen(write_ours, "wb")
        self.count, self.session, self.rest = 0, None, b""
        self.errors = []  # of the page's scripts
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Network"]:
            self.call(domain + ".enable")
        self.requests = []  # addresses that a page asked for

    def close(self):
        self.into.close()
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.out.fileno(), 1 << 16)
            if not part:
                raise RuntimeError("the browser closed its pipe")
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def heard(self, message):
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(message["params"]["exceptionDetails"].get("exception", {}).get("description", "?"))
        if message.get("method") == "Network.requestWillBeSent":
            address = message["params"]["request"]["url"]
            if not address.startswith("data:"):
                self.requests.append(address)

    def call(self, method, **params):
        self.count += 1
        request = {"id": self.count, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        self.into.write(json.dumps(request).encode() + b"\0")
        self.into.flush()
        while True:
            message = self.message()
            if message.get("id") == self.count:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.heard(message)

    def open(self, address):
        self.requests = []
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && document.getElementById('status').textContent !== ''")

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, expression):
        """Until it is true, ten seconds at most."""
        waited = f"""new Promise((done) => {{ const start = Date.now(); const look = () => {{
            let good = false; try {{ good = Boolean({expression}); }} catch {{}}
            good || Date.now() - start > 10000 ? done(good) : setTimeout(look, 20); }}; look(); }})"""
        if not self.value(waited):
            raise AssertionError(f"never came true: {expression}")

    def place(self, selector, across=0.5, down=0.5):
        box = self.value(f"""(() => {{ const e = document.querySelector({json.dumps(selector)});
            e.scrollIntoView({{block: "nearest"}}); const b = e.getBoundingClientRect();
            return [b.left, b.top, b.width, b.height]; }})()""")
        return box[0] + across * box[2], box[1] + down * box[3]

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def hover(self, selector):
        self.mouse("mouseMoved", *self.place(selector))

    def click(self, selector, across=0.5, down=0.5):
        x, y = self.place(selector, across, down)
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, button="left", buttons=1, clickCount=1)
        self.mouse("mouseReleased", x, y, button="left", clickCount=1)

    def drag(self, selector, start, end):
        self.mouse("mousePressed", *self.place(selector, *start), button="left", buttons=1, clickCount=1)
        self.mouse("mouseMoved", *self.place(selector, *end), button="left", buttons=1)
        self.mouse("mouseReleased", *self.place(selector, *end), button="left", clickCount=1)

    def tab_to(self, name):
        """Tab until the element of this id has the focus."""
        for _ in range(40):
            if self.value("document.activeElement.id") == name:
                return
            self.press("Tab")
        raise AssertionError(f"Tab never reaches {name}")

    def press(self, *keys):
        for key in keys:
            same = dict(key=key, code="Space" if key == " " else key, windowsVirtualKeyCode=KEYS[key])
            text = {"Enter": "\r", " ": " "}.get(key)
            self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **same,
                      **({"text": text} if text else {}))
            self.call("Input.dispatchKeyEvent", type="keyUp", **same)

    def prefer(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=False)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

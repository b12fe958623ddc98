#!/usr/bin/env python3
"""tools/fetch_model against a hub of this machine, which answers as the model hub does."""
import hashlib
import http.server
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = {"config.json": b'{"model_type": "vit"}', "preprocessor_config.json": b"{}", "model.safetensors": b"weights" * 9999}


class Hub(http.server.BaseHTTPRequestHandler):
    wrong, asked = None, []  # wrong: what the hub states that is not so

    def answer(self, with_body):
        name = self.path.rsplit("/", 1)[1]
        content = FILES.get(name)
        if content is None or not self.path.startswith(("/owner/small-1.0/", "/store/")):
            self.send_error(404)
            return
        Hub.asked.append(name)
        if name == "model.safetensors" and not self.path.startswith("/store/"):  # large files lie elsewhere
            self.send_response(302)
            sum_ = hashlib.sha256(content).hexdigest()
            self.send_header("X-Linked-ETag", f'"{sum_ if Hub.wrong != "sum" else "0" * 64}"')
            self.send_header("X-Linked-Size", str(len(content) + (Hub.wrong == "size")))
            self.send_header("Location", "/store/" + name)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        if name != "model.safetensors" and Hub.wrong != "none":
            self.send_header("ETag", '"' + hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() + '"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def do_GET(self):
        self.answer(True)

    def do_HEAD(self):
        self.answer(False)

    def log_message(self, *arguments):
        pass


def main():
    hub = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "tools").mkdir()
        script = shutil.copy(ROOT / "tools/fetch_model", folder / "tools/fetch_model")

        def fetch(model, address=f"http://127.0.0.1:{hub.server_port}"):
            environment = {**os.environ, "FOVEA_HUB": address, "no_proxy": "127.0.0.1"}
            return subprocess.run([script, model], env=environment, capture_output=True, text=True)

        for Hub.wrong, says in [("size", "the hub states 69994"), ("sum", "the hub states 0000"), ("none", "no checksum")]:
            made = fetch("owner/small-1.0")
            assert made.returncode == 1 and says in made.stderr, (Hub.wrong, made)
            assert not list(folder.glob(".deps/models/owner/small-1.0/SHA256SUMS")), Hub.wrong
        Hub.wrong = None
        made = fetch("owner/small-1.0")
        directory = pathlib.Path(made.stdout.strip())
        assert made.returncode == 0, made
        assert {file.name: file.read_bytes() for file in directory.iterdir() if file.name != "SHA256SUMS"} == FILES

        Hub.asked.clear()
        assert fetch("owner/small-1.0").returncode == 0 and not Hub.asked, "a model that is there is not fetched again"
        (directory / "config.json").write_bytes(b"spoilt")
        assert fetch("owner/small-1.0").returncode == 0 and Hub.asked, "one that is spoilt is"
        assert (directory / "config.json").read_bytes() == FILES["config.json"]

        made = fetch("owner/other", "http://127.0.0.1:9")
        assert made.returncode == 1 and "cannot be had from here" in made.stderr, made
        for wrong in ["", "other", "a/b/c", "../x", "a/$(x)"]:
            assert fetch(wrong).returncode == 2, wrong
    print("fetch_model does as it should")


if __name__ == "__main__":
    main()

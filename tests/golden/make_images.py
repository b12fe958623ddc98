"""Makes tests/golden/images: little images, one for each way to store pixels, and how Pillow decodes the JPEGs.

    pip install pillow numpy; python3 tests/golden/make_images.py
"""
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

root = Path(__file__).resolve().parents[2]
out = root / "tests/golden/images"
out.mkdir(exist_ok=True)

y, x = np.mgrid[0:6, 0:9]
rgb = np.stack([x * 28, y * 50, x * y * 5 + 20], -1).astype(np.uint8)  # (6, 9, 3)
plain = Image.fromarray(rgb)
alpha = Image.fromarray(np.dstack([rgb, (x * 31).astype(np.uint8)]))

plain.save(out / "rgb.png")
alpha.save(out / "rgba.png")
plain.convert("L").save(out / "grey.png")
alpha.convert("LA").save(out / "grey_alpha.png")
plain.quantize(7).save(out / "palette.png", transparency=2)
plain.convert("1").save(out / "bits.png")
plain.save(out / "rgb.bmp")
plain.quantize(7).save(out / "palette.bmp")
plain.convert("L").save(out / "grey.bmp")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, interlaced, rows):
    header = struct.pack(">IIBBBBB", 9, 6, depth, 2, 0, 0, interlaced)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


# Pillow writes neither of these: 16 bits (the lower 8 are noise) and Adam7 passes (first x and y, then their steps).
(out / "rgb16.png").write_bytes(png(16, 0, (rgb.astype(">u2") * 257 + rgb % 3).astype(">u2")))
passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
rows = [row for x0, y0, dx, dy in passes for row in rgb[y0::dy, x0::dx] if row.size]
(out / "interlaced.png").write_bytes(png(8, 1, rows))

coffee = Image.open(root / "samples/images/coffee.png").convert("RGB").resize((37, 29), Image.BICUBIC)
coffee.save(out / "coffee.jpg", quality=90)
coffee.save(out / "coffee_progressive.jpg", quality=85, progressive=True)
coffee.convert("L").save(out / "coffee_grey.jpg", quality=90)
coffee.save(out / "coffee_restart.jpg", quality=90, subsampling=0, restart_marker_blocks=3)
for jpeg in out.glob("*.jpg"):
    Image.open(jpeg).convert("RGB").save(out / (jpeg.name + ".png"), optimize=True)

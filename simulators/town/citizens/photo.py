"""The photo that a resident takes of a hazard: a drawn one, since no person may be in it."""

from __future__ import annotations

import io
from random import Random
from typing import Final

from PIL import Image, ImageDraw

PHOTO_SIZE: Final = (960, 720)
"""Width and height in pixels."""
_ROAD, _KERB, _DARK, _WIRE = (118, 116, 112), (176, 172, 165), (28, 26, 24), (196, 120, 52)


def hazard_photo(seed: int) -> bytes:
    """A JPEG: a pavement, and on it a dark spot with a wire."""
    random = Random(f"{seed}/photo")
    image = Image.new("RGB", PHOTO_SIZE, _ROAD)
    draw = ImageDraw.Draw(image)
    width, height = PHOTO_SIZE
    draw.rectangle((0, 0, width, height // 4), fill=_KERB)
    for _ in range(400):
        x, y, shade = random.randrange(width), random.randrange(height // 4, height), random.randint(96, 138)
        draw.ellipse((x, y, x + 4, y + 3), fill=(shade, shade, shade - 4))
    x, y = random.randint(280, 520), random.randint(300, 420)
    draw.ellipse((x, y, x + 220, y + 130), fill=_DARK)
    points = [(x + 30 * step, y - 90 + random.randint(-25, 25) + 18 * step) for step in range(8)]
    draw.line(points, fill=_WIRE, width=7)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=80)
    return written.getvalue()

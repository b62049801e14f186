"""Photos as phones and attackers send them, made by Pillow."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import pillow_heif
from PIL import ExifTags, Image

Degrees = tuple[float, float, float]


def picture(width: int = 320, height: int = 240, mode: str = "RGB") -> Image.Image:
    """A gradient: something that compresses like a photo."""
    image = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (image, image.rotate(90).resize((width, height)), image)).convert(mode)


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """The file of an image."""
    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


@cache
def jpeg(width: int = 320, height: int = 240) -> bytes:
    """An ordinary photo without EXIF."""
    return encoded(picture(width, height), "JPEG")


def exif_of(lat: Degrees = (30.0, 39.0, 0.0), lon: Degrees = (104.0, 4.0, 0.0), **changes: Any) -> Image.Exif:
    """An EXIF with a position in Chengdu and personal data."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Artist] = "Phone", "Reporter Wang"
    exif[ExifTags.Base.Orientation] = changes.get("orientation", 1)
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = changes.get("north", "N"), lat
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = changes.get("east", "E"), lon
    if "datum" in changes:
        gps[ExifTags.GPS.GPSMapDatum] = changes["datum"]
    return exif

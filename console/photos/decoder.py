"""Decodes a photo and encodes it again: what is kept is a JPEG of ours, never the bytes that were sent.

Whatever follows or hides in the file (a ZIP after a JPEG, scripts in metadata, further images) is lost by that, and
so are EXIF, comments and colour profiles. The position in the EXIF is returned beside the photo, for its reporter to
confirm. Runs in the process of console.photos.worker, under limits of memory and time.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import pillow_heif
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from console.photos.messages import CheckedPhoto, PhotoFault
from domain.geo import GCJ_02, Point, to_gcj02

T = TypeVar("T")

FORMATS: Final = ("JPEG", "PNG", "HEIF")
"""What Pillow may try. MPO, the JPEG of cameras with previews, opens as JPEG; SVG, GIF, TIFF and PDF do not open."""
PIXELS_MAX: Final = 64_000_000
"""Decoded, 64 megapixels are 192 MB in RGB. Phones with larger sensors store smaller pictures by default."""
SIDE_MIN: Final = 64
"""A tracking pixel, or an icon: nothing a worker could recognise a place by."""
SIDE_MAX: Final = 2560
"""The longer side that is kept; a photo of 12 megapixels becomes one of about 5."""
JPEG_QUALITY: Final = 82
_MAP_DATUM: Final = ExifTags.GPS.GPSMapDatum


def check_photo(data: bytes) -> CheckedPhoto | PhotoFault:
    """The photo encoded again, or why it is not kept."""
    return _decoded(data, _encode)


def read_position(data: bytes) -> Point | PhotoFault | None:
    """The position in the EXIF, in GCJ-02, without decoding the photo; the beginning of a JPEG is enough."""
    return _decoded(data, _position)


def _decoded(data: bytes, use: Callable[[Image.Image], T]) -> T | PhotoFault:
    if not data:
        return PhotoFault.EMPTY
    pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                fault = _size_fault(image.size)
                return fault if fault is not None else use(image)
        except UnidentifiedImageError:
            return PhotoFault.NOT_A_PHOTO
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            return PhotoFault.TOO_MANY_PIXELS
        except (OSError, SyntaxError, ValueError, EOFError, RuntimeError):
            return PhotoFault.DAMAGED  # what Pillow and libheif raise for truncated and inconsistent files


def _size_fault(size: Sequence[int]) -> PhotoFault | None:
    if size[0] * size[1] > PIXELS_MAX:
        return PhotoFault.TOO_MANY_PIXELS
    return PhotoFault.TOO_SMALL if min(size) < SIDE_MIN else None


def _encode(image: Image.Image) -> CheckedPhoto:
    position = _position(image)
    image.draft("RGB", (SIDE_MAX, SIDE_MAX))  # JPEG: decodes at a fraction of the size, with its memory
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((SIDE_MAX, SIDE_MAX))
    # A new image: the decoded one carries comments and profiles into the file.
    kept = Image.new("RGB", upright.size, "white")
    has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
    layer = upright.convert("RGBA") if has_alpha else upright.convert("RGB")
    kept.paste(layer, mask=layer.getchannel("A") if has_alpha else None)
    out = io.BytesIO()
    kept.save(out, "JPEG", quality=JPEG_QUALITY)
    return CheckedPhoto(out.getvalue(), *kept.size, position)


def _position(image: Image.Image) -> Point | None:
    """The position, converted unless the EXIF names the Chinese datum. A broken EXIF is none."""
    try:
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        lat = _degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef], "S")
        lon = _degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef], "W")
        datum = str(gps.get(_MAP_DATUM, "")).strip("\0 ").upper()
    except Exception:  # noqa: BLE001 - the EXIF is optional and untrusted: Pillow raises many kinds for broken ones
        return None
    if not (abs(lat) <= 90 and abs(lon) <= 180) or lat == lon == 0:
        return None
    return (lat, lon) if datum.startswith((GCJ_02, "GCJ02")) else to_gcj02((lat, lon))


def _degrees(parts: Sequence[Any], reference: str, negative: str) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        raise ValueError("no number")
    return -value if str(reference).strip("\0 ").upper() == negative else value

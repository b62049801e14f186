"""What the service and its worker process say to each other about photos.

The libraries that decode them, 10 MB of native code for untrusted files, are loaded in the worker only.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from domain.geo import Point


class PhotoFault(StrEnum):
    """Why a photo was not kept. The sentences are in console/messages_zh.py, by value."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_A_PHOTO = "not_a_photo"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    """The decoder failed, took too long or too much memory."""
    NO_SPACE = "no_space"
    """The disk has no room for photos."""


class CheckedPhoto(Struct, frozen=True):
    """A photo as it is kept, with its size in pixels and the position in its EXIF: latitude, longitude in GCJ-02."""

    jpeg: bytes
    width: int
    height: int
    position: Point | None = None


class PhotoRequest(Struct, frozen=True):
    """Photos to check, or the first of them to read the position of."""

    photos: list[bytes]
    only_position: bool = False


class PhotoResult(Struct, frozen=True, omit_defaults=True):
    """One photo: as it is kept, or its position, or why neither."""

    photo: CheckedPhoto | None = None
    position: Point | None = None
    fault: PhotoFault | None = None

"""Stores photos that were sent: checked in a worker process, written and synced, before any row refers to them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from alerts.cases.report_steps import NewPhoto
from console.photos.messages import CheckedPhoto, PhotoFault
from console.photos.process import PhotoChecker
from store.blobs import BlobStore
from store.errors import CannotWrite


class RefusedPhoto(Struct, frozen=True):
    """A photo that was not kept: its number, from 1, and the reason."""

    number: int
    fault: PhotoFault


class StoredPhotos(Struct, frozen=True):
    """The photos whose files are written, and those that were refused."""

    kept: tuple[NewPhoto, ...] = ()
    refused: tuple[RefusedPhoto, ...] = ()


async def store_photos(checker: PhotoChecker, blobs: BlobStore, photos: Sequence[bytes]) -> StoredPhotos:
    """Check the photos and write those that are some. Two photos of one content are one."""
    if not photos:
        return StoredPhotos()
    if not await asyncio.to_thread(blobs.has_room):
        return StoredPhotos((), tuple(RefusedPhoto(n + 1, PhotoFault.NO_SPACE) for n in range(len(photos))))
    kept: dict[str, NewPhoto] = {}
    refused: list[RefusedPhoto] = []
    for number, result in enumerate(await checker.check(photos), 1):
        written = await _write(blobs, result.photo) if result.photo is not None else result.fault
        if isinstance(written, NewPhoto):
            kept[written.digest] = written
        else:
            refused.append(RefusedPhoto(number, written or PhotoFault.UNREADABLE))
    return StoredPhotos(tuple(kept.values()), tuple(refused))


async def _write(blobs: BlobStore, photo: CheckedPhoto) -> NewPhoto | PhotoFault:
    try:
        digest = await asyncio.to_thread(blobs.write, photo.jpeg)
    except CannotWrite:
        return PhotoFault.NO_SPACE
    return NewPhoto(digest, photo.width, photo.height, len(photo.jpeg))

"""Photos are decoded in a process of their own: one that breaks it does not cost the others."""

from __future__ import annotations

import pytest

from console.photos import process
from console.photos.messages import PhotoFault
from console.photos.process import PhotoChecker
from tests.support.photos import encoded, exif_of, jpeg, picture


async def test_photos_and_faults_come_back_in_order() -> None:
    results = await PhotoChecker().check([jpeg(), b"no photo"])
    assert results[0].photo is not None
    assert (results[0].photo.width, results[1].fault) == (320, PhotoFault.NOT_A_PHOTO)
    assert await PhotoChecker().check([]) == []


async def test_the_position_is_read_without_keeping_the_photo() -> None:
    result = await PhotoChecker().position(encoded(picture(), "JPEG", exif=exif_of()))
    assert result.position is not None
    assert result.photo is None


async def test_a_worker_that_fails_or_hangs_makes_its_photos_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.sys, "executable", "/bin/false")
    results = await PhotoChecker().check([jpeg(), jpeg()])
    assert [result.fault for result in results] == [PhotoFault.UNREADABLE] * 2
    assert (await PhotoChecker().position(jpeg())).fault is PhotoFault.UNREADABLE
    monkeypatch.setattr(process.sys, "executable", "/usr/bin/yes")
    assert (await PhotoChecker(timeout_s=0.05).check([jpeg()]))[0].fault is PhotoFault.UNREADABLE

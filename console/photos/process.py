"""Checks photos in a worker process (console/photos/worker.py), a limited number at a time."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from console.photos.messages import PhotoFault, PhotoRequest, PhotoResult

TIMEOUT_S: Final = 40.0
PROCESSES_MAX: Final = 2
"""Each takes a core while it decodes; alarms need the others."""
_ENVIRON: Final = ("PATH", "PYTHONPATH", "HOME", "LANG", "TMPDIR")
"""Environment variables that the worker inherits: not those with the service's secrets."""


class PhotoChecker:
    """Starts the workers."""

    def __init__(self, processes_max: int = PROCESSES_MAX, timeout_s: float = TIMEOUT_S) -> None:
        self._free, self._timeout_s = asyncio.Semaphore(processes_max), timeout_s

    async def check(self, photos: Sequence[bytes]) -> list[PhotoResult]:
        """The result of each photo, in order. When the worker fails, each photo is tried alone, so that one file that
        breaks a decoder does not cost the others."""
        if not photos:
            return []
        results = await self._run(PhotoRequest(list(photos)))
        if results is None and len(photos) > 1:
            alone = [await self._run(PhotoRequest([photo])) for photo in photos]
            return [PhotoResult(fault=PhotoFault.UNREADABLE) if one is None else one[0] for one in alone]
        return [PhotoResult(fault=PhotoFault.UNREADABLE)] if results is None else results

    async def position(self, photo: bytes) -> PhotoResult:
        """The position in the EXIF of a photo, or of the beginning of one."""
        results = await self._run(PhotoRequest([photo], only_position=True))
        return PhotoResult(fault=PhotoFault.UNREADABLE) if results is None else results[0]

    async def _run(self, request: PhotoRequest) -> list[PhotoResult] | None:
        """The results of one worker; None when it failed."""
        async with self._free:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "console.photos.worker",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                env={name: os.environ[name] for name in _ENVIRON if name in os.environ},
            )  # fmt: skip
            try:
                async with asyncio.timeout(self._timeout_s):
                    output, _ = await process.communicate(msgspec.msgpack.encode(request))
            except TimeoutError:
                return None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        return msgspec.msgpack.decode(output, type=list[PhotoResult]) if process.returncode == 0 else None

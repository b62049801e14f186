"""Keeps a restored copy from working until a person says that it takes over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from starlette.applications import Starlette

from app.backup.restored_copy import origin_of_copy
from console.http.restored_copy import restored_copy_app

log = logging.getLogger("fengshao.restored")

LOOK_EVERY_S: Final = 0.5


async def wait_for_takeover(
    data: Path,
    serve: Callable[[Starlette], AbstractAsyncContextManager[None]],
    stop: asyncio.Event,
    alive: Callable[[], object] = lambda: None,
) -> bool:
    """Returns at once for a data directory that is no copy; else once it has taken over, or `stop` is set. Whether it
    was a copy.

    Serves a notice meanwhile and calls `alive` again and again. Neither broker nor stores are opened: the copy would
    take the messages of the service beside which it runs.
    """
    origin = origin_of_copy(data)
    if origin is None:
        return False
    log.error(
        "a restored copy: it hears and tells NOBODY. When the service that it was made of is stopped for good: "
        "fengshao takeover --data %s",
        data,
    )
    async with serve(restored_copy_app(data, origin)):
        while origin_of_copy(data) is not None and not stop.is_set():
            alive()
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await stop.wait()
            except TimeoutError:
                continue
    if not stop.is_set():
        log.warning("the restored copy takes over", extra={"origin": origin})
    return True

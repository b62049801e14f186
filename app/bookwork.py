"""The rulebooks of a running service: read whole, watched, and taken up while it judges. What cannot be used is told,
and the books before it stay in force.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from app.own_trouble import OwnTrouble
from app.shelf import book_files, load_rules
from app.written import WrittenError
from domain import Instant
from domain.kind import Kind
from rules.check import check
from rules.rulebook import Rulebook
from rules.takeup import Renewal, books_in

log = logging.getLogger("fengshao.rules")

LOOK_EVERY_S = 2.0
UNCHANGED = Renewal((), (), ())

TakeUp = Callable[[Sequence[Rulebook]], Awaitable[Renewal]]
Stamp = tuple[tuple[str, int, int], ...]


class _Engine(msgspec.Struct):
    engine: bytes


def books_of(checkpoint: bytes | None, kinds: Mapping[str, Kind]) -> list[Rulebook]:
    """The books that a checkpoint was judged by; none when there are none that this version can read."""
    try:
        books = books_in(msgspec.msgpack.decode(checkpoint, type=_Engine).engine) if checkpoint else []
    except ValueError as error:
        log.warning("the rulebooks of the last run cannot be read, those on disk judge from the start: %s", error)
        return []
    return [] if any(check(book, kinds) for book in books) else books


def in_force(before: list[Rulebook], kinds: Mapping[str, Kind], site: Path | None) -> list[Rulebook]:
    """The books to begin with: of the last run, else on disk. Raises WrittenError when there is neither.

    A fault in a file must not keep a service that was started again at night from judging as it did before.
    """
    return before or load_rules(kinds, site)


class BookFolder:
    """The books on disk, and whoever takes them up."""

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        site: Path | None,
        take_up: TakeUp,
        ready: asyncio.Event,
        trouble: OwnTrouble,
        clock: Callable[[], Instant],
    ) -> None:
        self._kinds, self._site, self._take_up = kinds, site, take_up
        self._ready, self._trouble, self._clock = ready, trouble, clock
        self._stamp: Stamp = ()
        self._turn = asyncio.Lock()

    async def reload(self) -> Renewal:
        """Take up the books as they are now, and say what changed. Raises WrittenError with every fault."""
        await self._ready.wait()  # what the last run left is judged by the books of its day
        async with self._turn:
            self._stamp = stamp(self._site)
            try:
                books = await asyncio.to_thread(load_rules, self._kinds, self._site)
            except WrittenError as error:
                for fault in error.faults:
                    log.error("rulebook refused: %s; the books before it stay in force", fault)
                self._trouble.books_refused([str(fault) for fault in error.faults], self._clock())
                raise
            renewed = await self._take_up(books)
            self._trouble.books_right(self._clock())
            if not renewed.is_nothing:
                log.info("rulebooks changed: %s", told(renewed))
            if renewed.unversioned:
                names = ", ".join(renewed.unversioned)
                log.warning("changed under the version they had, raise `version`: %s", names)
            return renewed

    async def look(self, *, anew: bool = False) -> Renewal:
        """Reload if a file changed, or anyway; what is wrong was told, and what was in force stays so."""
        if not anew and stamp(self._site) == self._stamp:
            return UNCHANGED
        try:
            return await self.reload()
        except WrittenError:
            return UNCHANGED
        except Exception as error:
            # Whatever a book does to us, the devices must go on being judged by those before it.
            log.exception("rulebooks not taken up")
            self._trouble.books_refused([repr(error)], self._clock())
            return UNCHANGED

    async def follow(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)


def told(renewed: Renewal) -> str:
    """One line for the log."""
    parts = (("new", renewed.added), ("gone", renewed.removed), ("changed", renewed.changed))
    return "; ".join(f"{word} {', '.join(names)}" for word, names in parts if names)


def stamp(site: Path | None) -> Stamp:
    """What tells that a file changed, came or went, without reading it."""
    try:
        return tuple((str(file), (status := file.stat()).st_mtime_ns, status.st_size) for file in book_files(site))
    except OSError:  # a file went between being listed and being looked at: the next look sees the folder as it is then
        return ()

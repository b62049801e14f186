"""Compares kept days with a fresh computation. Rounding may differ by one unit between machines, levels by 2 %."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from simulators.town.hydraulics.days import TownDays

_UNITS: Final = 1
_SHARE: Final = 0.02


def differences(kept: TownDays, fresh: TownDays) -> list[str]:
    """One line for each value that differs by more than rounding: where, kept, fresh. At most 20."""
    found = _compare("days", msgspec.to_builtins(kept), msgspec.to_builtins(fresh))
    return [line for line, _ in zip(found, range(20), strict=False)]


def _compare(where: str, kept: object, fresh: object) -> Iterator[str]:
    if isinstance(kept, dict) and isinstance(fresh, dict) and kept.keys() == fresh.keys():
        for key, value in kept.items():
            yield from _compare(f"{where}.{key}", value, fresh[key])
    elif _are_lists(kept, fresh):
        assert isinstance(kept, Sequence)
        assert isinstance(fresh, Sequence)
        for index, (value, other) in enumerate(zip(kept, fresh, strict=True)):
            yield from _compare(f"{where}[{index}]", value, other)
    elif not _are_equal(kept, fresh):
        yield f"{where}: kept {kept!r:.40}, computed {fresh!r:.40}"


def _are_lists(kept: object, fresh: object) -> bool:
    return isinstance(kept, list | tuple) and isinstance(fresh, list | tuple) and len(kept) == len(fresh)


def _are_equal(kept: object, fresh: object) -> bool:
    if isinstance(kept, int) and isinstance(fresh, int):
        return abs(kept - fresh) <= max(_UNITS, _SHARE * abs(kept))
    return kept == fresh

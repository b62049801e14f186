"""Random numbers that come out the same on every machine: no logarithms or cosines, whose last bit may differ.

`hashed` needs no generator: it is a number by name, for devices that report once a day, where seeding a generator
would cost more than the report.
"""

from __future__ import annotations

from random import Random
from typing import Final
from zlib import crc32

_MASK: Final = 0xFFFFFFFFFFFFFFFF


def about(random: Random, mean: float, deviation: float) -> float:
    """A bell-shaped number within three deviations of the mean: the sum of three uniform ones, with that deviation."""
    draw = random.random
    return mean + deviation * (2.0 * (draw() + draw() + draw()) - 3.0)


def key_of(name: str) -> int:
    """The number by which `hashed` knows a name."""
    return crc32(name.encode()) * 0x9E3779B97F4A7C15 & _MASK


def hashed(key: int, turn: int) -> int:
    """A number below 2**32 from a key and a turn (SplitMix64, Steele et al. 2014).

    >>> hashed(key_of("smoke-1"), 0) == hashed(key_of("smoke-1"), 0) != hashed(key_of("smoke-1"), 1)
    True
    """
    state = key + turn * 0x9E3779B97F4A7C15 & _MASK
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
    return (state ^ state >> 31) >> 32


def share(key: int, turn: int) -> float:
    """As `hashed`, from 0 to 1, excluded."""
    return hashed(key, turn) / 4294967296.0

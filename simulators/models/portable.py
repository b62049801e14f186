"""Functions by additions and multiplications alone: they give the same last bit on every machine, as those of the C
library need not.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_HALVINGS: Final = 10


@lru_cache(maxsize=512)
def decay(exponent: float) -> float:
    """e to the power of minus `exponent`, which is not negative. Steps of a simulation ask for few different ones.

    >>> [round(decay(exponent), 12) for exponent in (0.0, 1.0, 3.5, 800.0)]
    [1.0, 0.367879441171, 0.030197383422, 0.0]
    """
    if exponent > 700.0:
        return 0.0
    small = exponent / (1 << _HALVINGS)
    power = 1.0
    for term in range(8, 0, -1):
        power = 1.0 - small / term * power
    for _ in range(_HALVINGS):
        power *= power
    return power


def cube_root(value: float) -> float:
    """The cube root of a number that is not negative, by Newton's method.

    >>> [round(cube_root(value), 9) for value in (0.0, 1e-6, 8.0, 1e9)]
    [0.0, 0.01, 2.0, 1000.0]
    """
    if value == 0.0:
        return 0.0
    root = 1.0
    while root * root * root < value:
        root *= 2.0
    while root * root * root > 8.0 * value:
        root /= 2.0
    for _ in range(8):
        root = (2.0 * root + value / (root * root)) / 3.0
    return root

"""Flow out of a hole in a pipe under pressure: the orifice equation, with pressure as head of water in metres.

EPANET's emitters follow the same law (EPANET 2.2 manual, 3.1.2: exponent 0.5).
"""

from __future__ import annotations

import math
from typing import Final

_GRAVITY: Final = 9.81
_DISCHARGE: Final = 0.6
"""Discharge coefficient of a sharp-edged orifice; EPANET users take 0.6 to 0.75."""


def emitter_coefficient(area_mm2: float) -> float:
    """m³/s per square root of the head in metres."""
    return _DISCHARGE * area_mm2 * 1e-6 * math.sqrt(2.0 * _GRAVITY)


def leak_litres_h(area_mm2: float, head_m: float) -> float:
    """Litres in an hour.

    >>> round(leak_litres_h(1.0, 25.0), 1)
    47.8
    """
    return emitter_coefficient(area_mm2) * math.sqrt(max(head_m, 0.0)) * 3.6e6


def area_of(litres_h: float, head_m: float) -> float:
    """The area in mm² through which that flows at this head.

    >>> round(area_of(leak_litres_h(3.0, 20.0), 20.0), 6)
    3.0
    """
    return litres_h / leak_litres_h(1.0, head_m)

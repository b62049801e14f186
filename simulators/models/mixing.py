"""One well-mixed volume of air with a source and ventilation: the mass balance of gas, carbon monoxide and smoke.

V dC/dt = G - n V C, with G the source and n the air changes: the balance by which tracer gas tests measure n (ASTM
E741). The solution for constant G and n is exact, so any length of step is right.
"""

from __future__ import annotations

from typing import Final

from simulators.models.portable import decay

_NEGLIGIBLE: Final = 1e-9
"""Air changes below which the exact solution loses digits and the linear one is as good."""


def concentration_after(start: float, inflow_per_s: float, decay_per_s: float, seconds: float) -> float:
    """The concentration after `seconds`, from `start`, with `inflow_per_s` = G / V and `decay_per_s` = n.

    >>> round(concentration_after(0.0, 0.002, 0.001, 1e6), 6)
    2.0
    >>> concentration_after(1.0, 0.5, 0.0, 4.0)
    3.0
    """
    if decay_per_s * seconds < _NEGLIGIBLE:
        return start + inflow_per_s * seconds
    equilibrium = inflow_per_s / decay_per_s
    return equilibrium + (start - equilibrium) * decay(decay_per_s * seconds)

"""The faults by name, with their parameters and what each may rightly change in what people are notified of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from simulators.faults.fault import AddingFault, ClockFault, MeasurementFault, MessageFault
from simulators.faults.transport import Duplicate, Late

Fault = AddingFault | MeasurementFault | ClockFault | MessageFault


class FaultSpec(Struct, frozen=True):
    """How to make a fault from a seed and parameters, which have defaults; `may_change` in Chinese and English."""

    make: Callable[..., Fault]
    parameters: Mapping[str, float]
    may_change_zh: str
    may_change: str


FAULTS: Final[Mapping[str, FaultSpec]] = {
    "late": FaultSpec(
        Late,
        {"share": 0.005, "most_s": 1_800, "urgent_most_s": 30},
        "消息迟到，通知相应推迟。",
        "A message is late, so its notification is late by as much.",
    ),
    "duplicate": FaultSpec(
        Duplicate,
        {"share": 0.01, "within_s": 30},
        "没有时间和序号的平台上，按键消息重复一次即视为再按一次，不另行通知。",
        "On a platform without time and sequence number a repeated press counts as another press; no further message.",
    ),
}
"""In the order in which messages pass them: from the device to the service."""


class UnknownFault(ValueError):
    """A fault or parameter that does not exist."""


def make_fault(name: str, seed: int, parameters: Mapping[str, float] | None = None) -> Fault:
    """The fault of this name; `parameters` replace defaults. Raises UnknownFault."""
    if (spec := FAULTS.get(name)) is None:
        raise UnknownFault(f"no fault {name!r}; write one of: {', '.join(FAULTS)}")
    given = parameters or {}
    if unknown := given.keys() - spec.parameters.keys():
        parameter_names = ", ".join(spec.parameters)
        raise UnknownFault(f"{name}: no parameter {', '.join(sorted(unknown))}; write one of: {parameter_names}")
    return spec.make(seed, **{**spec.parameters, **given})

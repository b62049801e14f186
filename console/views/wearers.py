"""What a viewer sees of what people wear: where and what it is, and nothing that was measured of a body. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from domain.kind import Kind

_OF_THE_DEVICE: Final = frozenset({"battery_pct", "battery_v", "battery_low", "rssi_dbm", "tamper", "test", "fault"})


def is_worn(kind: Kind | None) -> bool:
    """Whether people wear devices of this kind."""
    return kind is not None and kind.is_worn


def without_body_values(view: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """The view of an alert without evidence that only worn devices measure; battery and the like stay."""
    worn = {name for kind in kinds.values() if kind.is_worn for name in kind.quantities}
    others = {name for kind in kinds.values() if not kind.is_worn for name in kind.quantities}
    body = worn - others - _OF_THE_DEVICE
    return {**view, "evidence": [line for line in view.get("evidence", ()) if line["quantity"] not in body]}

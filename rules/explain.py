"""Says why a rule does or does not speak of a device now, as plain data. It judges nothing."""

from __future__ import annotations

from collections.abc import Mapping

from rules.core import QUIET_WATCH
from rules.seat import Seat


def explained(seat: Seat, rule: str, shadowed: Mapping[str, int] | None = None) -> dict[str, object]:
    """Where the watch of this rule stands, since when, until when it waits, and what it knows."""
    planned, watch = seat.plan.by_name.get(rule), seat.watches.get(rule, QUIET_WATCH)
    story: dict[str, object] = {
        "device": seat.device.id,
        "rule": rule,
        "known": True,
        "applies_to_kind": planned is not None,
        "phase": watch.phase.value,
        "heard": seat.heard or None,
        "newest": seat.newest or None,
    }
    if planned is not None:
        story["needs"] = list(planned.quantities)
        story["hold_ms"], story["release_ms"] = planned.rule.hold, planned.rule.release
        if planned.rule.shadow:
            story["shadow"] = dict(shadowed or {})
    if watch is not QUIET_WATCH:
        story |= {
            "since": watch.since,
            "begin": watch.begin,
            "wake_at": watch.wake_at,
            "severity": watch.severity.value,
        }
        story["evidence"] = [f"{line.quantity} {line.value}{line.unit} / {line.limit}" for line in watch.evidence]
    return story

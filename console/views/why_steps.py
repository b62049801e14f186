"""The steps of an explanation: heard, judged, joined or suppressed, asked, sent, delivered, answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from alerts.lifecycle.transitions import ACTIONS

_OF_KIND: Final[Mapping[str, str]] = {
    "reading": "heard",
    "refusal": "heard",
    "silence": "heard",
    "heard": "heard",
    "opened": "judged",
    "judged": "judged",
    "rule": "judged",
    "worsened": "judged",
    "stale": "judged",
    "recovered": "judged",
    "joined": "joined",
    "added": "joined",
    "alert": "joined",
    "silenced": "suppressed",
    "told": "asked",
    "nobody": "asked",
    "due": "overdue",
    "reinforce": "answered",
    **{action.value: "answered" for action in ACTIONS},
}
_OF_DELIVERY: Final[Mapping[str, str]] = {
    "pending": "asked",
    "sending": "asked",
    "accepted": "sent",
    "unknown": "sent",
    "delivered": "delivered",
    "skipped": "suppressed",
    "failed": "failed",
    "expired": "failed",
    "dead": "failed",
}


def with_steps(facts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The facts in the order in which they happened, with their step and the time since the one before."""
    ordered = sorted(facts, key=lambda fact: fact["at"])
    before: int | None = None
    result = []
    for fact in ordered:
        after = {} if before is None else {"after_ms": fact["at"] - before}
        result.append({**fact, "step": _step(fact), **after})
        before = fact["at"]
    return result


def _step(fact: Mapping[str, Any]) -> str:
    if fact["kind"] == "message":
        return _OF_DELIVERY.get(fact.get("state") or "", "other")
    return _OF_KIND.get(fact["kind"], "other")

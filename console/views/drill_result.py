"""The result of an exercise: who was called, and who answered when. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from alerts.message import CALL_KINDS
from domain import Instant

_ANSWERS: Final = ("acknowledge", "pass", "arrive", "resolve", "return")
_CALLS: Final = tuple(kind.value for kind in CALL_KINDS)


def drill_view(alert: Mapping[str, Any], deliveries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The exercise with one response for each person, in the order of the calls."""
    started, timeline = alert["opened_at"], alert["timeline"]
    people: dict[str, list[Mapping[str, Any]]] = {}
    for row in deliveries:
        if row["kind"] in _CALLS:
            people.setdefault(row["person"], []).append(row)
    return {
        **{name: alert[name] for name in ("id", "title", "hazard", "place", "address", "state")},
        "started_at": started,
        "ended_at": _first(timeline, ("exercise_ended", "close")),
        "acknowledged_ms": _since(started, _first(timeline, ("acknowledge",))),
        "arrived_ms": _since(started, _first(timeline, ("arrive",))),
        "resolved_ms": _since(started, _first(timeline, ("resolve",))),
        "responses": [_response(rows, timeline) for rows in people.values()],
    }


def _response(calls: Sequence[Mapping[str, Any]], timeline: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = min(calls, key=lambda row: row["created_at"])
    person, called_at = first["person"], first["created_at"]
    delivered = [row["receipt_at"] or row["sent_at"] for row in calls if row["state"] == "delivered"]
    answer = next((line for line in timeline if line["kind"] in _ANSWERS and line["person"] == person), None)
    return {
        **{name: first[name] for name in ("person", "name", "role")},
        "channels": list(dict.fromkeys(row["channel"] for row in calls)),
        "called_at": called_at,
        "delivered_ms": _since(called_at, min(delivered, default=None)),
        "answer": None if answer is None else answer["kind"],
        "answer_ms": None if answer is None else answer["at"] - called_at,
    }


def _first(timeline: Sequence[Mapping[str, Any]], kinds: Sequence[str]) -> Instant | None:
    found = (line for line in timeline if line["kind"] in kinds)
    return next((line["at"] for line in found), None)


def _since(begin: Instant, at: Instant | None) -> int | None:
    return None if at is None else at - begin

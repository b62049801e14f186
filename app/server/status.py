"""What the console is given: the rooms behind the API and the status line."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from alerts.escalation import roster
from app.pipeline.pipeline import Pipeline
from console.dependencies import RuleSummary
from domain import Instant, Role
from domain.people import Community
from rules.rulebook.model import Rulebook

CONSOLE_DIST = Path(__file__).resolve().parents[2] / "console" / "dist"
RATE_WINDOW_MS = 10_000
NON_EXPRESSION_CONDITIONS = ("absent", "gather", "chatter", "expires")
"""Questions that are no expression: named as they are written in a rulebook."""


def rule_summaries(books: Sequence[Rulebook]) -> list[RuleSummary]:
    """Every active rule as the API lists it."""
    return [
        RuleSummary(
            name=rule.name,
            title=rule.title.zh,
            hazard=book.hazard,
            kinds=rule.kinds,
            severity=rule.severity.value,
            ledger=rule.ledger.value,
            version=str(book.version),
            source=rule.source,
            state="shadow" if rule.shadow else "active",
            when=rule.when
            or rule.event
            or next(way for way in NON_EXPRESSION_CONDITIONS if getattr(rule, way) is not None),
            advice=rule.advice.zh if rule.advice else "",
            title_en=rule.title.en,
        )
        for book in books
        for rule in book.rules
    ]


class StatusLine:
    """The top bar's numbers: is the broker heard, when was the last reading, how fast do they come, who is on duty."""

    def __init__(
        self,
        chain: Pipeline,
        connected: Callable[[], bool],
        community: Callable[[], Community],
        on_duty: Callable[[Community, Role, Instant], list[str]],
        clock: Callable[[], Instant],
    ) -> None:
        self._pipeline, self._connected, self._community = chain, connected, community
        self._on_duty, self._clock = on_duty, clock
        self._samples: deque[tuple[Instant, int]] = deque()
        self.detect_to_send_ms: int | None = None
        self.journal_error: Callable[[], str] = str
        """Why nothing can be journaled, and so nothing is acknowledged; empty when all is well."""

    def readings_per_s(self, now: Instant) -> float:
        """Readings a second over the last ten seconds; called about every two."""
        self._samples.append((now, self._pipeline.counters.readings))
        while self._samples[0][0] < now - RATE_WINDOW_MS and len(self._samples) > 1:
            self._samples.popleft()
        since, count = self._samples[0]
        return round((self._pipeline.counters.readings - count) * 1000 / (now - since), 1) if now > since else 0.0

    def __call__(self) -> Mapping[str, Any]:
        now = self._clock()
        return {
            "connected": self._connected(),
            "now": now,
            "last_reading_at": self._pipeline.counters.last_reading_at,
            "readings_per_s": self.readings_per_s(now),
            "detect_to_send_ms": self.detect_to_send_ms,
            "journal_error": self.journal_error(),
            "on_duty": {
                role.value: self._on_duty(self._community(), role, now) for role in (Role.WORKER, Role.COMMUNITY)
            },
            "backlog": self._pipeline.backlog.entries,
        }


def on_duty_by_cell(community: Community, role: Role, now: Instant, zone: ZoneInfo) -> list[str]:
    """The names of those who are asked first, in any cell."""
    people = {
        person.id: person.name
        for cell in community.cells
        for person in roster.on_duty(community, cell, role, now, zone)[:1]
    }
    return list(people.values())

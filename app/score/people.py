"""What the people at the phones know: which texts they have read and answered. Pure.

A person answers each thing once, types one text at a time, and does not answer what a later text has settled. A
supervisor who is told of a case telephones the person who owes the next step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from app.score.records import NetworkEvent
from domain import SECOND, Instant
from simulators.workers import codes, settled_by

TYPING_MS: Final = 15 * SECOND
"""For one short text. Ours."""
_ENTAILED: Final = {"done": ("take", "arrive"), "arrive": ("take",)}
"""What an answer says too."""


class Question(Struct, frozen=True):
    """A code that a text asked for, and the provider that carried the text."""

    phone: str
    code: str
    provider: str


class Knowledge(Struct):
    """By phone, alert and what is answered: when it was answered last, and when a text was read that settled it. By
    phone: when its last text was typed. By alert and answer: who was asked for it last."""

    answered: dict[str, Instant] = field(default_factory=dict)
    settled: dict[str, Instant] = field(default_factory=dict)
    typed: dict[str, Instant] = field(default_factory=dict)
    asked: dict[str, Question] = field(default_factory=dict)

    def read(self, phone: str, alert: int, text: str, at: Instant, provider: str) -> None:
        """This person has read a text."""
        for means in settled_by(text):
            self.settled[_key(phone, alert, means)] = at
        found = codes(text)
        for means, code in found.items():
            self.asked[f"{alert}/{means}"] = Question(phone, code, provider)

    def read_of(self, phone: str, alerts: Iterable[int], text: str, at: Instant) -> None:
        """He has read in a text about several alerts that one of these is settled."""
        for alert in alerts:
            for means in settled_by(text):
                self.settled[_key(phone, alert, means)] = at

    def asked_for(self, alert: int, means: str) -> Question | None:
        """Who was asked for this answer last."""
        return self.asked.get(f"{alert}/{means}")

    def is_moot(self, reply: NetworkEvent) -> bool:
        """Whether the person has answered this since he was asked, or has read that no answer is needed."""
        if not reply.means:
            return False
        key = _key(reply.phone, reply.alert, reply.means)
        if self.answered.get(key, -1) >= reply.asked_at:
            return True
        return reply.reads_first and self.settled.get(key, -1) >= reply.asked_at

    def free_at(self, phone: str, at: Instant) -> Instant:
        """When he can send the next text."""
        return max(at, self.typed.get(phone, at - TYPING_MS) + TYPING_MS)

    def sent(self, reply: NetworkEvent, at: Instant) -> None:
        """He has sent it."""
        self.typed[reply.phone] = at
        for means in _all_of(reply.means):
            self.answered[_key(reply.phone, reply.alert, means)] = at


def _all_of(means: str) -> Iterable[str]:
    return (means, *_ENTAILED.get(means, ())) if means else ()


def _key(phone: str, alert: int, means: str) -> str:
    return f"{phone}/{alert}/{means}"

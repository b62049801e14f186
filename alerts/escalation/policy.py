"""Escalation policy: who is notified, in which order, on which channels, and how long we wait. From ladders/*.yaml.

A ladder names roles; `roster` finds the people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.lifecycle.event import Deadlines
from domain import DAY, Fault, Ledger, Severity
from domain.duration import Duration
from domain.roles import Roles

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Rung(BaseModel):
    """One step: this role, on all of these channels at once; `fallback` only where they fail; then wait."""

    model_config = _STRICT

    role: str
    channels: tuple[str, ...] = Field(min_length=1)
    fallback: tuple[str, ...] = ()
    wait: Duration


class QuietHours(BaseModel):
    """Local minutes of the day in which this ladder sends nothing; what falls due waits until they end."""

    model_config = _STRICT

    from_minute: int = Field(ge=0, lt=1440)
    to_minute: int = Field(ge=0, lt=1440)


class Ladder(BaseModel):
    """The rungs for one ledger and some severities, and the deadlines that texts state. With `rules` it applies to
    findings of these rules only, and takes precedence.
    """

    model_config = _STRICT

    ledger: Ledger
    severities: tuple[Severity, ...] = Field(min_length=1)
    rules: tuple[str, ...] = ()
    take_within: Duration
    arrive_within: Duration
    resolve_within: Duration
    verify_within: Duration
    close_within: Duration
    repeat: Duration
    quiet: QuietHours | None = None
    rungs: tuple[Rung, ...] = Field(min_length=1)

    @property
    def deadlines(self) -> Deadlines:
        return Deadlines(
            take_ms=self.take_within,
            arrive_ms=self.arrive_within,
            resolve_ms=self.resolve_within,
            verify_ms=self.verify_within,
            close_ms=self.close_within,
            shelve_max_ms=DAY,
        )

    @model_validator(mode="after")
    def _somebody_waits(self) -> Ladder:
        if min(self.repeat, self.arrive_within, *(rung.wait for rung in self.rungs)) < 1_000:
            raise ValueError("repeat, arrive_within and every wait must be at least 1s")
        return self


class EscalationPolicy(BaseModel):
    """All ladders of a site. Each pair of ledger and severity must have exactly one general ladder, a rule at most one
    of its own. `one_event` lists rules that measure the same event on one device: a second finding within a minute of
    the first, no more severe, needs no text of its own.
    """

    model_config = _STRICT

    ladders: tuple[Ladder, ...] = Field(min_length=1)
    one_event: tuple[tuple[str, ...], ...] = ()

    def is_same_event(self, rule: str, other: str) -> bool:
        return any(rule in rules and other in rules for rules in self.one_event)

    def ladder(self, ledger: Ledger, severity: Severity, rule: str = "") -> Ladder:
        fitting = [ladder for ladder in self.ladders if ladder.ledger is ledger and severity in ladder.severities]
        own = (ladder for ladder in fitting if rule in ladder.rules)
        return next(own, None) or next(ladder for ladder in fitting if not ladder.rules)


def check(policy: EscalationPolicy) -> list[Fault]:
    """Faults: a pair of ledger and severity without a ladder or with two, and a rule with two."""
    faults = []
    for ledger in Ledger:
        for severity in Severity:
            fitting = [ladder for ladder in policy.ladders if ladder.ledger is ledger and severity in ladder.severities]
            count = sum(not ladder.rules for ladder in fitting)
            if count != 1:
                what = "has no ladder: add one" if count == 0 else f"has {count} ladders: keep one"
                faults.append(Fault(where=("ladders",), message=f"{ledger.value} {severity.value} {what}"))
            for rule, times in Counter(rule for ladder in fitting for rule in ladder.rules).items():
                if times > 1:
                    what = f"{rule} has {times} ladders of its own for {ledger.value} {severity.value}: keep one"
                    faults.append(Fault(where=("ladders",), message=what))
    return faults


def check_names(
    policy: EscalationPolicy,
    channels: Collection[str],
    rules: Collection[str],
    unknown: Callable[[str, Collection[str]], str],
) -> Iterator[Fault]:
    """Faults: channels and rules that do not exist. `unknown` says what to write instead.

    Checked apart from the shape: a service that restarts at night goes on with the rungs that are right.
    """
    named_in = [(("ladders", index, "rules"), ladder.rules) for index, ladder in enumerate(policy.ladders)]
    together = [(("one_event", index), names) for index, names in enumerate(policy.one_event)]
    yield from _unknown((*named_in, *together), rules, unknown)
    for index, ladder in enumerate(policy.ladders):
        for step, rung in enumerate(ladder.rungs):
            path = ("ladders", index, "rungs", step)
            named = (((*path, "channels"), rung.channels), ((*path, "fallback"), rung.fallback))
            yield from _unknown(named, channels, unknown)


def check_roles(policy: EscalationPolicy, roles: Roles, unknown: Callable[[str, Roles], str]) -> Iterator[Fault]:
    """Faults: roles that do not exist. `unknown` says what to write instead."""
    for index, ladder in enumerate(policy.ladders):
        for step, rung in enumerate(ladder.rungs):
            if rung.role not in roles:
                yield Fault(("ladders", index, "rungs", step, "role"), unknown(rung.role, roles))


def _unknown(
    named: Iterable[tuple[tuple[str | int, ...], Sequence[str]]],
    known: Collection[str],
    unknown: Callable[[str, Collection[str]], str],
) -> Iterator[Fault]:
    for path, names in named:
        for at, name in enumerate(names):
            if name not in known:
                yield Fault((*path, at), unknown(name, known))

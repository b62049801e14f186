"""Escalation policy: who is notified, in which order, on which channels, and how long we wait. From ladders/*.yaml.

A ladder names roles; `recipients` finds the people.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.escalation.case_times import CaseTimes
from alerts.escalation.conditions import NO_CONDITIONS, Circumstances, Conditions
from alerts.lifecycle.event import Deadlines
from domain import MINUTE, Ledger, Severity
from domain.duration import Duration

_STRICT = ConfigDict(extra="forbid", frozen=True)
PEOPLE_MAX: Final = 20


class Responsibility(StrEnum):
    """What is asked of a recipient (您负责 / 请配合 / 告知)."""

    RESPONSIBLE = "responsible"
    """Only this person's acknowledgement stops the escalation."""
    ASSIST = "assist"
    """Asked to help; whoever accepts is recorded as a helper."""
    INFORM = "inform"
    """Told, and asked nothing."""


class Recipient(BaseModel):
    """People of one role, on all of these channels at once; `fallback` only where they fail.

    `within_m` limits them to those near the place, `at_most` to the nearest so many at a time. `people_needed` is how
    many helpers of an assisting role are wanted: when so many have accepted, the others asked are told.
    """

    model_config = _STRICT

    role: str
    channels: tuple[str, ...] = Field(min_length=1)
    fallback: tuple[str, ...] = ()
    responsibility: Responsibility = Responsibility.RESPONSIBLE
    within_m: int | None = Field(default=None, ge=1, le=100_000)
    at_most: int | None = Field(default=None, ge=1, le=PEOPLE_MAX)
    people_needed: int = Field(default=1, ge=1, le=PEOPLE_MAX)


class Occasion(StrEnum):
    """When an extra recipient of a ladder is notified."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Notice(Recipient):
    """An extra recipient, beside the rungs: at opening, or so long `after` it, or on another occasion; under
    conditions.
    """

    responsibility: Responsibility = Responsibility.INFORM
    at: Occasion = Occasion.OPENED
    after: Duration = 0
    when: Conditions = NO_CONDITIONS

    @model_validator(mode="after")
    def _asks_in_time(self) -> Notice:
        if self.responsibility is Responsibility.RESPONSIBLE:
            raise ValueError("responsibility must be assist or inform: whoever is responsible stands on a rung")
        if self.responsibility is Responsibility.ASSIST and self.at in (Occasion.RESOLVED, Occasion.CLOSED):
            raise ValueError(f"nobody can assist at {self.at.value}: write `responsibility: inform`")
        if self.after and self.at is not Occasion.OPENED:
            raise ValueError("after counts from the opening: remove `at`, or `after`")
        return self


class Rung(BaseModel):
    """One step: these recipients at once, then wait. The short form has one responsible role and its channels."""

    model_config = _STRICT

    role: str = ""
    channels: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    wait: Duration
    phone: str = ""
    """This role is also called by phone on this rung, where the site has the channel `voice`."""
    people_needed: int | None = Field(default=None, ge=1, le=PEOPLE_MAX)

    @property
    def everybody(self) -> tuple[Recipient, ...]:
        if self.recipients:
            return self.recipients
        return (Recipient(role=self.role, channels=self.channels, fallback=self.fallback),)

    @property
    def responsible(self) -> tuple[Recipient, ...]:
        """Those whose acknowledgement stops the escalation."""
        return tuple(one for one in self.everybody if one.responsibility is Responsibility.RESPONSIBLE)

    @property
    def others(self) -> tuple[Recipient, ...]:
        """Those who assist or are informed."""
        return tuple(one for one in self.everybody if one.responsibility is not Responsibility.RESPONSIBLE)

    @property
    def roles(self) -> frozenset[str]:
        """Roles of the responsible."""
        return frozenset(one.role for one in self.responsible)

    def recipient(self, role: str) -> Recipient:
        """The responsible recipient of this role, else the first."""
        return next((one for one in self.responsible if one.role == role), self.responsible[0])

    @model_validator(mode="after")
    def _names_a_responsible_role(self) -> Rung:
        if self.recipients and (self.role or self.channels or self.fallback):
            raise ValueError("has both forms: write role and channels into `recipients`")
        if not self.recipients and not self.role:
            raise ValueError("names nobody: write `role: ...` and `channels: ...`, or `recipients: [...]`")
        if not self.recipients and not self.channels:
            raise ValueError("has no channels: write `channels: [sms, wecom]`")
        if not self.responsible:
            raise ValueError("has nobody responsible: move it to `notify`, which is told beside the rungs")
        return self


class QuietHours(BaseModel):
    """Local minutes of the day in which this ladder sends nothing; what falls due waits until they end."""

    model_config = _STRICT

    from_minute: int = Field(ge=0, lt=1440)
    to_minute: int = Field(ge=0, lt=1440)


class Ladder(CaseTimes):
    """The rungs for one ledger and some severities, and the deadlines that texts state. With `rules` it applies to
    findings of these rules only, with `when` under conditions; the most specific ladder applies. `notify` are told
    beside the rungs. With `people_needed` it goes on calling until so many responsible people are on it.
    """

    model_config = _STRICT

    ledger: Ledger
    severities: tuple[Severity, ...] = Field(min_length=1)
    rules: tuple[str, ...] = ()
    when: Conditions = NO_CONDITIONS
    take_within: Duration
    arrive_within: Duration
    resolve_within: Duration
    verify_within: Duration
    close_within: Duration
    repeat: Duration
    quiet: QuietHours | None = None
    rungs: tuple[Rung, ...] = Field(min_length=1)
    notify: tuple[Notice, ...] = ()
    people_needed: int = Field(default=1, ge=1, le=PEOPLE_MAX)

    @property
    def is_general(self) -> bool:
        """Whether it applies to every finding of its ledger and severities."""
        return not self.rules and not self.when.count

    @property
    def specificity(self) -> tuple[bool, int]:
        """Ladders of a rule first, then by the number of their conditions."""
        return bool(self.rules), self.when.count

    @property
    def roles(self) -> frozenset[str]:
        """Roles of the responsible on all rungs."""
        return frozenset(role for rung in self.rungs for role in rung.roles)

    def needed_at(self, step: int) -> int:
        """How many responsible people are needed once this rung has been notified."""
        reached = [rung.people_needed for rung in self.rungs[: max(step, 0) + 1] if rung.people_needed is not None]
        return max([self.people_needed, *reached])

    @property
    def deadlines(self) -> Deadlines:
        times = self.case_times(min(self.severities, key=lambda severity: severity.rank))
        return Deadlines(
            take_ms=self.take_within,
            arrive_ms=self.arrive_within,
            resolve_ms=self.resolve_within,
            verify_ms=self.verify_within,
            close_ms=self.close_within,
            shelve_max_ms=times.shelve_max_ms,
            return_ms=times.return_ms,
            supervise_after_ms=times.supervise_after_ms,
            supervise_ms=times.supervise_ms,
            ask_verifier_ms=times.ask_verifier_ms,
            realarm_ms=times.realarm_ms,
            second_verify_ms=times.second_verify_ms,
        )

    @model_validator(mode="after")
    def _somebody_waits(self) -> Ladder:
        if min(self.repeat, self.arrive_within, *(rung.wait for rung in self.rungs)) < 1_000:
            raise ValueError("repeat, arrive_within and every wait must be at least 1s")
        return self


class GatheredRules(BaseModel):
    """`by` is a rule about a building: what these `rules` find there, and residents' reports of its hazard, is one
    event with it."""

    model_config = _STRICT

    by: str
    rules: tuple[str, ...] = Field(min_length=1)


class EscalationPolicy(BaseModel):
    """All ladders of a site. Each pair of ledger and severity must have exactly one general ladder, and no two ladders
    that are equally specific may apply to the same alert. `one_event` lists rules that measure the same event on one
    device: a second finding within a minute of the first, no more severe, needs no text of its own. `gathered` lists
    which rules are one event with a rule about their building. A position of a person older than `position_max_age` is
    not used. In the hours of `verify_quiet` nobody is asked to verify. Deputies are called no sooner than
    `deputy_after` the first rank; whoever has `busy_from` dangers in hand (0: never) after the others of his role.
    """

    model_config = _STRICT

    ladders: tuple[Ladder, ...] = Field(min_length=1)
    one_event: tuple[tuple[str, ...], ...] = ()
    gathered: tuple[GatheredRules, ...] = ()
    position_max_age: Duration = 30 * MINUTE
    verify_quiet: QuietHours | None = None
    deputy_after: Duration = 0
    busy_from: int = Field(default=0, ge=0)

    def is_same_event(self, rule: str, other: str) -> bool:
        return any(rule in rules and other in rules for rules in self.one_event)

    def gathers(self, rule: str) -> GatheredRules | None:
        """What this rule about a building gathers; None for every other rule."""
        return next((one for one in self.gathered if one.by == rule), None)

    def gathered_by(self, rule: str) -> list[GatheredRules]:
        """Those that gather what this rule finds."""
        return [one for one in self.gathered if rule in one.rules]

    def ladder(self, ledger: Ledger, severity: Severity, rule: str = "", about: Circumstances | None = None) -> Ladder:
        """The most specific ladder for a finding of this rule; without `about`, of those without conditions."""
        return max(self._fitting(ledger, severity, rule, about), key=lambda ladder: ladder.specificity)

    def _fitting(self, ledger: Ledger, severity: Severity, rule: str, about: Circumstances | None) -> Iterator[Ladder]:
        for ladder in self.ladders:
            applies = ladder.ledger is ledger and severity in ladder.severities
            if applies and (not ladder.rules or rule in ladder.rules) and _holds(ladder.when, about):
                yield ladder


def _holds(when: Conditions, about: Circumstances | None) -> bool:
    return not when.count or (about is not None and when.match(about))

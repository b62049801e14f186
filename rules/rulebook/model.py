"""Rule and Rulebook as the safety office writes them (pydantic). Each field is validated by itself; whether a rule fits
its kinds is checked in rulebook/check.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from domain import MINUTE, Ledger, Severity
from domain.duration import Duration
from domain.kind import LocalizedText, Name
from rules.language.foreign_terms import INSTEAD
from rules.language.nodes import Node, referenced_findings
from rules.language.parser import parse
from rules.language.tokens import ExpressionError

RuleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
ANY_KIND = "any"
RULE_TYPES = ("when", "event", "absent", "gather", "chatter", "expires")
SINGLE_SUBJECTS: Final = ("device", "person")
GROUP_SUBJECTS: Final = ("household", "building", "cell", "line")
MAX_ADVICE_LENGTH = 8
"""Characters of advice: it must fit a text message beside place, deadline and reply code."""


def _parse_condition(written: object) -> object:
    if not isinstance(written, str):
        raise ValueError(f"not a condition: {written!r} (write it in quotes, for example 'lel_pct >= 25')")
    try:
        parse(written)
    except ExpressionError as error:
        raise ValueError(str(error)) from None
    return written


def _parse_bool(written: object) -> object:
    if not isinstance(written, bool):
        raise ValueError(f"is a yes or no, not {written!r}: write true or false")
    return written


StrictBool = Annotated[bool, BeforeValidator(_parse_bool)]


class _WrittenModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Advice(_WrittenModel):
    """What the worker must do, or must not do: one short imperative."""

    zh: Annotated[str, Field(min_length=1, max_length=MAX_ADVICE_LENGTH)]
    en: str = ""


class Grade(_WrittenModel):
    """A severity of its own under a condition of its own; the most severe that is true counts."""

    severity: Severity
    when: str

    _condition = field_validator("when", mode="before")(_parse_condition)


class Cancel(_WrittenModel):
    """The person cancels: `when` is true within `within` of the event."""

    when: str
    within: Duration

    _condition = field_validator("when", mode="before")(_parse_condition)


class Absent(_WrittenModel):
    """The device, or one quantity, is not received for `missed` reporting periods and a `grace`, or for `after`.

    `children` is for gateways: or that many of the devices behind it have missed two reports since the last traffic.
    """

    quantity: Name | None = None
    missed: Annotated[int, Field(ge=1)] = 3
    grace: Duration = 10 * MINUTE
    after: Duration | None = None
    children: Annotated[int, Field(ge=1)] | None = None

    def allowed_silence_ms(self, report_every_ms: int) -> int:
        """How long it may be silent, by its reporting plan."""
        return self.after if self.after is not None else self.missed * report_every_ms + self.grace


class Part(_WrittenModel):
    """So many different devices with a finding of one of these rules; `in_order`: begun one after the other along
    their line (attribute `order`), in either direction."""

    rules: Annotated[list[RuleName], Field(min_length=1)]
    at_least: Annotated[int, Field(ge=1)] = 1
    in_order: StrictBool = False


class Gather(_WrittenModel):
    """Findings of other rules about the same subject: all parts `within` one stretch of time; without it, standing
    together."""

    parts: Annotated[list[Part], Field(min_length=1)]
    within: Duration | None = None
    without: list[RuleName] = []
    """While one of these rules finds something, it neither begins nor goes on: with `hold`, "and not within 10 min"."""

    @property
    def rules(self) -> frozenset[str]:
        """The rules whose findings it counts."""
        return frozenset(name for part in self.parts for name in part.rules)

    @property
    def all_rules(self) -> frozenset[str]:
        """Every rule whose findings it looks at."""
        return self.rules.union(self.without)


class Chatter(_WrittenModel):
    """A device whose danger comes and goes `times` times `within` so long, by whichever rule, or by one of `rules`."""

    times: Annotated[int, Field(ge=2, le=20)] = 3
    within: Duration = MINUTE
    rules: list[RuleName] = []


class Expires(_WrittenModel):
    """The day in the device's attribute `on`, else `life` after the day in its attribute `since`; reported `before`
    it."""

    on: Name = "expires_on"
    since: Name = "installed_on"
    life: Duration | None = None
    before: Duration = 0


def _schema_constraints(shape: dict[str, Any]) -> None:
    """Adds to the JSON schema, for editors, which fields go together; the validators below check the same."""
    gathers = {
        "required": ["gather", "of"],
        "not": {"required": ["kind"]},
        "properties": {"of": {"enum": list(GROUP_SUBJECTS)}},
    }
    looks = {
        "required": ["kind"],
        "not": {"required": ["gather"]},
        "properties": {"of": {"enum": list(SINGLE_SUBJECTS)}},
    }
    lasts = {"anyOf": [{"required": ["release"]}, {"required": ["latch"]}]}
    shape["oneOf"] = [{"required": [question]} for question in RULE_TYPES]
    shape["anyOf"] = [gathers, looks]
    shape["dependentRequired"] = {"clear": ["when"], "cancel": ["event"]}
    shape["dependentSchemas"] = {"event": lasts, "chatter": lasts}


class Rule(_WrittenModel):
    """One judgement: a condition (`when`), something that happens (`event`) or that is missing (`absent`), or findings
    that mean more together than each by itself (`gather`)."""

    model_config = ConfigDict(json_schema_extra=_schema_constraints)

    name: RuleName
    """Its own among all books; findings bear it."""
    title: LocalizedText
    """What the worker reads first: at most eight Chinese characters."""
    kind: Name | list[Name] | None = None
    """The kind of device, several of them, or `any`."""
    severity: Severity
    ledger: Ledger = Ledger.DANGER
    """`danger`: the grid worker; `health`: maintenance."""
    of: Literal["device", "person", "household", "building", "cell", "line"] = "device"
    """The subject: device or person for readings, the others for gathered findings."""
    when: str | None = None
    """What is dangerous, as a condition: `lel_pct >= default(device.limit_pct, 10) and not fault`."""
    event: str | None = None
    """What happens and has no end: `sos`."""
    absent: Absent | None = None
    gather: Gather | None = None
    chatter: Chatter | None = None
    expires: Expires | None = None
    clear: str | None = None
    """When it is over: well below `when`, or it chatters. Without it, when `when` is not true."""
    grades: list[Grade] = []
    hold: Duration = 0
    """How long it must last before anybody is told."""
    release: Duration = 0
    """How long it must be over before it ends; of an event, how long without repetition."""
    latch: StrictBool = False
    """It ends only when a named person resets it."""
    shadow: StrictBool = False
    """Evaluated and counted; its findings are not emitted."""
    record: StrictBool = False
    """Evaluated for other rules only (`gather`, `finding.x`), not emitted: a recording rule."""
    if_silent: Literal["fire", "wait"] = "fire"
    """Whether a hold elapses without another reading (`fire`) or needs one (`wait`)."""
    cancel: Cancel | None = None
    only_if: str | None = None
    """What keeps it from beginning and never ends it: attributes, the time, other findings."""
    show: list[Name] = []
    """Quantities to be shown beside those it judges."""
    advice: Advice | None = None
    source: Annotated[str, Field(min_length=1)]
    """Where its limits come from, with the grade of the source; else `our default (unverified)`."""

    _check_conditions = field_validator("when", "event", "clear", "only_if", mode="before")(
        lambda written: None if written is None else _parse_condition(written)
    )

    @model_validator(mode="after")
    def _check_consistency(self) -> Rule:
        wrong = [*self._type_faults(), *self._subject_faults()]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _type_faults(self) -> Iterator[str]:
        asked = [name for name in RULE_TYPES if getattr(self, name) is not None]
        if len(asked) != 1:
            yield f"a rule asks one question: write one of {', '.join(RULE_TYPES)} (found {asked or 'none'})"
        if self.clear is not None and self.when is None:
            yield "clear belongs to when: an event has no end, an absence ends when heard"
        if self.cancel is not None and self.event is None:
            yield "cancel belongs to event: remove it"
        if self.is_momentary and not (self.release or self.latch):
            yield "what happens needs release, the time without repetition after which it is over, or latch: true"

    def _subject_faults(self) -> Iterator[str]:
        if self.gather is None and self.kind is None:
            yield "kind is missing: write the kind of device, for example kind: gas_alarm"
        if self.gather is not None and self.kind is not None:
            yield "gather speaks of findings, not of devices: remove kind"
        if (self.gather is None) is (self.of not in SINGLE_SUBJECTS):
            yield (
                "a reading is about a device or a person; findings gather in a household, building, cell or line:"
                f" write {'of: device' if self.gather is None else 'of: building'}"
            )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds it applies to; `any` stands for every kind that has its quantities."""
        return (self.kind,) if isinstance(self.kind, str) else tuple(self.kind or ())

    @property
    def is_momentary(self) -> bool:
        """True for what has no end of its own: a press, a fall, a device that chatters."""
        return self.event is not None or self.chatter is not None

    @property
    def referenced_rules(self) -> frozenset[str]:
        """The rules whose findings it gathers or reads (`finding.gas_alarm`)."""
        asked = frozenset[str]().union(*(referenced_findings(node) for _, node in self.conditions()))
        return asked | (self.gather.all_rules if self.gather is not None else frozenset())

    def conditions(self) -> Iterator[tuple[tuple[str | int, ...], Node]]:
        """Every condition of the rule as a syntax tree, with its path in the rule."""
        for field in ("when", "clear", "event", "only_if"):
            if (written := getattr(self, field)) is not None:
                yield (field,), parse(written)
        for index, grade in enumerate(self.grades):
            yield ("grades", index, "when"), parse(grade.when)
        if self.cancel is not None:
            yield ("cancel", "when"), parse(self.cancel.when)

    @property
    def condition_tree(self) -> Node:
        """What is dangerous in a reading, as a tree. An absence has no such question."""
        return parse(self.when if self.when is not None else f"{self.event}")

    def applies_to_kind(self, kind: str) -> bool:
        """True when the rule is about devices of this kind."""
        return ANY_KIND in self.kinds or kind in self.kinds


class Rulebook(_WrittenModel):
    """The rules of one hazard. `hazard` names the family that wording and message templates are chosen by."""

    instead: ClassVar[Mapping[str, str]] = INSTEAD
    """What to write instead of fields and values of other tools."""

    hazard: Name
    version: int = 1
    rules: Annotated[list[Rule], Field(min_length=1)]

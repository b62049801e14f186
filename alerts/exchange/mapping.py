"""The mapping of one outside system: its field names, words and states, and what they are here. Pure.

A mapping is a YAML file: built in (`alerts/exchange/mappings/`) or the site's (`exchange/` of the site folder). It
works in both directions: cases and states in, reports and hand-overs out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from domain import Severity
from domain.geo import BD_09, CGCS_2000, GCJ_02, WGS_84
from domain.kind import LocalizedText

CaseField = Literal[
    "external_id", "title", "text", "category", "address", "place_code", "cell_code", "lat", "lon", "reported_at",
    "deadline", "urgency", "reporter_name", "reporter_phone",
]  # fmt: skip
EventField = Literal["event_id", "version", "at", "state", "reason", "their_id"]
OutField = Literal[
    "external_id", "case_number", "event_id", "sequence", "state", "at", "note", "site", "title", "category", "text",
    "address", "lat", "lon", "urgency", "opened_at", "deadline", "admin_code", "photos",
]  # fmt: skip
OutState = Literal[
    "open", "acknowledged", "on_site", "resolved", "verified", "closed", "returned", "shelved", "handed_over",
    "taken_back",
]  # fmt: skip
"""Our states, and the two steps of a hand-over."""


class IncomingAction(StrEnum):
    """What a state of theirs asks for."""

    NOTE = "note"
    """Written into the timeline."""
    URGE = "urge"
    """催办: written into the timeline, and those responsible are told."""
    ACCEPT = "accept"
    """They took a case that we handed over."""
    RESOLVE = "resolve"
    """They dealt with a case that we handed over: it is verified here."""
    REFUSE = "refuse"
    """They give a case that we handed over back."""
    VERIFY = "verify"
    """They verified what we reported as dealt with."""
    CLOSE = "close"
    REOPEN = "reopen"
    """They are not satisfied with what we reported as dealt with."""


def _check_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone: write one like Asia/Shanghai")
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Classification(_Strict):
    """What a category of theirs is here."""

    hazard: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    severity: Severity
    advice: str = ""


class CaseMapping(_Strict):
    """A case as they send it. A field may have several names and takes the first that is present; `category` and
    `address` join all that are."""

    fields: dict[CaseField, tuple[str, ...]]
    required: tuple[CaseField, ...] = ("external_id", "category")
    categories: dict[str, Classification]
    """Their category, or the last part of it -> hazard and severity."""
    other: Classification | None = None
    """For every category that is not listed; without it such a case is refused."""
    urgencies: dict[str, Severity] = {}
    """Their urgency -> the least severity of such a case."""


class EventMapping(_Strict):
    """A change of state as they send it."""

    fields: dict[EventField, tuple[str, ...]]
    states: dict[str, IncomingAction]


class ReportMapping(_Strict):
    """What is sent to them: field name -> our value, and their word for each state. A state without a word is not
    sent."""

    fields: dict[str, OutField]
    handover: dict[str, OutField] = {}
    states: dict[OutState, str]
    urgencies: dict[Severity, str] = {}
    accepted: dict[str, tuple[str | int, ...]] = {}
    """Field of their response -> the values that mean success. Without it every HTTP 2xx is one."""
    their_id: tuple[str, ...] = ()
    """Names of the field of their response with the number they gave a case that was handed over."""


class SystemMapping(_Strict):
    """Everything about the language of one kind of system."""

    title: LocalizedText
    source: str
    """Where field names and words come from."""
    timezone: Annotated[str, AfterValidator(_check_zone)] = "Asia/Shanghai"
    datum: Literal["WGS-84", "GCJ-02", "BD-09", "CGCS2000"] = "CGCS2000"
    case: CaseMapping
    event: EventMapping
    report: ReportMapping

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def state_word(self, state: str) -> str | None:
        """Their word for a state of ours, or a step of a hand-over; None when they are not told."""
        return next((word for name, word in self.report.states.items() if name == state), None)


DATUMS: Final = (WGS_84, GCJ_02, BD_09, CGCS_2000)
"""The datums that a mapping may name."""

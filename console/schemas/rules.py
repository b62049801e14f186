"""Rules and the safety office's tools: checks, trials, backtests and why a rule spoke."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType, field

from console.schemas.parts import Schema, Value
from console.timestamps import Timestamp
from domain import Ledger, Severity


class Rule(Schema, frozen=True, kw_only=True):
    """One rule in force. `source` says where its thresholds come from."""

    name: str
    title: str
    hazard: str
    kinds: list[str]
    severity: Severity
    ledger: Ledger
    version: str
    source: str
    state: str
    when: str
    advice: str
    title_en: str


class LatchedFinding(Schema, frozen=True, kw_only=True):
    """A finding that stands until a person resets it."""

    finding: str
    rule: str
    title: str
    title_en: str
    device: str


class ResetResult(Schema, frozen=True, kw_only=True):
    """What came of a reset. Not ended: it is still dangerous, and ends with the next all-clear."""

    rule: str
    device: str
    at: Timestamp
    ended: bool


class RulebookFault(Schema, frozen=True, kw_only=True):
    """One mistake in a file, where it stands: line and column count from 1."""

    file: str
    line: int
    column: int
    field: str
    message: str


class CheckResult(Schema, frozen=True, kw_only=True):
    """Every fault; where there is none, how much was read and what is doubtful in it."""

    faults: list[RulebookFault]
    books: int | UnsetType = UNSET
    rules: int | UnsetType = UNSET
    trials: int | UnsetType = UNSET
    warnings: list[RulebookFault] | UnsetType = UNSET


class TrialResult(Schema, frozen=True, kw_only=True):
    """One trial, what was expected of it and what came."""

    file: str
    trial: str
    rule: str
    passed: bool
    expected: list[str]
    got: list[str]


class TestResult(Schema, frozen=True, kw_only=True):
    """How the trials went."""

    passed: int
    failed: int
    results: list[TrialResult]


class RuleStatistics(Schema, frozen=True, kw_only=True):
    """What one rule would have found. `by_hour` counts beginnings by local hour of the day, 0 to 23."""

    rule: str
    title: str
    severity: str
    ledger: str
    shadow: bool
    watched: int
    found: int
    ended: int
    stale: int
    withdrawn: int
    standing: int
    median_ms: int | float | None
    by_hour: list[int]
    subjects: dict[str, int]
    places: dict[str, str]


class BacktestFinding(Schema, frozen=True, kw_only=True):
    """One finding from its beginning to its end, as one of two books saw it."""

    rule: str
    subject: str
    begin: Timestamp
    end: Timestamp | None
    told_at: Timestamp
    severity: str
    where: str


class BacktestDifference(Schema, frozen=True, kw_only=True):
    """How two books differ over the same past. `by_rule`: both, only ours, only theirs."""

    both: int
    only_ours: list[BacktestFinding]
    only_theirs: list[BacktestFinding]
    later_ms: int | float | None
    by_rule: dict[str, tuple[int, int, int]]


class BacktestResult(Schema, frozen=True, kw_only=True):
    """What a book would have found, and how another would have differed."""

    book: str
    version: int
    from_: Timestamp = field(name="from")
    to: Timestamp
    days: int | float
    devices: int
    rules: list[RuleStatistics]
    difference: BacktestDifference | None
    against: str | UnsetType = UNSET


class BacktestJob(Schema, frozen=True, kw_only=True):
    """A backtest as it stands; `progress` goes from 0 to 1."""

    id: str
    state: Literal["running", "done", "failed", "cancelled"]
    progress: int | float
    by: str
    started_at: Timestamp
    ended_at: Timestamp | None
    result: BacktestResult | None
    faults: list[RulebookFault]
    detail: str


class RulebookFile(Schema, frozen=True, kw_only=True):
    """A rulebook or its trials, as they are written."""

    name: str
    text: str


class RulebookFiles(Schema, frozen=True, kw_only=True):
    """A rulebook to begin with, and its trials."""

    books: list[RulebookFile]


class ReloadResult(Schema, frozen=True, kw_only=True):
    """The names of rules by what became of them, and how many are in force.

    `unversioned` were changed under the version they had.
    """

    added: list[str]
    removed: list[str]
    changed: list[str]
    unversioned: list[str] | UnsetType = UNSET
    rules: int | UnsetType = UNSET


class ConditionValue(Schema, frozen=True, kw_only=True):
    """A condition as it is written, and its answer; null where it cannot be known."""

    written: str
    answer: Value | None


class GroupPart(Schema, frozen=True, kw_only=True):
    """Of a rule over a group: how many of these must stand, and how many do."""

    rules: list[str]
    at_least: int
    found: int


class GroupMember(Schema, frozen=True, kw_only=True):
    """A finding that counts for a rule over a group."""

    rule: str
    device: str
    begin: Timestamp
    stands: bool


class ReportedPhase(Schema, frozen=True, kw_only=True):
    """What the rule told."""

    at: Timestamp
    phase: str
    severity: str
    begin: Timestamp


class Explanation(Schema, frozen=True, kw_only=True):
    """Where a rule stood with a device or group, since when, what it waits for, and why, in sentences.

    Not `known`: nothing was ever heard of the device, and nothing else is said. Which fields there are depends on the
    rule: those of silence for a rule about absence, `parts` and `members` for one over a group.
    """

    device: str
    rule: str
    known: bool
    applies_to_kind: bool | UnsetType = UNSET
    phase: str | UnsetType = UNSET
    heard: Timestamp | UnsetType | None = UNSET
    newest: Timestamp | UnsetType | None = UNSET
    title: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    needs: list[str] | UnsetType = UNSET
    hold_ms: int | UnsetType | None = UNSET
    release_ms: int | UnsetType | None = UNSET
    shadow: dict[str, int] | UnsetType = UNSET
    since: Timestamp | UnsetType | None = UNSET
    begin: Timestamp | UnsetType | None = UNSET
    wake_at: Timestamp | UnsetType | None = UNSET
    severity: str | UnsetType = UNSET
    evidence: list[str] | UnsetType = UNSET
    evidence_en: list[str] | UnsetType = UNSET
    said_at: Timestamp | UnsetType = UNSET
    values: dict[str, Value] | UnsetType = UNSET
    answers: dict[str, ConditionValue] | UnsetType = UNSET
    asks: dict[str, Value | None] | UnsetType = UNSET
    last_heard: Timestamp | UnsetType | None = UNSET
    patience_ms: int | float | UnsetType | None = UNSET
    missed_at: Timestamp | UnsetType | None = UNSET
    parts: list[GroupPart] | UnsetType = UNSET
    within_ms: int | UnsetType | None = UNSET
    members: list[GroupMember] | UnsetType = UNSET
    reasons: list[str] | UnsetType = UNSET
    reasons_en: list[str] | UnsetType = UNSET
    at: Timestamp
    judged_from: Timestamp | UnsetType = UNSET
    told: list[ReportedPhase] | UnsetType = UNSET


JsonSchema = dict[str, Any]
"""A JSON Schema of rulebooks or trials."""

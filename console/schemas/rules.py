"""Schemas of rules and rule tools: checks, trials, backtests, explanations."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType, field

from console.schemas.references import Schema, Value
from console.timestamps import Timestamp
from domain import Ledger, Severity


class Rule(Schema, frozen=True, kw_only=True):
    """A rule in force. `source` states where its thresholds come from."""

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
    """A finding that stays active until a person resets it."""

    finding: str
    rule: str
    title: str
    title_en: str
    device: str


class ResetResult(Schema, frozen=True, kw_only=True):
    """The result of a reset. Not `ended`: the condition is still true, and the finding ends with it."""

    rule: str
    device: str
    at: Timestamp
    ended: bool


class RulebookFault(Schema, frozen=True, kw_only=True):
    """A fault in a file and its position; line and column count from 1."""

    file: str
    line: int
    column: int
    field: str
    message: str


class CheckResult(Schema, frozen=True, kw_only=True):
    """All faults; without any, how much was read and the warnings."""

    faults: list[RulebookFault]
    books: int | UnsetType = UNSET
    rules: int | UnsetType = UNSET
    trials: int | UnsetType = UNSET
    warnings: list[RulebookFault] | UnsetType = UNSET


class TrialResult(Schema, frozen=True, kw_only=True):
    """A trial with its expected and actual result."""

    file: str
    trial: str
    rule: str
    passed: bool
    expected: list[str]
    got: list[str]


class TestResult(Schema, frozen=True, kw_only=True):
    """The results of trials."""

    passed: int
    failed: int
    results: list[TrialResult]


class RuleStatistics(Schema, frozen=True, kw_only=True):
    """Findings of one rule in a backtest. `by_hour`: begins by local hour of the day, 0 to 23. `dispositions`: past
    alerts of the rule by what they turned out to be; the key is empty where nobody said."""

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
    dispositions: dict[str, int]


class BacktestFinding(Schema, frozen=True, kw_only=True):
    """A finding from begin to end that only one of two rulebooks raised."""

    rule: str
    subject: str
    begin: Timestamp
    end: Timestamp | None
    reported_at: Timestamp = field(name="told_at")
    severity: str
    where: str


class BacktestDifference(Schema, frozen=True, kw_only=True):
    """The difference of two rulebooks over the same data. `by_rule`: both, only ours, only theirs."""

    both: int
    only_ours: list[BacktestFinding]
    only_theirs: list[BacktestFinding]
    later_ms: int | float | None
    by_rule: dict[str, tuple[int, int, int]]


class BacktestResult(Schema, frozen=True, kw_only=True):
    """Findings of a rulebook over recorded data, and the difference to another one."""

    book: str
    version: int
    from_: Timestamp = field(name="from")
    to: Timestamp
    days: int | float
    devices: int
    rules: list[RuleStatistics]
    difference: BacktestDifference | None
    against: str | UnsetType = UNSET


class HazardScore(Schema, frozen=True, kw_only=True):
    """What became of the incidents of one hazard, and how many alerts were false."""

    incidents: int
    in_time: int
    late: int
    missed: int
    recall: int | float | None
    alerts: int
    false_alerts: int
    texts: int
    notify_median_s: int | float | None


class ScoreFigures(Schema, frozen=True, kw_only=True):
    """What people were told in a simulated town, compared with what was true. Shares are None without incidents."""

    life_safety_recall: int | float | None
    life_safety_in_time: int | float | None
    other_recall: int | float | None
    false_per_1000_device_days: int | float
    texts: int
    texts_daily_mean: int | float
    texts_daily_max: int | float
    texts_window_max: int
    hazards: dict[str, HazardScore]


class ScoreComparison(Schema, frozen=True, kw_only=True):
    """The same simulated days with the rulebooks in force (`before`) and with the other one (`after`)."""

    days: int
    faults: bool
    devices: int
    messages: int
    incidents: int
    before: ScoreFigures
    after: ScoreFigures


class RuleJob(Schema, frozen=True, kw_only=True):
    """The state of a backtest, which has a `result`, or of a score, which has a `score`; `progress` from 0 to 1."""

    id: str
    state: Literal["running", "done", "failed", "cancelled"]
    progress: int | float
    by: str
    started_at: Timestamp
    ended_at: Timestamp | None
    result: BacktestResult | None
    faults: list[RulebookFault]
    detail: str
    tool: Literal["backtest", "score"]
    book: str
    text: str
    score: ScoreComparison | None


class RulebookFile(Schema, frozen=True, kw_only=True):
    """A rulebook or its trials as YAML text."""

    name: str
    text: str


class RulebookFiles(Schema, frozen=True, kw_only=True):
    """A template of a rulebook, and its trials."""

    books: list[RulebookFile]


class ReloadResult(Schema, frozen=True, kw_only=True):
    """Names of rules by result of a reload, and the number of rules in force.

    `unversioned`: changed without a new version.
    """

    added: list[str]
    removed: list[str]
    changed: list[str]
    unversioned: list[str] | UnsetType = UNSET
    rules: int | UnsetType = UNSET


class ConditionValue(Schema, frozen=True, kw_only=True):
    """A condition and its present value; null while it is unknown."""

    written: str
    answer: Value | None


class GroupPart(Schema, frozen=True, kw_only=True):
    """Part of a group rule: how many of these findings are required, and how many are active."""

    rules: list[str]
    at_least: int
    found: int


class GroupMember(Schema, frozen=True, kw_only=True):
    """A finding that counts for a group rule."""

    rule: str
    device: str
    begin: Timestamp
    stands: bool


class ReportedPhase(Schema, frozen=True, kw_only=True):
    """A phase that the rule reported."""

    at: Timestamp
    phase: str
    severity: str
    begin: Timestamp


class Explanation(Schema, frozen=True, kw_only=True):
    """The state of a rule for a device or group: since when, what it waits for, and why, in sentences.

    Not `known`: no message of the device was ever received, and all other fields are missing. Which fields are present
    depends on the rule: those of silence for a rule about absence, `parts` and `members` for a group rule.
    """

    device: str
    rule: str
    known: bool
    applies_to_kind: bool | UnsetType = UNSET
    phase: str | UnsetType = UNSET
    received_at: Timestamp | UnsetType | None = field(name="heard", default=UNSET)
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
    reading_at: Timestamp | UnsetType = field(name="said_at", default=UNSET)
    values: dict[str, Value] | UnsetType = UNSET
    answers: dict[str, ConditionValue] | UnsetType = UNSET
    asks: dict[str, Value | None] | UnsetType = UNSET
    last_received_at: Timestamp | UnsetType | None = field(name="last_heard", default=UNSET)
    timeout_ms: int | float | UnsetType | None = field(name="patience_ms", default=UNSET)
    missed_at: Timestamp | UnsetType | None = UNSET
    parts: list[GroupPart] | UnsetType = UNSET
    within_ms: int | UnsetType | None = UNSET
    members: list[GroupMember] | UnsetType = UNSET
    reasons: list[str] | UnsetType = UNSET
    reasons_en: list[str] | UnsetType = UNSET
    at: Timestamp
    judged_from: Timestamp | UnsetType = UNSET
    reported: list[ReportedPhase] | UnsetType = field(name="told", default=UNSET)


JsonSchema = dict[str, Any]
"""A JSON Schema of rulebooks or trials."""

"""What the console needs from the house, named one by one; the application that introduces the rooms fills it in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec
from prometheus_client.core import Metric

from console.events import EventHub
from domain import Instant
from domain.care import CARE
from domain.kind import Kind, Words
from domain.people import Community
from domain.secret import Secret
from ingest.frame import Frame
from store.database.database import Database
from store.history import History


class SiteInfo(msgspec.Struct, frozen=True):
    """What the pages say about where they are."""

    name: str
    zone: ZoneInfo


class CallbackReply(msgspec.Struct, frozen=True):
    """What a provider's callback is answered."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


class CallbackHandler(Protocol):
    """Takes a provider's call whole; answers when what it told is committed."""

    async def __call__(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, /) -> CallbackReply: ...


class CallbackEndpoint(msgspec.Struct, frozen=True):
    """One provider's way in. Unsigned pushes are only as safe as the 256-bit secret in their path."""

    secret: Secret
    handle: CallbackHandler


class RuleSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One rule as the API lists it. `source` says where its thresholds come from; `state` is active or shadow."""

    name: str
    title: str
    hazard: str
    kinds: Sequence[str]
    severity: str
    ledger: str
    version: str
    source: str
    state: str = "active"
    when: str = ""
    advice: str = ""
    title_en: str = ""


class RulebookFault(msgspec.Struct, frozen=True):
    """One mistake in a rulebook, where it stands."""

    file: str
    line: int
    column: int
    field: str
    message: str


class RulebookInvalid(Exception):
    """A rulebook cannot be used."""

    def __init__(self, faults: Sequence[RulebookFault]) -> None:
        super().__init__("; ".join(f"{one.file}:{one.line}:{one.column}: {one.message}" for one in faults))
        self.faults = tuple(faults)


class ToolsBusy(Exception):
    """One long task at a time; the message names the one that runs."""


class ToolsRefused(Exception):
    """It cannot be done; the message says why."""


class BacktestJob(msgspec.Struct, frozen=True):
    """A long task as it stands. `state` is running, done, failed or cancelled."""

    id: str
    state: str
    progress: float
    by: str
    started_at: Instant
    ended_at: Instant | None = None
    result: Mapping[str, Any] | None = None
    faults: Sequence[RulebookFault] = ()
    detail: str = ""


class RulebookFile(msgspec.Struct, frozen=True):
    """A rulebook, or trials (`X_test.yaml`), as somebody wrote it."""

    name: str
    text: str


class RuleTools(Protocol):
    """The safety office's tools, beside the service. Each raises Faulty and ToolsRefused, where it must."""

    async def reload(self) -> Mapping[str, Any]: ...

    async def check(self, books: Sequence[RulebookFile]) -> Mapping[str, Any]: ...

    async def test(self, books: Sequence[RulebookFile], names: Sequence[str]) -> Mapping[str, Any]: ...

    async def explain(self, rule: str, device: str, at: Instant | None, since_ms: int | None) -> Mapping[str, Any]: ...

    async def backtest(
        self, book: RulebookFile | str, against: RulebookFile | str | None, start: Instant, end: Instant, by: str
    ) -> BacktestJob: ...

    def jobs(self) -> Sequence[BacktestJob]: ...

    def job(self, id: str) -> BacktestJob | None: ...

    async def cancel(self, id: str) -> BacktestJob | None: ...

    def schema(self, of: str) -> Mapping[str, Any]: ...

    def template(self, name: str) -> Mapping[str, str]: ...


class DoctorBusy(Exception):
    """Somebody listens already: one examination at a time."""


class DoctorRefused(Exception):
    """The broker cannot be listened to; the message says why, without credentials."""


class Doctor(Protocol):
    """Listens to everything on the broker for a while and reports. Raises DoctorBusy and DoctorRefused."""

    async def examine(self, seconds: int) -> Mapping[str, Any]: ...


class SiteFiles(Protocol):
    """The site's CSV files beside the registry. Raises Faulty where they cannot be read."""

    async def differences(self) -> Sequence[Mapping[str, Any]]: ...

    async def import_now(self, *, force: bool) -> Mapping[str, Any]: ...


class AlertDesk(Protocol):
    """The alert desk, as far as the console asks it (alerts/service.py)."""

    async def perform(
        self,
        alert_id: str,
        action: str,
        actor: Any,
        now: Instant,
        comment: str | None = None,
        reason: str | None = None,
        until: Instant | None = None,
        to: str | None = None,
    ) -> Any: ...


class NotLatched(Exception):
    """Nothing waits for a reset; the message names the device or group."""


class LatchedFinding(Protocol):
    """A finding that stands until a person resets it."""

    @property
    def finding(self) -> str: ...

    @property
    def rule(self) -> str: ...

    @property
    def device(self) -> str: ...


class ResetResult(msgspec.Struct, frozen=True):
    """What came of a reset. Not ended: it is still dangerous, and ends with the next all-clear."""

    rule: str
    device: str
    at: Instant
    ended: bool


class LatchResetter(Protocol):
    """Resets a latched rule of a device or group for a named person, with a reason. Raises NotLatched."""

    async def __call__(self, rule: str, device: str, by: str, reason: str, /) -> ResetResult: ...


async def _no_reload() -> None:
    """Nobody needs to know."""


@dataclass(frozen=True)
class RegistryDependencies:
    """Who and what is registered. `platforms`: names of those on which a device may have an identity."""

    kinds: Mapping[str, Kind]
    platforms: Collection[str]
    community: Callable[[], Community]
    reload: Callable[[], Awaitable[None]] = _no_reload
    """Awaited after every change of devices, places, people or rosters: when it returns, the change has effect."""
    is_registered: Callable[[str, str], bool] = lambda _platform, _identity: False
    """Whether a platform's name for a device leads to one of ours."""
    guess_kind: Callable[[str, Sequence[str]], str | None] = lambda _platform, _fields: None
    """The kind that a device of this platform with these fields looks like."""
    site_files: SiteFiles | None = None


@dataclass(frozen=True)
class RuleDependencies:
    """What is judged, and the safety office's tools. What is None is not offered here."""

    summaries: Callable[[], Sequence[RuleSummary]] = tuple
    startable: Callable[[str], Collection[str]] | None = None
    """The names of the rules that may begin about a device now. None: nobody can say, so all of its kind may."""
    latched_findings: Callable[[], Sequence[LatchedFinding]] = tuple
    reset: LatchResetter | None = None
    explain: Callable[[str, str], Mapping[str, object]] | None = None
    """Where a rule's watch of a device stands at present: `explain(rule, device)`."""
    tools: RuleTools | None = None


@dataclass(frozen=True)
class IntakeDependencies:
    """What comes in over HTTP, and what is known of what comes in at all. What is None is not offered here."""

    accept: Callable[[Sequence[Frame]], Awaitable[None]] | None = None
    """Journals frames pushed over HTTP; returns when they are synced."""
    push_secrets: Mapping[str, Secret] = field(default_factory=dict)
    """By platform: the token with which it signs its pushes. An unsigned push of such a platform is refused."""
    callbacks: Mapping[str, CallbackEndpoint] = field(default_factory=dict)
    unmapped_fields: Callable[[], Mapping[tuple[str, str, str], int]] = dict
    """What devices said that no quantity of ours takes: platform, kind, field, and how often."""
    doctor: Doctor | None = None


@dataclass(frozen=True)
class MonitoringDependencies:
    """How the service does: its status line, whether it is ready, its counters."""

    status: Callable[[], Mapping[str, Any]] = dict
    readiness: Callable[[], Mapping[str, bool]] = dict
    metrics: Callable[[], Iterable[Metric]] = tuple


@dataclass(frozen=True)
class SecurityDependencies:
    """`signing_key` signs sessions and workers' links; the same after a restart."""

    admin_token: Secret
    signing_key: Secret


@dataclass(frozen=True)
class ConsoleDependencies:
    """What is behind the API: the stores, the alert desk, and five interfaces of the service."""

    clock: Callable[[], Instant]
    site: SiteInfo
    database: Database
    history: History
    desk: AlertDesk
    events: EventHub
    registry: RegistryDependencies
    security: SecurityDependencies
    rules: RuleDependencies = field(default_factory=RuleDependencies)
    intake: IntakeDependencies = field(default_factory=IntakeDependencies)
    monitoring: MonitoringDependencies = field(default_factory=MonitoringDependencies)
    care_words: Mapping[str, Words] = field(default_factory=lambda: CARE)
    """Attributes of a person that whoever goes to help must know, and how they are called."""
    dist: Path | None = None
    """The folder of the built pages."""

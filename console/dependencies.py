"""Interfaces of the service that the console uses. The application fills them in (app.server.console).

Nothing has a default: whoever builds a console decides about each. None means that this console does not offer it, and
its endpoints answer 404.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec
from prometheus_client.core import Metric

from alerts.alert import Actor, Alert
from alerts.cases.request import CaseRequest
from alerts.escalation.policy import EscalationPolicy
from alerts.handling.roster_messages import RosterMessages
from console.backup_interface import Backups
from console.doctor_interface import Doctor
from console.drill_interfaces import DrillDesk, SelfTest
from console.events import EventHub
from console.partners import ExchangeDependencies
from console.report_dependencies import ReportDependencies
from console.rule_tools_interface import RuleTools
from console.rulebook_interface import RulebookFiles
from console.security.dependencies import SecurityDependencies
from console.site_files_interface import PlanFile, SiteFiles
from console.system_interface import ServiceFacts
from domain import Instant
from domain.care import CARE
from domain.device_index import DeviceIndex
from domain.device_summary import DeviceSummary
from domain.geometry import Geometry
from domain.kind import Kind, LocalizedText
from domain.people import Community
from domain.roles import Roles
from domain.secret import Secret
from ingest.frame import Frame
from store.database.database import Database
from store.history import History


class SiteInfo(msgspec.Struct, frozen=True):
    """The name of the site, as the pages show it, and the zone of its local times."""

    name: str
    zone: ZoneInfo
    operators: int = 1
    """Operator positions of the operations centre, which share the alarms (ISA-18.2)."""


class CallbackReply(msgspec.Struct, frozen=True):
    """The HTTP response to a provider's callback."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


class CallbackHandler(Protocol):
    """Processes one callback of a provider; returns when the reported events are committed."""

    async def __call__(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, /) -> CallbackReply: ...


class CallbackEndpoint(msgspec.Struct, frozen=True):
    """The callback of one provider. Unsigned callbacks are only as safe as the 256-bit secret in their path."""

    secret: Secret
    handle: CallbackHandler


class RuleSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One rule as the API lists it. `source` states where its thresholds come from; `state` is active or shadow."""

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


class AlertDesk(Protocol):
    """Actions of people on alerts, and messages about the roster (alerts.service)."""

    on_outbox: Callable[[], None]
    """Called after a commit that may have written messages."""

    @property
    def roster_messages(self) -> RosterMessages: ...

    async def open_case(self, request: CaseRequest, actor: Actor, /) -> Alert: ...
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
        disposition: str | None = None,
        into: str | int | None = None,
        findings: Sequence[str] = (),
    ) -> Any: ...


class NotLatched(Exception):
    """No finding of this rule is latched there; the message names the device or group."""


class LatchedFinding(Protocol):
    """A finding that stays active until a person resets it (a latched alarm of ISA-18.2)."""

    @property
    def finding(self) -> str: ...

    @property
    def rule(self) -> str: ...

    @property
    def device(self) -> str: ...


class ResetResult(msgspec.Struct, frozen=True):
    """The result of a reset. `ended` is false while the condition is still true: the finding then ends with it; and
    where the rules are evaluated elsewhere, until that host reports the end."""

    rule: str
    device: str
    at: Instant
    ended: bool


class LatchResetter(Protocol):
    """Resets a latched rule of a device or group in the name of a person, with a reason. Raises NotLatched."""

    async def __call__(self, rule: str, device: str, by: str, reason: str, /) -> ResetResult: ...


@dataclass(frozen=True)
class RegistryDependencies:
    """Registered devices, places and people. `platforms`: those on which a device may have an identity; `outlines`:
    geometry of places by id, called in a thread; `plans`: drawings of places by id, likewise."""

    kinds: Mapping[str, Kind]
    roles: Roles
    ladders: Callable[[], EscalationPolicy]
    platforms: Collection[str]
    channels: Collection[str]
    """Those through which the site sends messages."""
    community: Callable[[], Community]
    devices: Callable[[], DeviceIndex]
    outlines: Callable[[], Mapping[str, Geometry]]
    plans: Callable[[], Mapping[str, PlanFile]]
    reload: Callable[[], Awaitable[None]]
    """Awaited after every change of devices, places, people or rosters; on return the change is in effect."""
    is_registered: Callable[[str, str], bool]
    """Whether an identity on a platform belongs to a registered device."""
    guess_kind: Callable[[str, Sequence[str]], str | None]
    """The likely kind of a device on this platform that sends these fields."""
    site_files: SiteFiles | None


@dataclass(frozen=True)
class RuleDependencies:
    """The rules in force and the tools to work on them."""

    summaries: Callable[[], Sequence[RuleSummary]]
    startable: Callable[[str], Collection[str]] | None
    """Names of the rules that may raise a finding about a device now. None: not known, so every rule of its kind."""
    device_summary: Callable[[str], DeviceSummary | None]
    unwell_devices: Callable[[], Mapping[str, DeviceSummary]]
    """The devices in at least one condition, by id. Both: only registered ones."""
    latched_findings: Callable[[], Awaitable[Sequence[LatchedFinding]]]
    reset: LatchResetter | None
    explain: Callable[[str, str], Mapping[str, object]] | None
    """The present state of a rule for a device: `explain(rule, device)`."""
    tools: RuleTools | None
    shadow_counts: Callable[[], Mapping[str, Mapping[str, int]]]
    """Findings of rules in shadow by rule and phase, which notified nobody."""
    files: RulebookFiles | None


@dataclass(frozen=True)
class IntakeDependencies:
    """Messages that come in over HTTP, and what is known about messages of every source."""

    accept: Callable[[Sequence[Frame]], Awaitable[None]] | None
    """Writes pushed frames to the journal; returns when they are synced."""
    push_secrets: Mapping[str, Secret]
    """By platform: the token that signs its pushes. An unsigned push of such a platform is refused."""
    callbacks: Mapping[str, CallbackEndpoint]
    unmapped_fields: Callable[[], Mapping[tuple[str, str, str], int]]
    """How often devices sent a field that no mapping uses, by platform, kind and field."""
    doctor: Doctor | None


@dataclass(frozen=True)
class MonitoringDependencies:
    """The status line, the conditions of readiness, metric families for `/metrics`, facts for `/system`, and the parts
    of the configuration that the service runs without."""

    status: Callable[[], Mapping[str, Any]]
    readiness: Callable[[], Mapping[str, bool]]
    metrics: Callable[[], Iterable[Metric]]
    system: Callable[[], ServiceFacts]
    left_out: Callable[[], Sequence[str]] = list


@dataclass(frozen=True)
class ConsoleDependencies:
    """Everything behind the API: the stores, the alert desk, the event hub, and six interfaces of the service."""

    clock: Callable[[], Instant]
    site: SiteInfo
    database: Database
    history: History
    desk: AlertDesk
    drills: DrillDesk
    events: EventHub
    registry: RegistryDependencies
    security: SecurityDependencies
    rules: RuleDependencies
    intake: IntakeDependencies
    monitoring: MonitoringDependencies
    reports: ReportDependencies
    care_words: Mapping[str, LocalizedText] = field(default_factory=lambda: CARE)
    """Attributes of a person that helpers must know, with their names in Chinese and English."""
    exchange: ExchangeDependencies | None = None  # None: no outside system and no subscriber
    canary: SelfTest | None = None
    backups: Backups | None = None
    dist: Path | None = None
    """The folder of the built pages; None serves a notice that they are not built."""

"""Harness of the API's tests: real database, history and alert service, virtual clock, no network."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
from fastapi import FastAPI
from prometheus_client.core import CounterMetricFamily
from sqlalchemy import Connection
from starlette.datastructures import State

from alerts.cases.categories import ReportCategories
from alerts.cases.report import ReportLimits
from alerts.cases.report_desk import ReportDesk
from alerts.drills import Drills
from alerts.escalation.policy import EscalationPolicy
from alerts.reply_parsing.grammar import ReplyGrammar
from alerts.service import AlertService
from alerts.settings import AlertSettings
from app.config.catalog import load_roles, load_wording
from console.application import set_dependencies
from console.dependencies import (
    CallbackEndpoint,
    CallbackReply,
    ConsoleDependencies,
    IntakeDependencies,
    MonitoringDependencies,
    RegistryDependencies,
    RuleDependencies,
    RuleSummary,
    SiteInfo,
)
from console.events import EventHub
from console.photos.process import PhotoChecker
from console.report_dependencies import ReportDependencies
from console.security.auth import SESSION_MS, Principal, new_session_id
from console.security.dependencies import SecurityDependencies
from console.security.passwords import HashCost, Passwords
from console.site_files_interface import PlanFile
from console.system_interface import ServiceFacts
from domain import (
    Cell,
    Device,
    Duty,
    Evidence,
    Finding,
    FindingPhase,
    Identity,
    Instant,
    Lane,
    Ledger,
    Person,
    Place,
    Reading,
    Severity,
    Subject,
)
from domain.device_index import DeviceIndex
from domain.geometry import Geometry
from domain.kind import CommonQuantities, Kind
from domain.people import Community
from domain.secret import Secret
from ingest.frame import Frame
from store.blobs import BlobStore
from store.database import registry
from store.database.alerts.transactions import Transactions
from store.database.database import Database
from store.database.reports.repository import ReportTransactions
from store.database.system import sessions
from store.database.system.sessions import Session
from store.history.duckdb.history import DuckDbHistory
from tests.support.documented_responses import bare_app, documented
from tests.support.timeouts import LONG_TIMEOUT_S
from tests.support.yaml_text import load_yaml

ROOT = Path(__file__).resolve().parents[2]
SHANGHAI = ZoneInfo("Asia/Shanghai")
ADMIN = "administrator-token-of-this-test"
T0: Instant = 1_795_269_900_000  # 2026-11-21T22:05:00+08:00

PLACES = (
    Place("street", "枫林街道", "street"),
    Place("garden", "枫林苑", "compound", "street", "grid-3"),
    Place("b3", "3栋", "building", "garden"),
    Place("b3-402", "402", "household", "b3"),
    Place("court", "梧桐里", "compound", "street", "grid-4"),
    Place("court-101", "101", "household", "court"),
)
CELLS = (Cell("grid-3", "第三网格", "grid"), Cell("grid-4", "第四网格", "grid"))
PEOPLE = (
    Person("w-zhang", "张三", "19900000001", "zhangsan"),
    Person("w-li", "李四", "19900000002", "lisi"),
    Person("r-wang", "王小明", "19900001111", home="b3-402", attributes={"age": 81, "lives_alone": True}),
)
DUTIES = (
    Duty("d-1", "grid-3", "worker", "w-zhang"),
    Duty("d-2", "grid-3", "lead", "w-li", weekdays=(1, 2, 3), from_minute=480, to_minute=1080),
)
DEVICES = (
    Device("gas-402", "gas_alarm", "JT-1", "b3-402", (Identity("zigbee2mqtt", "kitchen-402"),), {"floor": 4}),
    Device("band-101", "wristband", None, "court-101"),
)

SYSTEM_FACTS = ServiceFacts(
    version="0.1.0",
    started_at=T0 - 86_400_000,
    registry_version=7,
    rulebooks="gas@3",
    connected=True,
    last_reading_at=T0 - 1_000,
    readings_per_s=12.5,
    audit_at=T0 - 30_000,
    canary_at=T0 - 3_600_000,
    canary_sent_ms=480,
    disk_free=80_000_000_000,
    disk_total=100_000_000_000,
)


async def _none_latched() -> tuple[()]:
    return ()


def seed_registry(tx: Connection) -> None:
    """The places, cells, people, duties and devices above."""
    registry.put_places(tx, PLACES, T0)
    registry.put_cells(tx, CELLS, T0)
    registry.put_people(tx, PEOPLE, T0)
    registry.put_duties(tx, DUTIES, T0)
    registry.put_devices(tx, DEVICES, T0)


@cache
def all_kinds() -> dict[str, Kind]:
    folder = ROOT / "domain" / "kinds"
    common = CommonQuantities.model_validate(load_yaml((folder / "common.yaml").read_text("utf-8"))).common
    files = [file for file in sorted(folder.glob("*.yaml")) if file.name != "common.yaml"]
    kinds = [Kind.model_validate(load_yaml(file.read_text("utf-8"))).with_common(common) for file in files]
    return {kind.kind: kind for kind in kinds}


def cheap_passwords() -> Passwords:
    """The least Argon2id that the library accepts: what it costs is no matter of these tests."""
    return Passwords(HashCost(passes=1, memory_kib=8, lanes=1))


def app_with_shared_routes() -> FastAPI:
    """A further application: half a second of processor time is spent on its routes, which are always the same."""
    app = copy(bare_app())
    app.state, app.middleware_stack = State(), None
    app.router = copy(app.router)
    app.router.middleware_stack = app.router.app
    return app


class HistoryAtFirstUse:
    """The history on disk, opened when it is first used: few tests of the console read it, and DuckDB takes 30 ms."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: DuckDbHistory | None = None

    def __getattr__(self, name: str) -> Any:
        if self._opened is None:
            self._opened = DuckDbHistory(self._path)
        return getattr(self._opened, name)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()


@dataclass(repr=False)
class ConsoleHarness:
    """The stores, the alert service, the clock, and records of calls to the parts that are simulated."""

    database: Database
    history: DuckDbHistory | HistoryAtFirstUse
    events: EventHub
    blob_folder: Path = Path("blobs-of-no-test")
    now: Instant = T0
    community: Community = field(default_factory=lambda: Community({}, {}, {}, ()))
    reloads: int = 0
    callbacks: list[tuple[str, bytes]] = field(default_factory=list)
    accepted: list[Frame] = field(default_factory=list)
    transactions: Transactions | None = None
    outlines: dict[str, Geometry] = field(default_factory=dict)
    """Geometry of places by id."""
    plans: dict[str, PlanFile] = field(default_factory=dict)
    """Drawings of places by id."""
    outside: dict[str, str] = field(default_factory=dict)
    """Outside systems that a case can be returned to, by id."""
    deps: ConsoleDependencies = field(init=False)
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        ladder = EscalationPolicy.model_validate(_read("alerts/ladders/default.yaml"))
        wording = load_wording()
        replies = ReplyGrammar.model_validate(_read("alerts/reply_parsing/replies.zh.yaml"))
        self.desk = AlertService(
            self.transactions or Transactions(self.database),
            ladder,
            wording,
            AlertSettings(sign="枫林街道", tz=SHANGHAI, replies=replies, channels=("logbook",)),
            lambda: self.community,
            lambda: self.now,
            self.events.alert_changed,
            outside=lambda: self.outside,
        )
        self.reports = ReportDesk(
            ReportTransactions(self.database),
            self.desk.cases,
            ReportCategories.model_validate(_read("alerts/cases/categories.yaml")),
            ReportLimits(),
            lambda: self.now,
            self.events.alert_changed,
        )
        self.deps = ConsoleDependencies(
            clock=lambda: self.now,
            site=SiteInfo("枫树社区", SHANGHAI),
            database=self.database,
            history=self.history,
            desk=self.desk,
            drills=Drills(self.desk),
            events=self.events,
            registry=RegistryDependencies(
                kinds=all_kinds(),
                roles=load_roles(),
                ladders=lambda: self.desk.escalator.choice.policy,
                platforms=("native", "chirpstack", "zigbee2mqtt", "thingsboard"),
                channels=("wecom", "sms"),
                community=lambda: self.community,
                devices=lambda: self.device_index,
                outlines=lambda: self.outlines,
                plans=lambda: self.plans,
                reload=self._reload,
                is_registered=lambda _platform, _identity: False,
                guess_kind=lambda _platform, _fields: None,
                site_files=None,
            ),
            security=SecurityDependencies(
                Secret(ADMIN), Secret("signing-key-of-this-test"), cheap_passwords(), oidc=None
            ),
            rules=RuleDependencies(
                summaries=lambda: (gas_rule(),),
                startable=None,
                device_summary=lambda _device: None,
                unwell_devices=dict,
                latched_findings=_none_latched,
                reset=None,
                explain=None,
                tools=None,
                shadow_counts=dict,
                files=None,
            ),
            intake=IntakeDependencies(
                accept=self._accept,
                push_secrets={},
                callbacks={"aliyun_sms": CallbackEndpoint(Secret("s3cret"), self._on_callback)},
                unmapped_fields=dict,
                doctor=None,
            ),
            monitoring=MonitoringDependencies(
                status=lambda: {"connected": True, "last_reading_at": T0},
                readiness=lambda: {"journal": True, "subscriptions": True},
                metrics=lambda: (CounterMetricFamily("fengshao_readings_total", "Readings admitted.", 3),),
                system=lambda: SYSTEM_FACTS,
            ),
            reports=ReportDependencies(
                desk=self.reports,
                blobs=BlobStore(self.blob_folder, free_bytes_min=0),
                photos=PhotoChecker(),
                is_open=True,
                nearest_m=300,
                public_url="https://maple.example",
            ),
        )
        self.app = set_dependencies(bare_app(), self.deps)

    def app_with(self, **changes: Any) -> FastAPI:
        """An application with changed dependencies; `rules={"tools": ...}` changes a field of an interface."""
        return set_dependencies(app_with_shared_routes(), self.deps_with(**changes))

    def deps_with(self, **changes: Any) -> ConsoleDependencies:
        """The dependencies with these changes."""
        parts = {
            name: replace(getattr(self.deps, name), **change) if isinstance(change, dict) else change
            for name, change in changes.items()
        }
        return replace(self.deps, **parts)

    async def load_community(self) -> None:
        """Load community and devices from the registry, as the service does at start."""
        stored = await self.database.read(lambda tx: registry.read_registry(tx, None))
        self.community = await self.database.read(registry.community)
        self.device_index = DeviceIndex(stored.devices, stored.registered_at, self.community.place_tree)

    async def alert(self, device: str = "gas-402", rule: str = "gas-alarm", **changes: Any) -> str:
        """Open an alert by a finding; returns its id."""
        values: dict[str, Any] = {
            "id": f"{rule}@1/{device}/{self.now}",
            "rule": rule,
            "version": "1",
            "phase": FindingPhase.BEGAN,
            "hazard": "gas",
            "title": "燃气泄漏",
            "severity": Severity.CRITICAL,
            "ledger": Ledger.DANGER,
            "subject": Subject("device", device),
            "begin": self.now,
            "at": self.now,
            "now": self.now,
            "device": device,
            "place": next((one.place for one in DEVICES if one.id == device), None),
            "advice": "勿开关电器",
            "evidence": (Evidence("alarm", True, at=self.now),),
        }
        outcomes = await self.desk.process_findings([Finding(**{**values, **changes})])
        return str(outcomes[0].alert)

    async def session_cookie(self, principal: Principal, now: Instant = T0) -> str:
        """The cookie of a session that this principal has open."""
        session = Session(
            new_session_id(), principal.token, principal.user, principal.person, now, now, now + SESSION_MS
        )
        await self.database.write(lambda tx: sessions.create(tx, session))
        cookie: str = self.app.state.sessions.create(principal, now, session=session.id)
        return cookie

    def add_reading(self, device: str, pos: int, at: Instant, **values: Any) -> None:
        """Append a reading of a device to the history."""
        kind = next(one.kind for one in DEVICES if one.id == device)
        self.history.append(Lane.BULK, pos, [Reading(device, kind, at, at, values)])

    async def _reload(self) -> None:
        self.reloads += 1
        await self.load_community()

    async def _on_callback(self, _headers: Any, query: Any, body: bytes) -> CallbackReply:
        self.callbacks.append((str(dict(query)), body))
        return CallbackReply(200, b'{"code":0}', "application/json")

    async def _accept(self, frames: Sequence[Frame]) -> None:
        self.accepted += frames


@cache
def _read(path: str) -> Any:
    return load_yaml((ROOT / path).read_text("utf-8"))


def gas_rule() -> RuleSummary:
    return RuleSummary(
        name="gas-alarm",
        title="燃气泄漏",
        hazard="gas",
        kinds=("gas_alarm",),
        severity="critical",
        ledger="danger",
        version="1",
        source="device's own verdict",
    )


Client = httpx2.AsyncClient


def client_of(app: FastAPI, **headers: str) -> Client:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    hooks = {"response": [documented(app)]}
    return httpx2.AsyncClient(
        transport=transport, base_url="http://console", headers=headers, event_hooks=hooks, timeout=LONG_TIMEOUT_S
    )

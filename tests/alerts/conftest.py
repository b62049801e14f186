"""A small community on a virtual clock: a real database, the alert service, the sender, and an SMS provider."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from msgspec import structs

import alerts
from alerts.alert import Actor, Alert, ResponseSource
from alerts.channels.aliyun_sms import AliyunSettings, AliyunSms
from alerts.channels.logbook import Logbook
from alerts.delivery.sender import OutboxSender
from alerts.escalation.policy import EscalationPolicy
from alerts.message import Delivery
from alerts.messages.catalog import TextCatalog
from alerts.messages.keywords import KeywordTemplate
from alerts.messages.personal import answer_page
from alerts.reply_parsing.grammar import ReplyGrammar
from alerts.service import AlertService
from alerts.settings import AlertSettings
from app.config.catalog import load_roles, load_wording
from domain import (
    Cell,
    Duty,
    Evidence,
    Finding,
    FindingPhase,
    Instant,
    Ledger,
    Person,
    Place,
    Severity,
    Subject,
)
from domain.people import Community, community
from simulators.providers.aliyun.server import AliyunSmsServer
from simulators.providers.local_server import loopback_client
from store.database import database
from store.database.alerts.queries import alert_timeline
from store.database.alerts.repository import SqlAlertStore
from store.database.alerts.transactions import Transactions
from tests.support.yaml_text import load_yaml

ALERTS_FOLDER = Path(alerts.__file__).parent
SHANGHAI = ZoneInfo("Asia/Shanghai")
START: Instant = 1_767_333_900_000
"""2026-01-02 14:05 in Shanghai."""
SIGN = "枫树社区"
PUBLIC_URL = "https://fs.example.cn"


@cache
def load_catalog() -> TextCatalog:
    return load_wording()


@cache
def registered_templates() -> dict[str, str]:
    """The templates of our texts as an SMS provider has them, by code."""
    return load_catalog().templates_by_code(page=answer_page(PUBLIC_URL))


@cache
def load_reply_grammar() -> ReplyGrammar:
    return ReplyGrammar(**load_yaml((ALERTS_FOLDER / "reply_parsing" / "replies.zh.yaml").read_text("utf-8")))


@cache
def load_policy() -> EscalationPolicy:
    return EscalationPolicy(**load_yaml((ALERTS_FOLDER / "ladders" / "default.yaml").read_text("utf-8")))


PEOPLE = {
    "wang": Person("wang", "王芳", phone="19900000001", wecom="wangfang"),
    "deputy": Person("deputy", "赵敏", phone="19900000002"),
    "li": Person("li", "李强", phone="19900000003", wecom="liqiang"),
    "chen": Person("chen", "陈静", phone="19900000004"),
    "sun": Person("sun", "孙磊", phone="19900000005"),
    "zhou": Person("zhou", "周涛", phone="19900000006"),
    "fix": Person("fix", "吴师傅", phone="19900000007"),
}


def small_community(**people: Person) -> Community:
    """One flat of one building, in a grid below a community below a street, with a person in each role."""
    return community(
        places=[
            Place("yuan", "枫林苑", "compound", cell="grid"),
            Place("b3", "3栋", "building", "yuan"),
            Place("u2", "2单元", "unit", "b3"),
            Place("402", "402", "household", "u2"),
            Place("403", "403", "household", "u2"),
            Place("404", "404", "household", "u2"),
            Place("405", "405", "household", "u2"),
        ],
        cells=[
            Cell("street", "街道", "street"),
            Cell("community", "社区", "community", "street"),
            Cell("grid", "第一网格", "grid", "community"),
        ],
        people=({**PEOPLE, **people}).values(),
        duties=[
            Duty("1", "grid", "worker", "wang"),
            Duty("2", "grid", "worker", "deputy", rank=1),
            Duty("3", "grid", "lead", "li"),
            Duty("4", "community", "community", "chen"),
            Duty("5", "street", "street", "sun"),
            Duty("6", "street", "department", "zhou"),
            Duty("7", "community", "maintenance", "fix"),
        ],
    )


def gas_finding(**changes: Any) -> Finding:
    """A gas leak in 402, received without delay."""
    defaults = Finding(
        id="gas-alarm@1/gas-1/1767333900000",
        rule="gas-alarm",
        version="1",
        phase=FindingPhase.BEGAN,
        hazard="gas",
        title="燃气泄漏",
        severity=Severity.CRITICAL,
        ledger=Ledger.DANGER,
        subject=Subject("device", "gas-1"),
        begin=START,
        at=START,
        now=START,
        device="gas-1",
        place="402",
        advice="勿开关电器，先开窗通风。",
        evidence=(Evidence("alarm", True, at=START),),
    )
    return structs.replace(defaults, **changes)


class Clock:
    """A clock that only tests move."""

    def __init__(self) -> None:
        self.now: Instant = START

    def __call__(self) -> Instant:
        return self.now


class AlertHarness:
    """The alert service with its database, sender and SMS provider."""

    def __init__(
        self,
        folder: Path,
        sms_server: AliyunSmsServer,
        client: httpx2.AsyncClient,
        clock: Clock,
        empty_database: Path | None = None,
        server: str | None = None,
    ) -> None:
        """Without `empty_database` on the ledger that is in the folder, or on the server with this URL."""
        if empty_database is not None:
            shutil.copy(empty_database, folder / "ledger.db")
        self.ledger = server or database.sqlite_url(folder / "ledger.db")
        self.folder, self.sms_server, self.client, self.clock = folder, sms_server, client, clock
        self.people = small_community()
        self.channels: dict[str, Any] = {"sms": self.sms(), "logbook": Logbook()}
        self.changed: list[str] = []
        self.policy = load_policy()
        self.keyword_templates: dict[str, KeywordTemplate] = {}
        self.start()

    def start(self) -> None:
        """Opens the database and starts the alert service, as after a restart."""
        self.database = database.Database(self.ledger)
        transact = Transactions(self.database)
        self.settings = AlertSettings(
            sign=SIGN,
            tz=SHANGHAI,
            replies=load_reply_grammar(),
            channels=tuple(self.channels),
            keyword_templates=self.keyword_templates,
            roles=load_roles(),
            public_url=PUBLIC_URL,
        )
        self.service = AlertService(
            transact,
            self.policy,
            load_catalog(),
            self.settings,
            lambda: self.people,
            self.clock,
            on_change=self.changed.append,
            affected=lambda alert: self.people.concerned(alert.subject, None, alert.place),
        )
        self.sender = OutboxSender(transact, self.channels, self.service.outcomes, self.clock)
        self.service.on_outbox = self.sender.wake

    def stop(self) -> None:
        self.database.close()

    def sms(self) -> AliyunSms:
        numbers = count(1)
        settings = AliyunSettings("AKID", "secret", SIGN, self.sms_server.url)
        return AliyunSms(self.client, settings, lambda: f"nonce-{self.clock.now}-{next(numbers)}")

    async def send(self) -> None:
        """Sends what is due, and waits until the provider has delivered it."""
        await self.sender.send_due()
        await self.sms_server.wait_until_idle()

    async def advance_time(self, seconds: float) -> None:
        """Moves the clock as the service does: to each deadline in turn."""
        end = self.clock.now + int(seconds * 1000)
        while (wake := await self.service.next_wake()) is not None and wake <= end:
            self.clock.now = max(self.clock.now, wake)
            await self.service.tick(self.clock.now)
            await self.send()
        self.clock.now = end
        await self.send()

    def texts(self, person: str) -> list[str]:
        phone = PEOPLE[person].phone
        assert phone is not None
        return [text.text for text in self.sms_server.phones.texts_of(phone)]

    def timeline(self, alert: int = 1) -> list[str]:
        return [line["text"] for line in self.database.write_blocking(lambda tx: alert_timeline(tx, alert))]

    def alert(self, number: int = 1) -> Alert:
        found = self.database.write_blocking(lambda tx: SqlAlertStore(tx).alert(number))
        assert found is not None
        return found

    def deliveries(self, alert: int = 1) -> list[Delivery]:
        return self.database.write_blocking(lambda tx: SqlAlertStore(tx).deliveries(alert))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, migrated once and copied for each test."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    migrated = database.Database(database.sqlite_url(path))
    migrated.migrate()
    migrated.close()
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sms_server(clock: Clock) -> AsyncIterator[AliyunSmsServer]:
    """An SMS provider with our templates registered and our signature approved."""
    server = AliyunSmsServer(
        access_keys={"AKID": "secret"},
        templates=dict(registered_templates()),
        clock=clock,
        signs={SIGN},
    )
    async with server:
        yield server


ON_POSTGRESQL = ("test_providers", "test_joining")
"""The modules of incidents that run on a PostgreSQL server too: joining, leases, failover of providers, receipts."""


OF_PROVIDERS_ALONE = (
    "test_a_refused_account", "test_an_open_breaker", "test_a_provider_down", "test_a_refused_template",
    "test_no_provider_with_room", "test_while_both_providers", "test_both_providers", "test_after_a_restart",
)  # fmt: skip
"""How their tests begin that ask nothing of the ledger but what the others do: on a server in the long form only."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "harness" in metafunc.fixturenames and metafunc.module.__name__.endswith(ON_POSTGRESQL):
        is_long = metafunc.function.__name__.startswith(OF_PROVIDERS_ALONE)
        server = pytest.param("postgresql", marks=pytest.mark.thorough if is_long else ())
        metafunc.parametrize("ledger_server", ["sqlite", server], indirect=True)


@pytest.fixture
def ledger_server(request: pytest.FixtureRequest) -> str | None:
    """The URL of an empty ledger on a server, or None for one in a file."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return None
    return str(request.getfixturevalue("empty_ledger"))


@pytest.fixture
async def harness(
    tmp_path: Path, sms_server: AliyunSmsServer, clock: Clock, empty_database: Path, ledger_server: str | None
) -> AsyncIterator[AlertHarness]:
    async with loopback_client() as client:
        running = AlertHarness(tmp_path, sms_server, client, clock, empty_database, ledger_server)
        yield running
        running.stop()


@pytest.fixture
def finding() -> Callable[..., Finding]:
    return gas_finding


@pytest.fixture(scope="session")
def catalog() -> TextCatalog:
    return load_catalog()


@pytest.fixture(scope="session")
def policy() -> EscalationPolicy:
    return load_policy()


@pytest.fixture
def actor() -> Callable[..., Actor]:
    return lambda who="wang", via=ResponseSource.SCREEN: Actor(who, PEOPLE[who].name, via)

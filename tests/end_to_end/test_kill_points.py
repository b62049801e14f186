"""kill -9 of a real process between two steps: a failover of two providers, a merge, a swap, an order of a platform.

The long form, with the whole service and random points, is `python -m benchmarks.delivery_crash`.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from alerts.alert import State
from alerts.message import DeliveryState
from benchmarks.kill_points import BOUNDARY, STATEMENT
from console.events import EventHub
from domain import Subject
from simulators.providers.aliyun.server import AliyunSmsServer
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import loopback_client
from simulators.providers.tencent.sms import TencentSmsServer
from store.database import database
from store.database.alerts.queries import findings_of_alert
from store.database.database import Database
from store.history.duckdb.history import DuckDbHistory
from tests.alerts.conftest import SIGN, AlertHarness, Clock, gas_finding, load_catalog
from tests.alerts.incidents.provider_harness import APP_ID, tencent_templates, use_two_providers
from tests.support.console_harness import ADMIN, T0, Client, ConsoleHarness, client_of, seed_registry
from tests.support.exchange_harness import exchange_harness
from tests.support.kill_children import ORDER, WANG, KillChildren
from tests.support.timeouts import LONG_TIMEOUT_S

REFUSED, HANGS = Fault(FaultKind.REJECT, code="isv.AMOUNT_NOT_ENOUGH"), Fault(FaultKind.SILENT)
WORKER, DEPUTY = "19900000001", "19900000002"
CALL = "紧急：燃气泄漏"


@pytest.fixture(scope="module")
def children() -> Iterator[KillChildren]:
    with KillChildren() as running:
        yield running


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "empty.db"
    migrated = database.Database(database.sqlite_url(path))
    migrated.migrate()
    migrated.close()
    return path


@pytest.fixture(scope="module")
def seeded_database(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    path = tmp_path_factory.mktemp("seeded") / "ledger.db"
    shutil.copy(empty_database, path)
    ledger = Database(f"sqlite:///{path}")
    ledger.write_blocking(seed_registry)
    ledger.close()
    return path


def new_folder(folder: Path, name: str, empty_database: Path) -> Path:
    """A folder with an empty database, for one kill."""
    made = folder / name
    made.mkdir()
    shutil.copy(empty_database, made / "ledger.db")
    return made


async def after_failover(folder: Path, children: KillChildren, number: int, fault: Fault) -> dict[str, Any]:
    """The process is killed at the boundary of this number; it starts again and works off what is left."""
    clock = Clock()
    keys, filed = {"AKID": "secret"}, load_catalog().templates_by_code()
    async with (
        AliyunSmsServer(access_keys=keys, templates=filed, clock=clock, signs={SIGN}) as aliyun,
        TencentSmsServer(
            keys={"AKIDT": "tsecret"}, app_id=APP_ID, templates=tencent_templates(), clock=clock, signs=[SIGN]
        ) as tencent,
        loopback_client() as client,
    ):
        aliyun.faults.schedule(fault)
        values = {
            "aliyun": aliyun.url,
            "tencent": tencent.url,
            "now": clock.now,
            "read_timeout_s": 0.3 if fault is HANGS else LONG_TIMEOUT_S,
        }
        killed = await children.is_killed("fail_over", folder, (BOUNDARY, number), **values)
        aliyun.faults.clear()
        clock.now += 20_000
        harness = AlertHarness(folder, aliyun, client, clock)
        use_two_providers(harness, tencent.url)
        harness.stop()
        harness.start()
        await harness.service.process_findings([gas_finding()])  # from the journal: its position was not stored
        await harness.advance_time(9)
        row = harness.deliveries()[0]
        if row.state is DeliveryState.UNKNOWN:
            await harness.advance_time(32)
        harness.stop()
        calls = {
            phone: sum(CALL in text.text for server in (aliyun, tencent) for text in server.phones.texts_of(phone))
            for phone in (WORKER, DEPUTY)
        }
    return {"killed": killed, "worker": calls[WORKER], "deputy": calls[DEPUTY], "by": (row.provider, row.state.value)}


@pytest.mark.parametrize("number", [5, 8, 10])
async def test_a_worker_has_one_text_wherever_the_process_dies_after_the_first_provider_refused(
    tmp_path: Path, children: KillChildren, empty_database: Path, number: int
) -> None:
    """Point 8 is after the second provider was chosen and before it was asked. It cannot say so: the text is
    not sent twice, and the deputy is called a minute after the leak."""
    outcome = await after_failover(new_folder(tmp_path, "one", empty_database), children, number, REFUSED)
    in_doubt = {"killed": True, "worker": 0, "deputy": 1, "by": ("tencent", "unknown")}
    assert outcome["killed"]
    assert (outcome["worker"], outcome["deputy"]) == (1, 0) or (number == 8 and outcome == in_doubt), outcome


async def test_a_worker_has_one_text_when_the_first_provider_accepted_and_its_answer_is_lost_with_the_process(
    tmp_path: Path, children: KillChildren, empty_database: Path
) -> None:
    outcome = await after_failover(new_folder(tmp_path, "one", empty_database), children, 6, HANGS)
    assert (outcome["killed"], outcome["worker"], outcome["deputy"], outcome["by"][0]) == (True, 1, 0, "aliyun")


async def test_a_merge_is_done_as_a_whole_or_not_at_all(
    tmp_path: Path, children: KillChildren, empty_database: Path
) -> None:
    start = new_folder(tmp_path, "start", empty_database)
    async with AliyunSmsServer(access_keys={}, templates={}, clock=Clock()) as aliyun, loopback_client() as client:
        harness = AlertHarness(start, aliyun, client, Clock())
        other = gas_finding(id="other", device="gas-2", subject=Subject("device", "gas-2"), place="403")
        await harness.service.process_findings([gas_finding()])
        await harness.service.process_findings([other])
        harness.stop()
        seen = set[bool]()
        for number in (9, 40):
            folder = new_folder(tmp_path, f"{number}", start / "ledger.db")
            await children.is_killed("merge", folder, (STATEMENT, number))
            harness = AlertHarness(folder, aliyun, client, Clock())
            merged = harness.alert(2).state is State.CLOSED
            assert merged is (harness.alert(2).merged_into == 1) is (harness.alert(1).joined == 1)
            assert findings(harness, 2) == (set() if merged else {"other"})
            assert len(findings(harness, 1)) == (2 if merged else 1)
            assert any("并入" in line for line in harness.timeline(1)) is merged
            if not merged:
                await harness.service.perform(2, "merge", WANG, into=1)
                assert findings(harness, 2) == set()
            harness.stop()
            seen.add(merged)
    assert seen == {True, False}


def findings(harness: AlertHarness, alert: int) -> set[str]:
    rows = harness.database.write_blocking(lambda tx: findings_of_alert(tx, str(alert)))
    return {row["finding"] for row in rows}


async def test_an_accepted_swap_is_in_force_with_its_record_or_still_proposed(
    tmp_path: Path, children: KillChildren, seeded_database: Path
) -> None:
    start = new_folder(tmp_path, "start", seeded_database)
    async with console(start) as client:
        body = {
            "asker": "w-zhang", "other": "w-li", "from": "2026-11-23T00:00:00+08:00",
            "until": "2026-11-24T00:00:00+08:00", "reason": "孩子家长会",
        }  # fmt: skip
        proposed = await client.post("/api/v1/rosters/swaps", json=body)
        assert proposed.status_code == 201, proposed.text
        link = proposed.json()["link"].removeprefix("/swap#")
    seen = set[bool]()
    for number in (7, 30):
        folder = new_folder(tmp_path, f"{number}", start / "ledger.db")
        await children.is_killed("swap", folder, (STATEMENT, number), link=link)
        async with console(folder) as client:
            (swap,) = (await client.get("/api/v1/rosters/swaps")).json()["items"]
            params = {"place": "b3", "role": "worker", "at": "2026-11-23T12:00:00+08:00"}
            (worker,) = (await client.get("/api/v1/rosters/on-duty", params=params)).json()["items"]
            records = [entry["action"] for entry in (await client.get("/api/v1/audit")).json()["items"]]
        accepted = swap["state"] == "accepted"
        seen.add(accepted)
        assert (worker["id"], "swap accepted" in records) == ("w-li" if accepted else "w-zhang", accepted)
    assert seen == {True, False}


async def test_an_order_and_a_state_of_a_platform_are_taken_once_when_it_repeats_them_after_a_crash(
    tmp_path: Path, children: KillChildren, seeded_database: Path
) -> None:
    folder = new_folder(tmp_path, "one", seeded_database)
    assert await children.is_killed("exchange", folder, (STATEMENT, 24))
    async with exchange_harness(folder) as running:
        pushed = [await running.hotline.push_order("GD-1", **ORDER) for _ in range(2)]
        urged = [await running.hotline.push_state("GD-1", "催办", event="urged-1") for _ in range(2)]
        await running.exchange.sender.send_due()
        states = running.hotline.states_of("GD-1")
        alerts = (await running.api.get("/api/v1/alerts")).json()["items"]
        received = (await running.api.get("/api/v1/exchange/hotline/cases/GD-1/events")).json()["items"]
    assert [answer.status_code for answer in (*pushed[1:], *urged)] == [200, 200, 200]
    assert (len(alerts), len(received), states) == (1, 1, ["受理"])


@asynccontextmanager
async def console(folder: Path) -> AsyncIterator[Client]:
    """The API on the ledger in this folder."""
    ledger, history = Database(f"sqlite:///{folder}/ledger.db"), DuckDbHistory(folder / "history.duckdb")
    harness = ConsoleHarness(ledger, history, EventHub(T0), folder / "blobs")
    await harness.load_community()
    async with client_of(harness.app, authorization=f"Bearer {ADMIN}") as client:
        yield client
    await history.close()
    ledger.close()

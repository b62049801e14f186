"""Critical dangers while the ledger takes nothing: people are notified without it, once, and the timeline says so."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from alerts.alert import Alert, State
from alerts.channels.channel import SendOutcome, SendResult
from alerts.channels.providers import chain_of
from alerts.message import Delivery
from app.server.outage_texts import AGAIN_EVENT_MS, AGAIN_MS, AWAY_MS, FILE, MAX_PER_PERSON, OutageTexts, _read
from domain import MINUTE, Finding, FindingPhase
from tests.conftest import Broker
from tests.support.service_harness import ServiceHarness


class Outage:
    """A service whose ledger another program keeps locked, and the time as its outage texts see it."""

    def __init__(self, harness: ServiceHarness, other: sqlite3.Connection) -> None:
        self.harness, self._other, self.now = harness, other, 0
        self.texts: OutageTexts = harness.service.outage_texts
        self.texts._monotonic = lambda: self.now
        self.texts._answered_at = lambda: 0

    async def leak(self, device: str = "gas-402") -> None:
        await self.harness.publish(f"fengshao/v1/{device}/alarm", {"alarm": True, "lel_pct": 22})
        waiting = self.harness.service.processing.pipeline.unstored_dangers
        await self.harness.until(lambda: any(one.device == device for one in waiting()), "a danger that waits")

    def ends(self) -> None:
        """The ledger takes something again."""
        self._other.execute("ROLLBACK")
        self.texts._answered_at = lambda: self.now

    async def pass_ms(self, span_ms: int) -> None:
        self.now += span_ms
        await self.texts.check()


@pytest.fixture
async def outage(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[Outage]:
    async with ServiceHarness(tmp_path / "data", broker.port, free_port()) as harness:
        with closing(sqlite3.connect(harness.data / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            try:
                yield Outage(harness, other)
            finally:
                if other.in_transaction:
                    other.execute("ROLLBACK")


async def test_a_leak_while_the_ledger_takes_nothing_reaches_the_worker_then_the_lead_and_later_asks_for_an_answer(
    outage: Outage,
) -> None:
    town = outage.harness
    await outage.leak()
    await outage.pass_ms(AWAY_MS - 1)
    assert town.phone("李伟").texts == []

    await outage.pass_ms(AWAY_MS)
    text = await town.phone("李伟").expects_sms("紧急：燃气泄漏", "3栋2单元402", "暂不能短信接警")
    assert len(text) <= 70
    await outage.pass_ms(1)
    assert town.phone("陈芳").texts == []
    await outage.pass_ms(10 * MINUTE)
    await town.phone("陈芳").expects_sms("紧急：燃气泄漏", "暂不能短信接警")
    assert len(town.phone("李伟").texts) == 1

    outage.ends()
    await town.phone("李伟").expects_sms("紧急：燃气泄漏", "回复")
    await outage.texts.check()
    [alert] = await town.items("/api/v1/alerts")
    await town.until_timeline(alert["id"], "数据库中断期间已于22:00通知李伟（短信）")
    assert len(town.phone("李伟").texts) == 2
    assert (town.data / FILE).read_text() == "[]"


async def test_one_person_gets_five_texts_however_many_devices_and_none_twice_after_a_restart(outage: Outage) -> None:
    town = outage.harness
    await outage.leak()
    await outage.pass_ms(0)
    [danger] = town.service.processing.pipeline.unstored_dangers()
    outage.texts._unstored = lambda: [replace(danger, id=f"f{n}", device=f"gas-{n}") for n in range(9)]
    await outage.pass_ms(0)
    await outage.pass_ms(AWAY_MS)
    await town.until(lambda: len(town.phone("李伟").texts) == MAX_PER_PERSON, "the texts")
    assert outage.texts.outcomes == {"accepted": MAX_PER_PERSON, "over_limit": 4}

    again = OutageTexts(
        town.service.alerting.desk, town.service.alerting.channels, outage.texts._unstored, list, lambda: 0,
        lambda: True, town.data, town.clock, lambda: outage.now,
    )  # fmt: skip
    await again.check()
    outage.now += AWAY_MS
    await again.check()
    assert len(town.phone("李伟").texts) == MAX_PER_PERSON


async def test_another_danger_of_the_device_and_one_that_begins_again_later_have_texts_of_their_own(
    outage: Outage,
) -> None:
    town, clock = outage.harness, outage.harness.clock
    await outage.leak()
    [leak] = town.service.processing.pipeline.unstored_dangers()
    found = [leak]
    outage.texts._unstored = lambda: found

    async def texts_of(finding: Finding) -> int:
        found.append(finding)
        await outage.pass_ms(0)
        await outage.pass_ms(AWAY_MS)
        return len(town.phone("李伟").texts)

    assert await texts_of(leak) == 1
    assert await texts_of(replace(leak, id="same event", rule="gas-high", now=clock())) == 1
    assert await texts_of(replace(leak, id="soot", rule="co-high", hazard="co", title="一氧化碳超标", now=clock())) == 2
    clock.now += AGAIN_EVENT_MS
    assert await texts_of(replace(leak, id="flaps", now=leak.now + 1)) == 2
    assert await texts_of(replace(leak, id="again", now=clock())) == 3


async def test_a_danger_without_a_text_keeps_no_other_from_being_told(
    outage: Outage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    town = outage.harness
    await outage.leak()
    [leak] = town.service.processing.pipeline.unstored_dangers()
    intake = town.service.alerting.desk.intake
    new_alert = intake.new_alert

    def fails_for_one(finding: Finding, building: str | None, now: int) -> Alert:
        if finding.id == "odd":
            raise LookupError("a fault of ours")
        return new_alert(finding, building, now)

    monkeypatch.setattr(intake, "new_alert", fails_for_one)
    outage.texts._unstored = lambda: [replace(leak, id="odd", device="gas-1"), leak]
    await outage.pass_ms(0)
    await outage.pass_ms(AWAY_MS)
    await town.phone("李伟").expects_sms("紧急：燃气泄漏", "3栋2单元402")
    assert "no text without the ledger" in caplog.text


async def test_a_danger_that_becomes_critical_while_the_ledger_takes_nothing_is_told(outage: Outage) -> None:
    town = outage.harness
    await outage.leak()
    [leak] = town.service.processing.pipeline.unstored_dangers()
    worse = replace(leak, id="graded", phase=FindingPhase.GRADED)
    outage.texts._unstored = lambda: [worse]
    await outage.pass_ms(0)
    await outage.pass_ms(AWAY_MS)
    await town.phone("李伟").expects_sms("紧急：燃气泄漏", "暂不能短信接警")


async def test_an_alert_that_nobody_answered_before_the_outage_climbs_on_without_the_ledger(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    async with ServiceHarness(tmp_path / "data", broker.port, free_port()) as town:
        await town.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 22})
        await town.phone("李伟").expects_sms("紧急：燃气泄漏", "回复")
        unanswered = town.service.unanswered_dangers
        await town.until(lambda: [called for _, called in unanswered()] == [{"li"}], "an unanswered danger")
        with closing(sqlite3.connect(town.data / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            outage = Outage(town, other)
            await outage.pass_ms(AWAY_MS)
            assert town.phone("陈芳").texts == []
            [(alert, _)] = unanswered()
            town.clock.now = alert.climb_at or 0
            await outage.pass_ms(1)
            text = await town.phone("陈芳").expects_sms("紧急：燃气泄漏", "3栋2单元402", "暂不能短信接警")
            assert len(text) <= 70
            assert len(town.phone("李伟").texts) == 1
            await outage.pass_ms(1)
            assert len(town.phone("陈芳").texts) == 1

            outage.ends()
            await town.phone("陈芳").expects_sms("紧急", "燃气泄漏", "回复")
            await outage.texts.check()
            at = town.service.alerting.desk.renderer.format_time(alert.climb_at or 0, town.clock())
            await town.until_timeline(str(alert.id), f"数据库中断期间已于{at}通知陈芳（短信）")


async def test_an_owner_who_does_not_arrive_during_the_outage_is_not_waited_for(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    async with ServiceHarness(tmp_path / "data", broker.port, free_port()) as town:
        await town.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 22})
        await town.phone("李伟").expects_sms("紧急：燃气泄漏", "回复")
        await town.phone("李伟").replies("11")
        await town.phone("李伟").expects_sms("已由李伟接警")
        unanswered = town.service.unanswered_dangers
        await town.until(lambda: [one.state for one, _ in unanswered()] == [State.ACKNOWLEDGED], "an owner on his way")
        [(alert, called)] = unanswered()
        assert called == {"li"}
        with closing(sqlite3.connect(town.data / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            outage = Outage(town, other)
            town.clock.now = (alert.due_at or 0) - 1
            await outage.pass_ms(AWAY_MS)
            assert town.phone("陈芳").texts == []
            town.clock.now += 10 * MINUTE
            await outage.pass_ms(1)
            await town.phone("陈芳").expects_sms("紧急：燃气泄漏", "3栋2单元402", "暂不能短信接警")
            outage.ends()


async def test_a_new_danger_comes_before_those_that_people_were_called_for(outage: Outage) -> None:
    town = outage.harness
    await outage.leak()
    [leak] = town.service.processing.pipeline.unstored_dangers()
    desk = town.service.alerting.desk
    known = replace(desk.intake.new_alert(replace(leak, device="gas-9"), None, 0), id=7, rung=-1, climb_at=0)
    outage.texts._unanswered = lambda: [(replace(known, id=n, device=f"gas-{n}"), frozenset()) for n in range(9)]
    await outage.pass_ms(0)
    await outage.pass_ms(AWAY_MS)
    to_worker = [text for text in outage.texts._sent.values() if text.person == "li"]
    assert len(to_worker) == MAX_PER_PERSON
    assert [text.finding is not None for text in to_worker] == [True] + [False] * (MAX_PER_PERSON - 1)


async def test_a_machine_that_may_not_be_the_active_one_notifies_nobody(outage: Outage) -> None:
    await outage.leak()
    outage.texts._may_send = lambda: False
    await outage.pass_ms(0)
    await outage.pass_ms(AWAY_MS)
    assert outage.harness.phone("李伟").texts == []


async def test_a_text_that_the_provider_refused_is_tried_again_and_one_that_may_have_been_sent_is_not(
    outage: Outage,
) -> None:
    await outage.leak()
    asked: list[str] = []

    class Refusing:
        name, idempotent, outcome = "sms", False, SendOutcome.RATE

        async def send(self, row: Delivery, _now: int) -> SendResult:
            asked.append(row.person)
            if self.outcome is SendOutcome.UNKNOWN:
                raise RuntimeError("a fault of ours")
            return SendResult(self.outcome)

    channel: Any = Refusing()
    outage.texts._chains = {"sms": chain_of("sms", channel)}
    await outage.pass_ms(0)
    await outage.pass_ms(AWAY_MS)
    await outage.pass_ms(1)
    assert asked == ["li"]
    outage.harness.clock.now += AGAIN_MS
    Refusing.outcome = SendOutcome.UNKNOWN
    await outage.pass_ms(1)
    outage.harness.clock.now += AGAIN_MS
    await outage.pass_ms(1)
    assert asked == ["li", "li"]


def test_a_file_of_texts_that_cannot_be_read_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text("{", "utf-8")
    assert _read(tmp_path / FILE) == []
    assert "may be sent again" in caplog.text

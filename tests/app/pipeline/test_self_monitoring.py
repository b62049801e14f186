"""Findings about the service itself: each condition is one finding, with its begin and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from app.pipeline.self_monitoring import SelfMonitoring
from domain import DAY, Finding, FindingPhase
from ingest.mqtt.consumer import ConsumerStatus, SessionStatus
from store.history import ServerStatus
from tests.conftest import Broker
from tests.support.service_harness import ServiceHarness

AT = 1_795_269_600_000


async def findings_of(*calls: Callable[[SelfMonitoring], None]) -> list[Finding]:
    findings: list[Finding] = []

    async def change(work: Callable[[], Sequence[Finding]]) -> None:
        findings.extend(work())

    monitoring = SelfMonitoring(change)
    for call in calls:
        call(monitoring)
    follower = asyncio.create_task(monitoring.run())
    await asyncio.sleep(0)
    while monitoring._queue.qsize():
        await asyncio.sleep(0)
    follower.cancel()
    return findings


async def test_a_full_disk_is_reported_at_once_and_over_when_both_lanes_write_again() -> None:
    findings = await findings_of(
        lambda monitoring: monitoring.journal_write_failed(AT, None, "disk full"),
        lambda monitoring: monitoring.journal_write_failed(AT + 5, None, "disk full"),
        lambda monitoring: monitoring.journal_write_failed(AT, AT + 3_000, "disk full"),
        lambda monitoring: monitoring.journal_write_failed(AT + 5, AT + 4_000, "disk full"),
    )

    began, over = findings
    assert (FindingPhase.BEGAN, AT, "journal-refused") == (began.phase, began.begin, began.rule)
    assert (FindingPhase.ENDED, began.id, AT + 4_000) == (over.phase, over.id, over.at)
    assert [("reason", "disk full"), ("seconds", 4.0)] == [
        (finding.quantity, finding.value) for finding in over.evidence
    ]


async def test_a_second_full_disk_is_another_finding() -> None:
    findings = await findings_of(
        lambda monitoring: monitoring.journal_write_failed(AT, None, "disk full"),
        lambda monitoring: monitoring.journal_write_failed(AT, AT + 1, "disk full"),
        lambda monitoring: monitoring.journal_write_failed(AT + 9, None, "disk full"),
    )

    assert 2 == len({finding.id for finding in findings})


def status(refused: dict[str, str], left_out: int = 0, ready: bool = True) -> ConsumerStatus:
    urgent = SessionStatus("urgent", ready, ready, 3, {}, 0, False, "")
    return ConsumerStatus(urgent, replace(urgent, name="bulk", refused=refused), 0, 0, 0, 0, left_out, "")


async def test_a_filter_that_the_broker_refuses_is_reported_once_and_over_when_it_is_granted() -> None:
    began, over = await findings_of(
        lambda monitoring: monitoring.check_intake(status({"tele/#": "not authorized"}), AT),
        lambda monitoring: monitoring.check_intake(status({"tele/#": "not authorized"}), AT + 5_000),
        lambda monitoring: monitoring.check_intake(status({}, ready=False), AT + 6_000),
        lambda monitoring: monitoring.check_intake(status({}), AT + 10_000),
    )
    assert (began.phase, began.rule, began.begin) == (FindingPhase.BEGAN, "subscription-refused", AT)
    assert [finding.value for finding in began.evidence] == ["tele/#: not authorized"]
    assert (over.phase, over.id, over.at) == (FindingPhase.ENDED, began.id, AT + 10_000)


async def test_a_history_that_accepts_no_readings_is_reported_until_a_restart() -> None:
    """The readings lay in the journal only, no checkpoint was saved, and nothing said so."""
    (began,) = await findings_of(
        lambda monitoring: monitoring.check_history(False, AT),
        lambda monitoring: monitoring.check_history(True, AT + 5),
        lambda monitoring: monitoring.check_history(True, AT + 10),
    )
    assert (began.rule, began.begin, began.phase) == ("history-behind", AT + 5, FindingPhase.BEGAN)
    (ended,) = [
        finding
        for finding in await findings_of(
            lambda monitoring: monitoring.restore([began.id], AT + 20),
            lambda monitoring: monitoring.check_history(False, AT + 25),
        )
        if finding.phase is FindingPhase.ENDED
    ]
    assert (ended.id, ended.at) == (began.id, AT + 25)


async def test_a_history_server_that_takes_nothing_for_ten_minutes_is_reported_until_it_does() -> None:
    down = ServerStatus(problem="history.bucket: the server has no bucket 'x'", failing_s=599)
    began, ended = await findings_of(
        lambda monitoring: monitoring.check_history_server(None, AT),
        lambda monitoring: monitoring.check_history_server(down, AT),
        lambda monitoring: monitoring.check_history_server(replace(down, failing_s=600.0), AT + 5),
        lambda monitoring: monitoring.check_history_server(ServerStatus(), AT + 10),
    )
    assert (began.rule, began.title, began.begin) == ("history-server", "历史库服务器写不进，读数暂存本机", AT + 5)
    assert [finding.value for finding in began.evidence] == ["history.bucket: the server has no bucket 'x'"]
    assert (ended.id, ended.phase) == (began.id, FindingPhase.ENDED)


async def test_s2_values_that_a_history_server_refuses_are_reported_once_a_day_and_old_ones_only_counted() -> None:
    def refused(**counts: int) -> ServerStatus:
        return ServerStatus(refused=counts)

    first, second = await findings_of(
        lambda monitoring: monitoring.check_history_server(refused(beyond_retention=50_000), AT),
        lambda monitoring: monitoring.check_history_server(refused(beyond_retention=50_000, type_conflict=3), AT + 1),
        lambda monitoring: monitoring.check_history_server(refused(type_conflict=4), AT + 2),
        lambda monitoring: monitoring.check_history_server(refused(type_conflict=4), AT + DAY),
        lambda monitoring: monitoring.check_history_server(refused(type_conflict=5), AT + DAY + 1),
    )
    assert (first.rule, [(one.quantity, one.value) for one in first.evidence]) == (
        "history-refused",
        [("type_conflict", 3)],
    )
    assert second.begin - first.begin == DAY


async def test_findings_that_an_earlier_run_left_open_continue_or_end_at_the_next_check() -> None:
    open_ids = [f"subscription-refused@1/system:broker/{AT}", f"urgent-left-out@1/system:registry/{AT}"]
    open_ids += [f"journal-refused@1/system:journal/{AT}", f"subscription-refused@1/system:broker/{AT - 9}"]
    findings = await findings_of(
        lambda monitoring: monitoring.restore(open_ids, AT + 1),
        lambda monitoring: monitoring.check_intake(status({"tele/#": "not authorized"}), AT + 2),
    )
    assert all(finding.phase is FindingPhase.ENDED for finding in findings)
    assert {finding.id for finding in findings} == {open_ids[1], open_ids[2], open_ids[0]}


async def test_an_urgent_device_without_a_filter_of_its_own_is_reported_and_in_the_metrics(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    class Crowded(ServiceHarness):
        def _site_config(self):  # type: ignore[no-untyped-def]
            folder = super()._site_config()
            limits = folder.settings.intake.model_copy(update={"urgent_filters_max": 1})
            return replace(folder, settings=folder.settings.model_copy(update={"intake": limits}))

    async with Crowded(tmp_path / "data", broker.port, free_port()) as harness:
        (alert,) = await harness.until_items("/api/v1/alerts?ledger=health")
        assert ("urgent-left-out", "部分紧急设备未进入紧急通道") == (alert["rule"], alert["title"])
        metrics = (await harness.api.get("/metrics")).text
        assert "fengshao_intake_urgent_left_out 1.0" in metrics
        assert 'fengshao_session_ready{session="bulk"} 1.0' in metrics
        assert 'fengshao_session_refused{session="urgent"} 0.0' in metrics
        assert 'fengshao_backlog_lane_entries{lane="urgent"} 0.0' in metrics

"""A storm: what waits, what never waits, and that a crash loses nothing of what waits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from app.pipeline.deferred_findings import BATCH, MAX_PAUSE_MS, DeferredFindings
from domain import HOUR, Device, Finding, FindingPhase, Instant, Lane, Ledger, Severity, Subject
from ingest.decoding.device_index import DeviceIndex
from tests.app.pipeline.conftest import DEVICES, PipelineOnFiles, frame
from tests.support.service_harness import START


def finding(
    device: str, severity: Severity = Severity.HIGH, number: int = 0, subject: Subject | None = None
) -> Finding:
    return Finding(
        id=f"leak@1/{device}/{number}",
        rule="leak",
        version="1",
        phase=FindingPhase.BEGAN,
        hazard="leak",
        title="漏水",
        severity=severity,
        ledger=Ledger.DANGER,
        subject=subject or Subject("device", device),
        begin=0,
        at=0,
        now=0,
        device=device,
    )


def ids(findings: Sequence[Finding]) -> list[str]:
    return [finding.id for finding in findings]


def test_a_critical_danger_passes_what_waits() -> None:
    deferred = DeferredFindings()
    assert deferred.add([finding("a"), finding("b")], (Lane.BULK, 1)) == []
    assert ids(deferred.add([finding("c", Severity.CRITICAL)], (Lane.BULK, 2))) == ["leak@1/c/0"]
    assert ids(deferred.take().findings) == ["leak@1/a/0", "leak@1/b/0"]


def test_a_critical_danger_takes_along_what_waits_of_its_device_in_order() -> None:
    """An alert whose gas rises from high to critical is opened by the first of the two."""
    deferred = DeferredFindings()
    deferred.add([finding("a", number=1), finding("b", number=2), finding("a", number=3)], (Lane.BULK, 1))
    urgent = deferred.add([finding("a", Severity.CRITICAL, number=4)], (Lane.BULK, 2))
    assert ids(urgent) == ["leak@1/a/1", "leak@1/a/3", "leak@1/a/4"]
    assert ids(deferred.take().findings) == ["leak@1/b/2"]


def test_a_group_and_a_device_of_one_subject_keep_their_order() -> None:
    house = Subject("household", "402")
    deferred = DeferredFindings()
    deferred.add([finding("a", subject=house)], None)
    urgent = deferred.add([finding("b", Severity.CRITICAL, subject=house)], None)
    assert [one.device for one in urgent] == ["a", "b"]
    assert not deferred


def test_the_position_goes_with_the_last_finding_of_an_entry() -> None:
    deferred = DeferredFindings()
    deferred.add([finding(f"a{n}") for n in range(BATCH + 1)], (Lane.BULK, 1))
    deferred.add([finding("b")], (Lane.BULK, 2))
    first, second = deferred.take(), deferred.take()
    assert (len(first.findings), first.position) == (BATCH, None)
    assert (len(second.findings), second.position) == (2, (Lane.BULK, 2))


def test_while_entries_wait_storing_has_a_sixth_of_the_time() -> None:
    deferred = DeferredFindings()
    assert not deferred.is_batch_due(0, idle=True)
    deferred.add([finding("a")], None)
    assert deferred.is_batch_due(1_000, idle=False)
    deferred.note_stored(1_000, 1_100)
    assert not deferred.is_batch_due(1_599, idle=False)
    assert deferred.is_batch_due(1_599, idle=True)
    assert deferred.is_batch_due(1_600, idle=False)


def test_after_an_hour_with_a_full_disk_what_waits_is_stored_soon() -> None:
    deferred = DeferredFindings()
    deferred.add([finding("a")], None)
    deferred.note_stored(0, HOUR)
    assert deferred.is_batch_due(HOUR + MAX_PAUSE_MS, idle=False)


async def test_in_a_storm_the_gas_alarm_at_the_end_is_stored_before_the_leaks_at_the_beginning(
    files: PipelineOnFiles,
) -> None:
    """Storing an alert takes 100 ms here; 61 messages are waiting when the service begins."""
    leaks = [Device(f"leak-{n}", "water_leak") for n in range(60)]
    files.decoder.device_index = DeviceIndex([*DEVICES, *leaks])
    files.engine.register(leaks, START)
    for device in leaks:
        await files.arrives(Lane.BULK, frame(f"fengshao/v1/{device.id}/up", {"leak": True}))
    await files.arrives(Lane.BULK, frame("fengshao/v1/gas/up", {"alarm": True, "lel_pct": 22}))
    await run_storm(files, stop_after=len(leaks) + 1)

    devices = [finding.device for finding in files.findings]
    assert sorted(set(devices) - {None}) == sorted(["gas", *(leak.id for leak in leaks)]), "none is lost"
    assert devices.index("gas") < 2 * BATCH
    assert devices[-1] == "leak-59"


async def test_no_checkpoint_passes_findings_that_are_not_stored(files: PipelineOnFiles) -> None:
    """After kill -9 in the middle of a storm what was waiting is evaluated again."""
    stored_at_checkpoint: list[int] = []

    async def store_checkpoint(positions: Mapping[Lane, int], now: Instant, snapshot: bytes) -> None:
        stored_at_checkpoint.append(len(files.findings))

    files.store_checkpoint = store_checkpoint  # type: ignore[method-assign]
    leaks = [Device(f"leak-{n}", "water_leak") for n in range(3 * BATCH)]
    files.decoder.device_index = DeviceIndex(leaks)
    files.engine.register(leaks, START)
    await files.arrives(Lane.BULK, *(frame(f"fengshao/v1/{device.id}/up", {"leak": True}) for device in leaks))
    await run_storm(files, stop_after=BATCH)

    assert set(stored_at_checkpoint) == {len(leaks)}


async def test_timers_run_while_lesser_findings_wait_to_be_stored(files: PipelineOnFiles) -> None:
    """The hold of a critical rule may end in the middle of a storm."""
    leaks = [Device(f"leak-{n}", "water_leak") for n in range(3 * BATCH)]
    files.decoder.device_index = DeviceIndex(leaks)
    files.engine.register(leaks, START)
    await files.arrives(Lane.BULK, *(frame(f"fengshao/v1/{device.id}/up", {"leak": True}) for device in leaks))
    run_timers, stored_at_timers = files.pipeline._host.run_timers, list[int]()

    async def counted_run_timers(until: Instant) -> None:
        stored_at_timers.append(len(files.findings))
        await run_timers(until)

    files.pipeline._host.run_timers = counted_run_timers  # type: ignore[method-assign]
    await run_storm(files, stop_after=2 * BATCH)

    assert any(0 < stored < len(leaks) for stored in stored_at_timers)


async def run_storm(files: PipelineOnFiles, stop_after: int) -> None:
    """Run until so many findings are stored. Storing each takes 100 ms of the clock, evaluating takes none."""
    now = START
    store = files.process_findings

    async def process_findings(findings: Sequence[Finding], lane: Lane | None, pos: int | None) -> None:
        nonlocal now
        now += 100 * len(findings)
        await store(findings, lane, pos)
        if len(files.findings) >= stop_after:
            files.pipeline.stop()

    async def sleep() -> None:
        nonlocal now
        now += 0 if files.backlog.entries else 1_000
        await asyncio.sleep(0.001)

    files.process_findings = process_findings  # type: ignore[method-assign]
    files.pipeline._findings._clock = lambda: now
    files.pipeline._findings._sleep = sleep  # type: ignore[method-assign]
    await files.pipeline.run()

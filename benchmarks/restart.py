"""A restart with many devices in mixed states: the time until it is ready, and whether a finding is lost, repeated, or
late by more than the downtime, compared with an engine that was never stopped.

    python -m benchmarks.restart [DEVICES]

During the downtime devices go on reporting; the broker queues their messages and delivers them after the restart.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from app.config.catalog import load_kinds, load_rulebook_files, rulebook_files
from domain import MINUTE, SECOND, Device, Finding, Instant, Reading, Value
from domain.people import community
from rules.engine.engine import Engine
from rules.hosts.replay import chunk_events

DEVICES = 100_000
T0: Instant = 1_793_491_200_000
EVERY_MS = 30 * MINUTE
KILLED, DOWN_MS = T0 + 180 * MINUTE, 10 * MINUTE
CHECKPOINT, END = KILLED - 5 * SECOND, KILLED + 200 * MINUTE

Values = dict[str, Value]
NORMAL: dict[str, Values] = {
    "gas_alarm": {"alarm": False, "lel_pct": 0.0, "fault": False},
    "wristband": {"heart_rate_bpm": 72, "spo2_pct": 97, "worn": True},
    "water_meter": {"flow_m3h": 0.0, "leak": False},
    "manhole": {"opened": False, "tilt_deg": 0, "water_level_mm": 200},
}
PENDING: dict[str, Values] = {
    "gas_alarm": {"lel_pct": 15.0}, "wristband": {"heart_rate_bpm": 150}, "water_meter": {"flow_m3h": 0.7},
    "manhole": {"tilt_deg": 20},
}  # fmt: skip
"""A danger with a hold: 30 s, 5 and 30 minutes."""
FIRING: dict[str, Values] = {
    "gas_alarm": {"alarm": True}, "wristband": {"spo2_pct": 88}, "water_meter": {"leak": True},
    "manhole": {"opened": True},
}  # fmt: skip
KINDS = tuple(NORMAL)
STATES = ("quiet", "pending", "contradicted", "ends while down", "fires on", "clearing", "stale", "never heard",
          "silent while down", "begins while down")  # fmt: skip


def device(number: int) -> Device:
    kind = KINDS[number // len(STATES) % len(KINDS)]
    return Device(f"{kind}-{number:06d}", kind, attributes={"report_every": "30m"})


def value_changes(number: int, kind: str) -> list[tuple[Instant, Values | None]]:
    """The values of a device by the time from which it reports them; None: it reports nothing."""
    normal, pending, firing = NORMAL[kind], NORMAL[kind] | PENDING[kind], NORMAL[kind] | FIRING[kind]
    offset = number * 7 % 25 * SECOND
    changes_by_state: dict[str, list[tuple[Instant, Values | None]]] = {
        "quiet": [(T0, normal)],
        "pending": [(T0, normal), (KILLED - SECOND - offset, pending), (KILLED + 60 * MINUTE, normal)],
        "contradicted": [(T0, normal), (KILLED - SECOND - offset, pending), (KILLED + 2 * SECOND, normal)],
        "ends while down": [(T0, normal), (KILLED - 50 * MINUTE, firing), (KILLED + DOWN_MS // 2, normal)],
        "fires on": [(T0, normal), (KILLED - 50 * MINUTE, firing), (KILLED + 70 * MINUTE, normal)],
        "clearing": [(T0, normal), (KILLED - 50 * MINUTE, firing), (KILLED - SECOND - offset, normal)],
        "stale": [(T0, firing), (T0 + 40 * MINUTE, None), (KILLED + 90 * MINUTE, normal)],
        "never heard": [(T0, None), (KILLED + 40 * MINUTE, normal)],
        "silent while down": [(T0, normal), (KILLED - 95 * MINUTE, None), (KILLED + 150 * MINUTE, normal)],
        "begins while down": [(T0, normal), (KILLED + MINUTE + offset, firing), (KILLED + 100 * MINUTE, normal)],
    }
    return changes_by_state[STATES[number % len(STATES)]]


def readings_of(number: int) -> Iterator[Reading]:
    """The readings of one device: at its report interval, and at every change."""
    known_device = device(number)
    changes = value_changes(number, known_device.kind)
    report_times = range(T0 + number * 7919 % EVERY_MS, END, EVERY_MS)
    for at in sorted({*report_times, *(at for at, values in changes if values is not None and at > T0)}):
        values = next(values for changed_at, values in reversed(changes) if changed_at <= at)
        if values is not None:
            yield Reading(known_device.id, known_device.kind, at, at, values)


class Outcome(Struct):
    """The effect of the restart, compared with the engine that was never stopped."""

    devices: int
    findings: int
    lost: int
    twice: int
    false: dict[str, int]
    """Findings emitted only after the restart, by the state of the device."""
    late_ms_max: int
    ready_s: float
    ready_cpu_s: float
    snapshot_mb: float
    states: dict[str, int]


Times = dict[tuple[str, str, str], list[Instant]]


def compare_engines(devices: int) -> Outcome:
    """Runs the same readings through both engines."""
    kinds = load_kinds()
    books = load_rulebook_files(kinds, rulebook_files())
    devices_list = [device(number) for number in range(devices)]
    readings = sorted(
        (reading for number in range(devices) for reading in readings_of(number)),
        key=lambda known_device: known_device.received,
    )

    def new_engine(now: Instant) -> Engine:
        engine = Engine(books, kinds, community())
        engine.register(devices_list, now)
        return engine

    steady = new_engine(T0)
    expected = feed(steady, readings) + steady.tick(END)
    stopped = new_engine(T0)
    before = feed(stopped, [known_device for known_device in readings if known_device.at < CHECKPOINT]) + stopped.tick(
        CHECKPOINT - 1
    )
    states = Counter(
        rule_state.phase.value for state in stopped.states.values() for rule_state in state.rule_states.values()
    )
    saved = stopped.snapshot()
    journaled = [known_device for known_device in readings if CHECKPOINT <= known_device.at < KILLED]
    before += feed(stopped, journaled)
    started, cpu_started = time.perf_counter(), time.process_time()
    restored = Engine(books, kinds, community())
    restored.restore(saved)
    restored.register(devices_list, KILLED + DOWN_MS)
    after = feed(restored, journaled)
    restored.outage(KILLED, KILLED + DOWN_MS)
    ready_s, ready_cpu_s = round(time.perf_counter() - started, 1), round(time.process_time() - cpu_started, 1)
    after += feed(restored, [delivered(known_device) for known_device in readings if known_device.at >= KILLED])
    after += restored.tick(END)
    # Findings of the replayed journal are emitted again unchanged: consumers recognise them by their ids.
    known_already = {repr(known_device) for known_device in before}
    after = [known_device for known_device in after if repr(known_device) not in known_already]
    lost, twice, false, late_ms = compare_findings(expected, before + after)
    counts = dict(states) | {"heard again": len(journaled)}
    size = round(len(saved) / 1e6, 1)
    return Outcome(devices, len(expected), lost, twice, false, late_ms, ready_s, ready_cpu_s, size, counts)


def feed(engine: Engine, readings: Sequence[Reading]) -> list[Finding]:
    times_by_event: list[Finding] = []
    for event in chunk_events(readings):
        times_by_event += engine.feed(event.readings, event.now)  # type: ignore[union-attr]  # no outages among them
    return times_by_event


def delivered(reading: Reading) -> Reading:
    """Readings of the downtime are received when the service is back."""
    back = KILLED + DOWN_MS
    if reading.at >= back:
        return reading
    return Reading(reading.device, reading.kind, reading.at, back, reading.values)


def compare_findings(expected: Sequence[Finding], found: Sequence[Finding]) -> tuple[int, int, dict[str, int], int]:
    """How many findings are lost, repeated and false, and the delay of the latest."""
    ours, theirs = times_by_event(found), times_by_event(expected)
    lost = sum(max(len(when) - len(ours.get(what, [])), 0) for what, when in theirs.items())
    more = Counter[str]()
    for what, when in ours.items():
        more[STATES[int(what[1][-6:]) % len(STATES)]] += max(len(when) - len(theirs.get(what, [])), 0)
    twice = len(found) - len(
        {(known_device.id, known_device.phase, known_device.severity, known_device.at) for known_device in found}
    )
    late = [b - a for what, when in theirs.items() for a, b in zip(when, ours.get(what, []), strict=False)]
    return lost, twice, dict(+more), max(late, default=0)


def times_by_event(findings: Sequence[Finding]) -> Times:
    """The times of each rule, subject and phase, in order: an absence begins later after an outage."""
    found: Times = defaultdict(list)
    for known_device in findings:
        found[known_device.rule, str(known_device.subject), known_device.phase.value].append(known_device.now)
    return {what: sorted(when) for what, when in found.items()}


def main() -> None:
    outcome = compare_engines(int(sys.argv[1]) if len(sys.argv) > 1 else DEVICES)
    print(json.dumps({name: getattr(outcome, name) for name in outcome.__struct_fields__}))


if __name__ == "__main__":
    main()

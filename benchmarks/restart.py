"""A restart with many devices in mixed states: how long until it is ready, and whether a finding is lost, told twice or
late by more than the downtime, held against an engine that was never stopped.

    python -m benchmarks.restart [DEVICES]

While it is down devices go on; the broker keeps what they say and hands it over when the service is back.
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

Said = dict[str, Value]
CALM: dict[str, Said] = {
    "gas_alarm": {"alarm": False, "lel_pct": 0.0, "fault": False},
    "wristband": {"heart_rate_bpm": 72, "spo2_pct": 97, "worn": True},
    "water_meter": {"flow_m3h": 0.0, "leak": False},
    "manhole": {"opened": False, "tilt_deg": 0, "water_level_mm": 200},
}
BEGINS: dict[str, Said] = {
    "gas_alarm": {"lel_pct": 15.0}, "wristband": {"heart_rate_bpm": 150}, "water_meter": {"flow_m3h": 0.7},
    "manhole": {"tilt_deg": 20},
}  # fmt: skip
"""A danger that must last for a while: 30 s, 5 and 30 minutes."""
FIRES: dict[str, Said] = {
    "gas_alarm": {"alarm": True}, "wristband": {"spo2_pct": 88}, "water_meter": {"leak": True},
    "manhole": {"opened": True},
}  # fmt: skip
KINDS = tuple(CALM)
STATES = ("quiet", "pending", "contradicted", "ends while down", "fires on", "clearing", "stale", "never heard",
          "silent while down", "begins while down")  # fmt: skip


def device(number: int) -> Device:
    kind = KINDS[number // len(STATES) % len(KINDS)]
    return Device(f"{kind}-{number:06d}", kind, attributes={"report_every": "30m"})


def turns(number: int, kind: str) -> list[tuple[Instant, Said | None]]:
    """From when on a device says what; None: nothing at all."""
    calm, begins, fires = CALM[kind], CALM[kind] | BEGINS[kind], CALM[kind] | FIRES[kind]
    early = number * 7 % 25 * SECOND
    lives: dict[str, list[tuple[Instant, Said | None]]] = {
        "quiet": [(T0, calm)],
        "pending": [(T0, calm), (KILLED - SECOND - early, begins), (KILLED + 60 * MINUTE, calm)],
        "contradicted": [(T0, calm), (KILLED - SECOND - early, begins), (KILLED + 2 * SECOND, calm)],
        "ends while down": [(T0, calm), (KILLED - 50 * MINUTE, fires), (KILLED + DOWN_MS // 2, calm)],
        "fires on": [(T0, calm), (KILLED - 50 * MINUTE, fires), (KILLED + 70 * MINUTE, calm)],
        "clearing": [(T0, calm), (KILLED - 50 * MINUTE, fires), (KILLED - SECOND - early, calm)],
        "stale": [(T0, fires), (T0 + 40 * MINUTE, None), (KILLED + 90 * MINUTE, calm)],
        "never heard": [(T0, None), (KILLED + 40 * MINUTE, calm)],
        "silent while down": [(T0, calm), (KILLED - 95 * MINUTE, None), (KILLED + 150 * MINUTE, calm)],
        "begins while down": [(T0, calm), (KILLED + MINUTE + early, fires), (KILLED + 100 * MINUTE, calm)],
    }
    return lives[STATES[number % len(STATES)]]


def life(number: int) -> Iterator[Reading]:
    """What one device says, by its own clock: on plan, and whenever something changes."""
    one = device(number)
    changes = turns(number, one.kind)
    plan = range(T0 + number * 7919 % EVERY_MS, END, EVERY_MS)
    for at in sorted({*plan, *(at for at, said in changes if said is not None and at > T0)}):
        said = next(said for since, said in reversed(changes) if since <= at)
        if said is not None:
            yield Reading(one.id, one.kind, at, at, said)


class Outcome(Struct):
    """What the restart did, held against the engine that was never stopped."""

    devices: int
    findings: int
    lost: int
    twice: int
    false: dict[str, int]
    """Told only after the restart, by what the device was doing."""
    late_ms_max: int
    ready_s: float
    ready_cpu_s: float
    snapshot_mb: float
    states: dict[str, int]


Told = dict[tuple[str, str, str], list[Instant]]


def compared(devices: int) -> Outcome:
    """The same lives through both engines."""
    kinds = load_kinds()
    books = load_rulebook_files(kinds, rulebook_files())
    known = [device(number) for number in range(devices)]
    heard = sorted((reading for number in range(devices) for reading in life(number)), key=lambda one: one.received)

    def fresh(now: Instant) -> Engine:
        engine = Engine(books, kinds, community())
        engine.register(known, now)
        return engine

    steady = fresh(T0)
    undisturbed = fed(steady, heard) + steady.tick(END)
    stopped = fresh(T0)
    before = fed(stopped, [one for one in heard if one.at < CHECKPOINT]) + stopped.tick(CHECKPOINT - 1)
    states = Counter(watch.phase.value for seat in stopped.states.values() for watch in seat.rule_states.values())
    saved = stopped.snapshot()
    journaled = [one for one in heard if CHECKPOINT <= one.at < KILLED]
    before += fed(stopped, journaled)
    begun, worked = time.perf_counter(), time.process_time()
    again = Engine(books, kinds, community())
    again.restore(saved)
    again.register(known, KILLED + DOWN_MS)
    after = fed(again, journaled)
    again.outage(KILLED, KILLED + DOWN_MS)
    ready_s, ready_cpu_s = round(time.perf_counter() - begun, 1), round(time.process_time() - worked, 1)
    after += fed(again, [delivered(one) for one in heard if one.at >= KILLED])
    after += again.tick(END)
    # What the journal is judged again for is told again word for word: whoever takes findings knows them by that.
    known_already = {repr(one) for one in before}
    after = [one for one in after if repr(one) not in known_already]
    lost, twice, false, late_ms = held_against(undisturbed, before + after)
    counted = dict(states) | {"heard again": len(journaled)}
    size = round(len(saved) / 1e6, 1)
    return Outcome(devices, len(undisturbed), lost, twice, false, late_ms, ready_s, ready_cpu_s, size, counted)


def fed(engine: Engine, readings: Sequence[Reading]) -> list[Finding]:
    told: list[Finding] = []
    for event in chunk_events(readings):
        told += engine.feed(event.readings, event.now)  # type: ignore[union-attr]  # nobody was deaf
    return told


def delivered(reading: Reading) -> Reading:
    """What was said while the service was down is received when it is back."""
    back = KILLED + DOWN_MS
    if reading.at >= back:
        return reading
    return Reading(reading.device, reading.kind, reading.at, back, reading.values)


def held_against(undisturbed: Sequence[Finding], found: Sequence[Finding]) -> tuple[int, int, dict[str, int], int]:
    """How many findings are lost, told twice and false, and by how much the latest is late."""
    ours, theirs = told(found), told(undisturbed)
    lost = sum(max(len(when) - len(ours.get(what, [])), 0) for what, when in theirs.items())
    more = Counter[str]()
    for what, when in ours.items():
        more[STATES[int(what[1][-6:]) % len(STATES)]] += max(len(when) - len(theirs.get(what, [])), 0)
    twice = len(found) - len({(one.id, one.phase, one.severity, one.at) for one in found})
    late = [b - a for what, when in theirs.items() for a, b in zip(when, ours.get(what, []), strict=False)]
    return lost, twice, dict(+more), max(late, default=0)


def told(findings: Sequence[Finding]) -> Told:
    """When what was told, the first time and the following ones: an absence begins later when nobody could hear."""
    found: Told = defaultdict(list)
    for one in findings:
        found[one.rule, str(one.subject), one.phase.value].append(one.now)
    return {what: sorted(when) for what, when in found.items()}


def main() -> None:
    outcome = compared(int(sys.argv[1]) if len(sys.argv) > 1 else DEVICES)
    print(json.dumps({name: getattr(outcome, name) for name in outcome.__struct_fields__}))


if __name__ == "__main__":
    main()

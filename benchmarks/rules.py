"""How many conditions a second one core compares with new values, what a reading costs among few and many devices, and
what a device costs in memory.

An evaluation is one condition compared with a new value; rules that are skipped do not count: neither those whose
quantity was not said, nor those that cannot begin because nobody wrote what they ask for. Only `feed` is timed, in
processor time; among few devices as among many each speaks every five minutes, and one person in five lives alone.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from app.config.catalog import RULEBOOKS, load_kinds, load_rulebook_files, rulebook_files
from benchmarks.result import Result
from domain import HOUR, MINUTE, Device, Instant, Person, Reading, Value
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

T0: Instant = 1_793_491_200_000
DEVICES = 100_000
SIZES = (1_000, 10_000, 100_000, 300_000)
"""What a reading costs among so many."""
READINGS = 200_000
EVERY_MS = 5 * MINUTE
CHUNK = 10_000
FOUNDING = ("gas", "wristband", "water_meter", "manhole")
SHARES = ("gas_alarm",) * 4 + ("wristband",) * 3 + ("water_meter",) * 2 + ("manhole",)
"""Of ten devices: what a community has."""


def device(number: int) -> Device:
    kind = SHARES[number % len(SHARES)]
    person = {"person": f"p-{number % PEOPLE}"} if kind == "wristband" else {}
    return Device(f"{kind}-{number:06d}", kind, attributes=person)


def residents() -> Community:
    """Who wears the wristbands: one in five lives alone, one in twenty has a fence."""
    alone, fence = {"lives_alone": True}, {"fence_lat": 31.2, "fence_lon": 121.4, "fence_m": 500}
    written = [
        {"age": 60 + n % 35} | (alone if n % 5 == 0 else {}) | (fence if n % 20 == 1 else {}) for n in range(PEOPLE)
    ]
    return community(people=[Person(f"p-{n}", f"p-{n}", attributes=said) for n, said in enumerate(written)])


def values(kind: str, at: Instant, chance: random.Random) -> dict[str, Value]:
    """What such a device says on an ordinary day; one reading in some thousands is dangerous."""
    if kind == "gas_alarm":
        danger = chance.random() < 0.0002
        return {
            "alarm": danger, "lel_pct": 40.0 if danger else round(chance.random() * 4, 1),
            "co_ppm": chance.randint(0, 20), "fault": False, "battery_pct": chance.randint(40, 100),
        }  # fmt: skip
    if kind == "wristband":
        return {
            "heart_rate_bpm": round(chance.gauss(76, 12)), "spo2_pct": chance.randint(94, 99), "worn": True,
            "steps": at // MINUTE % 1440 * 4, "battery_pct": chance.randint(20, 100),
        }  # fmt: skip
    if kind == "water_meter":
        return {"volume_m3": round((at - T0) / HOUR * 0.012 // 0.05 * 0.05 + 300, 3), "leak": False, "burst": False}
    return {
        "opened": chance.random() < 0.0002, "tilt_deg": chance.randint(0, 4),
        "water_level_mm": chance.randint(200, 240), "flooded": False, "ch4_pct": 0.1,
    }  # fmt: skip


PEOPLE = 10_000


def feed(engine: Engine, devices: Sequence[Device], start: Instant, count: int, chance: random.Random) -> float:
    """Seconds that judging so many readings takes, from devices in random order, each every five minutes."""
    took = 0.0
    for first in range(0, count, CHUNK):
        at = start + first * EVERY_MS // len(devices)
        chosen = chance.choices(devices, k=min(CHUNK, count - first))
        heard = [
            Reading(one.id, one.kind, at + n, at + n, values(one.kind, at, chance)) for n, one in enumerate(chosen)
        ]
        begun = time.process_time()
        engine.feed(heard, at + CHUNK)
        took += time.process_time() - begun
    return took


def lived_in(engine: Engine, devices: Sequence[Device], chance: random.Random) -> None:
    """Two days of everybody: meters once an hour, the others a few times."""
    for hour in range(48):
        at = T0 + hour * HOUR
        said = [one for one in devices if one.kind == "water_meter" or hour % 12 == 0]
        engine.feed([Reading(one.id, one.kind, at, at, values(one.kind, at, chance)) for one in said], at)


def learned_bytes(engine: Engine) -> int:
    """What was learned over weeks, which is counted apart: the usual of each hour with its arrays, and slopes."""
    total = 0
    for slopes in filter(None, (seat.trends for seat in engine.states.values())):
        numbers = [number for slope in slopes.values() for number in msgspec.structs.astuple(slope)]
        held = {id(one): one for one in [slopes, *slopes.values(), *numbers]}
        total += sum(map(sys.getsizeof, held.values()))
    for learned in filter(None, (seat.baselines for seat in engine.states.values())):
        total += sys.getsizeof(learned)
        for one in learned.values():
            numbers = (one.at, one.count, one.hour, one.total, one.value)
            total += sum(map(sys.getsizeof, (one, one.weeks, one.mean, *numbers)))
    return total


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def many_rules() -> Rulebook:
    """eKuiper's published case: 300 rules on one source."""
    rule = {"title": {"zh": "一", "en": "x"}, "kind": "gas_alarm", "severity": "low", "source": "bench"}
    rules = [{**rule, "name": f"r-{n}", "when": f"lel_pct >= {50 + n / 10}"} for n in range(300)]
    return Rulebook.model_validate({"hazard": "gas", "rules": rules})


def met(engine: Engine, devices: Sequence[Device], chance: random.Random, rounds: int = 3) -> Instant:
    """Everybody is heard a few times; answers with the instant after."""
    for number in range(rounds):
        at = T0 + number * EVERY_MS
        engine.feed([Reading(one.id, one.kind, at, at, values(one.kind, at, chance)) for one in devices], at)
    return T0 + rounds * EVERY_MS


def cost(number: int, books: Sequence[Rulebook], kinds: Mapping[str, Kind]) -> tuple[float, float]:
    """Microseconds a reading, and evaluations a second, among so many devices.

    Each is heard three times before and at most three times while it is measured: few devices must not have longer
    memories than many. So few are measured again and again, each time with an engine of their own.
    """
    chance, judged, took, asked = random.Random(1), 0, 0.0, 0
    while judged < READINGS:
        devices = [device(n) for n in range(number)]
        engine = Engine(books, kinds, residents())
        engine.register(devices, T0)
        start, before, count = met(engine, devices, chance), engine.state.evaluations, min(3 * number, READINGS)
        took += feed(engine, devices, start, count, chance)
        asked, judged = asked + engine.state.evaluations - before, judged + count
    return took / judged * 1e6, asked / took


def memory(books: Sequence[Rulebook], kinds: Mapping[str, Kind]) -> tuple[float, float]:
    """Bytes a device after two days with all books, and bytes of what is usual, apart."""
    devices, town = [device(n) for n in range(DEVICES)], residents()
    gc.collect()
    before = resident_bytes()
    engine = Engine(books, kinds, town)
    engine.register(devices, T0)
    lived_in(engine, devices, random.Random(1))
    gc.collect()
    baselines = learned_bytes(engine) / DEVICES
    return (resident_bytes() - before) / DEVICES - baselines, baselines


def run() -> Iterator[Result]:
    kinds = load_kinds()
    every = load_rulebook_files(kinds, rulebook_files())
    bytes_a_device, baselines = memory(every, kinds)
    costs = {number: cost(number, every, kinds)[0] for number in SIZES}
    founding = load_rulebook_files(kinds, [RULEBOOKS / f"{name}.yaml" for name in FOUNDING])
    reading_us, rate = cost(DEVICES, founding, kinds)
    crowd = Engine([many_rules()], kinds, community())
    gas = [Device(f"gas_alarm-{n}", "gas_alarm") for n in range(1_000)]
    crowd_took = feed(crowd, gas, T0, 20_000, random.Random(1))
    yield Result(
        "rule_evaluations_per_s",
        round(rate),
        "evaluations/s",
        {
            "devices": DEVICES,
            "us_per_reading": round(reading_us, 2),
            "evaluations_per_s_300_rules_on_one_source": round(crowd.evaluations / crowd_took),
            **{f"us_per_reading_all_books_{number}_devices": round(us, 2) for number, us in costs.items()},
            "rules_of_all_books": sum(len(book.rules) for book in every),
            "bytes_per_device_all_books": round(bytes_a_device),
            "bytes_of_baselines_per_device": round(baselines),
        },
    )

"""Conditions that one core evaluates a second, the cost of a reading among few and many devices, and the memory of a
device.

An evaluation is one condition compared with a new value; skipped rules do not count: neither those whose quantity was
not reported, nor those that cannot begin because an attribute is missing. Only `feed` is timed, in processor time;
each device reports every five minutes, and one person in five lives alone.
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
"""Numbers of devices for which the cost of a reading is measured."""
READINGS = 200_000
EVERY_MS = 5 * MINUTE
CHUNK = 10_000
FOUNDING = ("gas", "wristband", "water_meter", "manhole")
SHARES = ("gas_alarm",) * 4 + ("wristband",) * 3 + ("water_meter",) * 2 + ("manhole",)
"""The kinds of ten devices of a typical community."""


def device(number: int) -> Device:
    kind = SHARES[number % len(SHARES)]
    person = {"person": f"p-{number % PEOPLE}"} if kind == "wristband" else {}
    return Device(f"{kind}-{number:06d}", kind, attributes=person)


def residents() -> Community:
    """The wearers of the wristbands: one in five lives alone, one in twenty has a fence."""
    alone, fence = {"lives_alone": True}, {"fence_lat": 31.2, "fence_lon": 121.4, "fence_m": 500}
    attribute_sets = [
        {"age": 60 + n % 35} | (alone if n % 5 == 0 else {}) | (fence if n % 20 == 1 else {}) for n in range(PEOPLE)
    ]
    return community(
        people=[Person(f"p-{n}", f"p-{n}", attributes=attributes) for n, attributes in enumerate(attribute_sets)]
    )


def values(kind: str, at: Instant, chance: random.Random) -> dict[str, Value]:
    """The values of a device on an ordinary day; one reading in some thousands is dangerous."""
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
    """Seconds that the evaluation of `count` readings takes, from devices in random order, each every five minutes."""
    elapsed_s = 0.0
    for first in range(0, count, CHUNK):
        at = start + first * EVERY_MS // len(devices)
        chosen_devices = chance.choices(devices, k=min(CHUNK, count - first))
        readings = [
            Reading(device_.id, device_.kind, at + n, at + n, values(device_.kind, at, chance))
            for n, device_ in enumerate(chosen_devices)
        ]
        started = time.process_time()
        engine.feed(readings, at + CHUNK)
        elapsed_s += time.process_time() - started
    return elapsed_s


def feed_two_days(engine: Engine, devices: Sequence[Device], chance: random.Random) -> None:
    """Feeds two days of all devices: meters once an hour, the others a few times."""
    for hour in range(48):
        at = T0 + hour * HOUR
        attributes = [device_ for device_ in devices if device_.kind == "water_meter" or hour % 12 == 0]
        engine.feed(
            [Reading(device_.id, device_.kind, at, at, values(device_.kind, at, chance)) for device_ in attributes], at
        )


def learned_bytes(engine: Engine) -> int:
    """Bytes of baselines with their arrays, and of trends, which are counted apart."""
    total = 0
    for trends in filter(None, (state.trends for state in engine.states.values())):
        numbers = [number for trend in trends.values() for number in msgspec.structs.astuple(trend)]
        objects = {id(device_): device_ for device_ in [trends, *trends.values(), *numbers]}
        total += sum(map(sys.getsizeof, objects.values()))
    for baselines in filter(None, (state.baselines for state in engine.states.values())):
        total += sys.getsizeof(baselines)
        for device_ in baselines.values():
            numbers = (device_.at, device_.count, device_.hour, device_.total, device_.value)
            total += sum(map(sys.getsizeof, (device_, device_.weeks, device_.mean, *numbers)))
    return total


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def many_rules() -> Rulebook:
    """The published case of eKuiper: 300 rules on one source."""
    rule = {"title": {"zh": "一", "en": "x"}, "kind": "gas_alarm", "severity": "low", "source": "bench"}
    rules = [{**rule, "name": f"r-{n}", "when": f"lel_pct >= {50 + n / 10}"} for n in range(300)]
    return Rulebook.model_validate({"hazard": "gas", "rules": rules})


def feed_rounds(engine: Engine, devices: Sequence[Device], chance: random.Random, rounds: int = 3) -> Instant:
    """Feeds all devices a few times; returns the instant after."""
    for number in range(rounds):
        at = T0 + number * EVERY_MS
        engine.feed(
            [Reading(device_.id, device_.kind, at, at, values(device_.kind, at, chance)) for device_ in devices], at
        )
    return T0 + rounds * EVERY_MS


def cost(number: int, books: Sequence[Rulebook], kinds: Mapping[str, Kind]) -> tuple[float, float]:
    """Microseconds a reading, and evaluations a second, among so many devices.

    Each reports three times before and at most three times during the measurement: few devices must not have more
    history than many. So few devices are measured repeatedly, each time with a new engine.
    """
    chance, evaluated, elapsed_s, evaluations = random.Random(1), 0, 0.0, 0
    while evaluated < READINGS:
        devices = [device(n) for n in range(number)]
        engine = Engine(books, kinds, residents())
        engine.register(devices, T0)
        start, before, count = feed_rounds(engine, devices, chance), engine.state.evaluations, min(3 * number, READINGS)
        elapsed_s += feed(engine, devices, start, count, chance)
        evaluations, evaluated = evaluations + engine.state.evaluations - before, evaluated + count
    return elapsed_s / evaluated * 1e6, evaluations / elapsed_s


def memory(books: Sequence[Rulebook], kinds: Mapping[str, Kind]) -> tuple[float, float]:
    """Bytes of a device after two days with all rulebooks, and bytes of its baselines, apart."""
    devices, registry = [device(n) for n in range(DEVICES)], residents()
    gc.collect()
    before = resident_bytes()
    engine = Engine(books, kinds, registry)
    engine.register(devices, T0)
    feed_two_days(engine, devices, random.Random(1))
    gc.collect()
    baselines = learned_bytes(engine) / DEVICES
    return (resident_bytes() - before) / DEVICES - baselines, baselines


def run() -> Iterator[Result]:
    kinds = load_kinds()
    books = load_rulebook_files(kinds, rulebook_files())
    bytes_a_device, baselines = memory(books, kinds)
    costs = {number: cost(number, books, kinds)[0] for number in SIZES}
    founding = load_rulebook_files(kinds, [RULEBOOKS / f"{name}.yaml" for name in FOUNDING])
    reading_us, rate = cost(DEVICES, founding, kinds)
    many_rules_engine = Engine([many_rules()], kinds, community())
    gas = [Device(f"gas_alarm-{n}", "gas_alarm") for n in range(1_000)]
    many_rules_s = feed(many_rules_engine, gas, T0, 20_000, random.Random(1))
    yield Result(
        "rule_evaluations_per_s",
        round(rate),
        "evaluations/s",
        {
            "devices": DEVICES,
            "us_per_reading": round(reading_us, 2),
            "evaluations_per_s_300_rules_on_one_source": round(many_rules_engine.state.evaluations / many_rules_s),
            **{f"us_per_reading_all_books_{number}_devices": round(us, 2) for number, us in costs.items()},
            "rules_of_all_books": sum(len(book.rules) for book in books),
            "bytes_per_device_all_books": round(bytes_a_device),
            "bytes_of_baselines_per_device": round(baselines),
        },
    )

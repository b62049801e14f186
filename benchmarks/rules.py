"""How many conditions a second one core compares with new values, and what a device costs in memory.

An evaluation is one condition compared with a new value; rules that are skipped do not count. Only `feed` is timed.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.shelf import BOOKS, book_files, load_books, load_kinds
from benchmarks.result import Result
from domain import HOUR, MINUTE, Device, Instant, Reading, Value
from domain.people import community
from rules.engine import Engine
from rules.rulebook import Rulebook

T0: Instant = 1_793_491_200_000
DEVICES = 100_000
READINGS = 300_000
CHUNK = 10_000
FOUNDING = ("gas", "wristband", "water_meter", "manhole")
SHARES = ("gas_alarm",) * 4 + ("wristband",) * 3 + ("water_meter",) * 2 + ("manhole",)
"""Of ten devices: what a community has."""


def device(number: int) -> Device:
    kind = SHARES[number % len(SHARES)]
    return Device(f"{kind}-{number:06d}", kind)


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


def feed(engine: Engine, devices: Sequence[Device], start: Instant, count: int, chance: random.Random) -> float:
    """Seconds that judging so many readings takes, from devices in random order, spread over an hour."""
    took = 0.0
    for first in range(0, count, CHUNK):
        at = start + first * HOUR // count
        chosen = chance.choices(devices, k=min(CHUNK, count - first))
        heard = [
            Reading(one.id, one.kind, at + n, at + n, values(one.kind, at, chance)) for n, one in enumerate(chosen)
        ]
        begun = time.perf_counter()
        engine.feed(heard, at + CHUNK)
        took += time.perf_counter() - begun
    return took


def lived_in(engine: Engine, devices: Sequence[Device], chance: random.Random) -> None:
    """Two days of everybody: meters once an hour, the others a few times."""
    for hour in range(48):
        at = T0 + hour * HOUR
        said = [one for one in devices if one.kind == "water_meter" or hour % 12 == 0]
        engine.feed([Reading(one.id, one.kind, at, at, values(one.kind, at, chance)) for one in said], at)


def learned_bytes(engine: Engine) -> int:
    """What is usual at each hour of the week, which is counted apart."""
    learned = [usual for seat in engine.seats.values() for usual in (seat.usuals or {}).values()]
    return sum(sys.getsizeof(one) + sys.getsizeof(one.seen) + sys.getsizeof(one.mean) for one in learned)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def many_rules() -> Rulebook:
    """eKuiper's published case: 300 rules on one source."""
    rule = {"title": {"zh": "一", "en": "x"}, "kind": "gas_alarm", "severity": "low", "source": "bench"}
    rules = [{**rule, "name": f"r-{n}", "when": f"lel_pct >= {50 + n / 10}"} for n in range(300)]
    return Rulebook.model_validate({"hazard": "gas", "rules": rules})


def run() -> Iterator[Result]:
    kinds, chance = load_kinds(), random.Random(1)
    founding = load_books(kinds, [BOOKS / f"{name}.yaml" for name in FOUNDING])
    costs: dict[str, float] = {}
    for number in (1_000, DEVICES):
        devices = [device(n) for n in range(number)]
        gc.collect()
        before = resident_bytes()
        engine = Engine(founding if number < DEVICES else load_books(kinds, book_files()), kinds, community())
        engine.enrol(devices, T0)
        lived_in(engine, devices, chance)
        gc.collect()
        memory = (resident_bytes() - before) / number
        if number == DEVICES:
            # Memory is measured with all books; speed with the four founding ones, as promised.
            baselines = learned_bytes(engine) / number
            restored_s, engine = restarted(engine, founding, devices)
        asked = engine.evaluations
        took = feed(engine, devices, T0 + 48 * HOUR, READINGS, chance)
        costs[f"us_per_reading_{number}_devices"] = round(took / READINGS * 1e6, 2)
    rate = (engine.evaluations - asked) / took
    crowd = Engine([many_rules()], kinds, community())
    gas = [Device(f"gas_alarm-{n}", "gas_alarm") for n in range(1_000)]
    crowd_took = feed(crowd, gas, T0, 20_000, chance)
    yield Result(
        "rule_evaluations_per_s",
        round(rate),
        "evaluations/s",
        {
            "devices": DEVICES,
            **costs,
            "bytes_per_device_all_books": round(memory - baselines),
            "bytes_of_baselines_per_device": round(baselines),
            "restart_s": round(restored_s, 1),
            "evaluations_per_s_300_rules_on_one_source": round(crowd.evaluations / crowd_took),
        },
    )


def restarted(engine: Engine, books: Sequence[Rulebook], devices: Sequence[Device]) -> tuple[float, Engine]:
    """The state written down and taken up by a new engine, as after a kill: how long until it is ready."""
    again = Engine(books, {name: plan.described for name, plan in engine.plans.items()}, community())
    begun = time.perf_counter()
    written = engine.snapshot()
    again.restore(written)
    again.enrol(devices, T0 + 48 * HOUR)
    return time.perf_counter() - begun, again

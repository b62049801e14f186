"""Five weeks of a small community in which, at one instant, rules, groups and gateways are in every state. It produced
`fixtures/checkpoint_df4d4b5.json`, written by an earlier version of the engine.

    python -m tests.support.checkpoint_story FILE    writes the checkpoint of this version and the findings after it
"""

from __future__ import annotations

import base64
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from app.config.catalog import load_kinds
from domain import DAY, HOUR, MINUTE, SECOND, Device, Finding, Instant, Person, Place, Quality, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

T0: Instant = 1_767_225_600_000
"""2026-01-01T08:00 in Shanghai, a Thursday."""
CUT = T0 + 35 * DAY + 13 * HOUR
"""21:00 in Shanghai: the checkpoint."""
END = CUT + 3 * DAY

COMMUNITY = community(
    places=[
        Place("b1", "1栋", "building", attributes={"lat": 31.2, "lon": 121.4}),
        Place("b2", "2栋", "building"),
        *(Place(f"h{n}", f"{n}01", "household", parent="b1" if n < 6 else "b2") for n in range(1, 10)),
    ],
    people=[Person("wang", "王奶奶", home="h2", attributes={"lives_alone": True, "age": 82})],
)


def _rule(name: str, **fields: Any) -> dict[str, Any]:
    kind = {} if "gather" in fields else {"kind": "gas_alarm"}
    return {"name": name, "title": {"zh": name, "en": name}, "severity": "high", "source": "test", **kind, **fields}


RULES: list[dict[str, Any]] = [
    _rule("gas-alarm", when="alarm", severity="critical", release="10m"),
    _rule(
        "gas-level", when="lel_pct >= 10", clear="lel_pct < 5", hold="5m", release="30m",
        grades=[{"severity": "critical", "when": "lel_pct >= 25"}],
    ),
    _rule("gas-latch", when="co_ppm >= 50", latch=True),
    _rule("gas-seen", when="lel_pct >= 3", hold="10m", if_silent="wait", shadow=True),
    _rule("gas-night", when="lel_pct >= 4", only_if="time.hour >= 22 or time.hour < 6"),
    _rule("gas-quiet", when="co_ppm >= 20", only_if="not finding.gas-alarm", release="1m"),
    _rule("gas-often", when="count(alarm, 6h) >= 2", ledger="health"),
    _rule("gas-rising", when="max(lel_pct, 3h) - min(lel_pct, 3h) > 20", ledger="health"),
    _rule("gas-chatter", chatter={"times": 3, "within": "5m"}, release="1h", ledger="health"),
    _rule("gas-old", expires={"on": "expires_on", "before": "10d"}, ledger="health"),
    _rule("gas-co-missing", absent={"quantity": "co_ppm", "after": "8h"}, ledger="health"),
    _rule("gas-missing", absent={"missed": 3}, ledger="health"),
    _rule("gateway-down", kind="gateway", absent={"children": 2}, ledger="health"),
    _rule("sos", kind="wristband", of="person", event="sos", release="30m", severity="critical",
          cancel={"when": "not sos", "within": "10s"}),
    _rule("heart", kind="wristband", of="person", when="heart_rate_bpm > 100 and person.lives_alone", hold="5m"),
    _rule("unusual", kind="water_meter", when="increase(volume_m3, 1h) > 3 * usual(volume_m3)", release="1h"),
    _rule("idle", kind="water_meter", when="idle(volume_m3, 12h) >= 8h"),
    _rule("battery", kind="any", when="days_left(battery_pct) < 60", ledger="health"),
    _rule("many", of="building", gather={"within": "30m", "parts": [{"rules": ["gas-alarm"], "at_least": 2}]}),
    _rule("both", of="household", gather={"parts": [{"rules": ["gas-alarm"]}, {"rules": ["gas-latch"]}]}),
    _rule("most", of="building", gather={"within": "1h", "parts": [{"rules": ["gas-level"], "at_least": 3}]}),
]  # fmt: skip
BOOKS = [Rulebook.model_validate({"hazard": "gas", "version": 3, "rules": RULES})]
GAS = [
    Device(f"gas-{n}", "gas_alarm", place=f"h{n}", attributes={"gateway": gateway, "report_every": "1h"})
    for n in range(1, 10)
    for gateway in ["gw-1" if n > 6 else "gw-2"]
]
DEVICES = [
    *GAS[:4],
    Device("gas-5", "gas_alarm", place="h5", attributes={"report_every": "1h", "expires_on": "2026-02-20"}),
    *GAS[5:],
    Device("gw-1", "gateway"),
    Device("band-1", "wristband", place="h2", attributes={"person": "wang", "report_every": "1h"}),
    Device("meter-1", "water_meter", place="h1", attributes={"report_every": "1h"}),
    Device("meter-2", "water_meter", place="h2", attributes={"report_every": "1h"}),
]

Values = dict[str, Value]
_NORMAL_VALUES: Values = {"alarm": False, "lel_pct": 0.0, "co_ppm": 0.0}
_CHANGES: dict[str, list[tuple[Instant, Values | None]]] = {
    "gas-1": [(CUT - 2 * HOUR, {"alarm": True}), (CUT + 5 * HOUR, {})],
    "gas-2": [(CUT - MINUTE, {"lel_pct": 12.0}), (CUT + HOUR, {"lel_pct": 30.0}), (CUT + 4 * HOUR, {})],
    "gas-3": [(CUT - 30 * MINUTE, {"alarm": True}), (CUT - 2 * MINUTE, {})],
    "gas-4": [(CUT - 3 * HOUR, {"co_ppm": 60.0}), (CUT - 2 * HOUR, {}), (CUT + 30 * HOUR, {"co_ppm": 70.0})],
    "gas-5": [(CUT - 3 * HOUR, {"co_ppm": 60.0}), (CUT + 2 * HOUR, {})],
    "gas-6": [(CUT - 9 * HOUR, {"alarm": True}), (CUT - 8 * HOUR, None), (CUT + 6 * HOUR, {})],
    "gas-7": [(CUT - 30 * HOUR, None), (CUT + 9 * HOUR, {})],
    "gas-8": [(CUT - 30 * HOUR, None), (CUT + 9 * HOUR, {"lel_pct": 6.0}), (CUT + 40 * HOUR, {})],
    "gas-9": [(CUT - 30 * HOUR, None)],
    "band-1": [(CUT - 4 * MINUTE, {"heart_rate_bpm": 130}), (CUT + 2 * HOUR, {})],
    "meter-1": [],
    "meter-2": [(CUT - 10 * HOUR, {"still": True}), (CUT + 3 * HOUR, {})],
}


def readings() -> Iterator[Reading]:
    """Everything that is received, in order of arrival."""
    yield from sorted(
        (reading for device in DEVICES for reading in _device_readings(device)),
        key=lambda reading: (reading.received, reading.device),
    )


def _device_readings(device: Device) -> Iterator[Reading]:
    changes = _CHANGES.get(device.id, [])
    offset = DEVICES.index(device) * 37 * SECOND
    report_times = range(T0 + offset if device.kind == "water_meter" else CUT - 40 * HOUR + offset, END, HOUR)
    volume = 100.0
    for at in sorted({*report_times, *(at for at, _ in changes)}) if device.id in _CHANGES else ():
        values = next((values for changed_at, values in reversed(changes) if changed_at <= at), {})
        if values is None:
            continue
        is_still = bool(values.get("still"))
        volume += 0.0 if is_still else 0.01 if at < CUT + 20 * HOUR else 0.3
        yield Reading(device.id, device.kind, at, at, _values(device, values, at, volume))
    yield from _EXTRA_READINGS.get(device.id, ())


def _values(device: Device, values: Values, at: Instant, volume: float) -> Values:
    if device.kind == "water_meter":
        return {"volume_m3": round(volume, 3), "battery_pct": round(100 - (at - T0) / DAY * 1.1, 2)}
    if device.kind == "wristband":
        return {"heart_rate_bpm": 72, "sos": False, **values}
    return {**_NORMAL_VALUES, **values}


def _gas(device: str, at: Instant, received: Instant | None = None, **values: Value) -> Reading:
    return Reading(device, "gas_alarm", at, at if received is None else received, values)


_EXTRA_READINGS: dict[str, list[Reading]] = {
    # An alarm that chatters; then a late all-clear between two dangers.
    "gas-3": [
        *(_gas("gas-3", CUT - 7 * HOUR + n * MINUTE, lel_pct=3.5) for n in (2, 7, 13, 14)),
        *(_gas("gas-3", CUT - 4 * HOUR + n * MINUTE, alarm=n % 2 == 0) for n in range(7)),
    ],
    "gas-1": [
        _gas("gas-1", CUT - HOUR - 30 * MINUTE, CUT + 10 * MINUTE, alarm=False),
        _gas("gas-1", CUT - HOUR - 20 * MINUTE, lel_pct=6.0, alarm=True),
        _gas("gas-1", CUT - HOUR - 10 * MINUTE, co_ppm=25.0, alarm=True),
    ],
    "gas-2": [
        Reading("gas-2", "gas_alarm", CUT - HOUR, CUT - HOUR, {"alarm": True}, {"alarm": Quality.RETAINED}),
        Reading("gas-2", "gas_alarm", CUT + HOUR, CUT + HOUR, {"alarm": True}, {"alarm": Quality.RETAINED}),
    ],
    "band-1": [
        Reading("band-1", "wristband", at, at, {"sos": True})
        for at in (CUT - 50 * MINUTE, CUT - MINUTE, CUT + 2 * MINUTE)
    ],
}  # fmt: skip


class RecordedCheckpoint(Struct):
    """Output of one version: the checkpoint (zlib, base64), and the findings emitted after it."""

    version: str
    checkpoint: str
    after: list[Finding]

    def snapshot(self) -> bytes:
        return zlib.decompress(base64.b64decode(self.checkpoint))


def new_engine(kinds: dict[str, Kind]) -> Engine:
    return Engine(BOOKS, kinds, COMMUNITY)


def play_until_checkpoint(engine: Engine) -> list[Finding]:
    """Feeds everything up to the checkpoint; returns the findings."""
    findings = engine.register(DEVICES, T0)
    findings += _feed_selected(engine, lambda at: at <= CUT - 20 * MINUTE)
    findings += engine.tick(CUT - 20 * MINUTE)
    findings += engine.mark_offline(["gas-6"], CUT - 20 * MINUTE)
    engine.outage(CUT - 15 * MINUTE, CUT - 12 * MINUTE)
    findings += engine.release("gas-5", "gas-latch", CUT - 11 * MINUTE)
    findings += _feed_selected(engine, lambda at: CUT - 20 * MINUTE < at <= CUT)
    return findings + engine.tick(CUT)


def play_after_checkpoint(engine: Engine) -> list[Finding]:
    """Feeds everything after the checkpoint; returns the findings."""
    findings = _feed_selected(engine, lambda at: CUT < at <= CUT + 12 * HOUR)
    findings += engine.tick(CUT + 12 * HOUR)
    findings += engine.release("gas-4", "gas-latch", CUT + 12 * HOUR)
    engine.outage(CUT + 13 * HOUR, CUT + 14 * HOUR)
    findings += _feed_selected(engine, lambda at: at > CUT + 12 * HOUR)
    return findings + engine.tick(END)


def _feed_selected(engine: Engine, is_selected: Any) -> list[Finding]:
    findings: list[Finding] = []
    for reading in readings():
        if is_selected(reading.received):
            findings += engine.feed([reading], reading.received)
    return findings


def record(version: str) -> RecordedCheckpoint:
    """The checkpoint of this version, and the findings of the same engine after it."""
    engine = new_engine(load_kinds())
    play_until_checkpoint(engine)
    packed = base64.b64encode(zlib.compress(engine.snapshot(), 9)).decode()
    return RecordedCheckpoint(version, packed, play_after_checkpoint(engine))


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(msgspec.json.encode(record(Path(sys.argv[1]).stem.rpartition("_")[2])))

"""Window functions in a whole engine: batches out of order, limits per device, evidence."""

from __future__ import annotations

from typing import Any

from domain import MINUTE, Device, Place, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.compiled.ruleset import compile_rulebooks
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from tests.support.gas_readings import T0, feed, reading_at

Kinds = dict[str, Kind]


def engine_with_rule(kinds: Kinds, **changes: Any) -> Engine:
    written = {"name": "r", "title": {"zh": "一", "en": "x"}, "kind": "gas_alarm", "severity": "high", "source": "test"}
    book = Rulebook.model_validate({"hazard": "gas", "rules": [{**written, **changes}]})
    return Engine([book], kinds, community())


def test_a_mean_counts_readings_of_one_batch_out_of_order(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, when="mean(lel_pct, 30m) >= 10 and count(lel_pct, 30m) >= 3")
    batch = [
        reading_at(at * MINUTE, late=(30 - at) * MINUTE, lel_pct=value) for at, value in ((20, 16), (5, 3), (10, 14))
    ]
    (finding,) = engine.feed(batch, T0 + 30 * MINUTE)
    assert [(line.value, line.limit, line.unit) for line in finding.evidence] == [(11.0, 10, "%LEL"), (3.0, 3, "/30m")]


def test_attributes_are_not_shown_as_evidence(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, when="device.floor > 3 and lel_pct > 10")
    engine.register([Device("gas-1", "gas_alarm", attributes={"floor": 4})], T0)
    (finding,) = engine.feed([reading_at(0, lel_pct=20)], T0)
    assert [line.quantity for line in finding.evidence] == ["lel_pct"]


def test_evidence_shows_the_limit_of_this_device(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, when="lel_pct >= default(device.limit_pct, 10)")
    engine.register([Device("gas-1", "gas_alarm", attributes={"limit_pct": 20})], T0)
    assert feed(engine, reading_at(0, lel_pct=15)) == []
    (finding,) = engine.feed([reading_at(1, lel_pct=21)], T0 + 1)
    assert finding.evidence[0].limit == 20


def test_the_history_of_a_boolean_survives_a_restart(kinds: Kinds) -> None:
    written = "max(alarm, 1h) == 0 and seen(alarm, 1h) >= 1h"
    engine = engine_with_rule(kinds, when=written)
    feed(engine, *(reading_at(at * MINUTE, alarm=False) for at in (0, 20, 40)))
    restored = engine_with_rule(kinds, when=written)
    restored.restore(engine.snapshot())
    assert feed(restored, reading_at(60 * MINUTE, alarm=False)) == ["r began"]


def test_a_value_that_cannot_be_compared_is_counted_and_ends_no_finding(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, when="lel_pct >= 10")
    assert feed(engine, reading_at(0, lel_pct=15), reading_at(1, lel_pct="much"), reading_at(2, lel_pct=3)) == [
        "r began",
        "r ended",
    ]
    assert engine.state.type_errors == {"r": 1}


def test_neither_a_position_nor_a_hold_combines_values_of_two_messages(
    kinds: Kinds,
) -> None:
    books = [
        rulebook_with(when, if_silent="wait", hold="5m")
        for when in (FAR, "heart_rate_bpm > 90 and default(worn, true)")
    ]
    ruleset = compile_rulebooks(books, kinds)["wristband"]
    assert ruleset.last_value_quantities == {"worn"}
    engine = Engine(
        books, kinds, community(places=[Place("h", "家", "household", lat=31.2, lon=121.5, datum="WGS-84")])
    )
    engine.register([Device("b", "wristband", place="h")], T0)
    messages: list[dict[str, Value]] = [{"lat": 30.0}, {"lon": 120.0}, {"heart_rate_bpm": 140}, {"worn": True}]
    for index, values in enumerate(messages):
        now = T0 + index * 6 * MINUTE
        assert engine.feed([Reading("b", "wristband", now, now, values)], now) == []
    assert engine.tick(T0 + 30 * MINUTE) == []
    now = T0 + 31 * MINUTE
    (finding,) = engine.feed(
        [Reading("b", "wristband", now, now, {"heart_rate_bpm": 140, "lat": 30.0, "lon": 120.0})], now
    )
    assert finding.evidence[0].quantity == "heart_rate_bpm"


FAR = "distance_m(lat, lon, place.lat, place.lon) > 500"


def rulebook_with(when: str, **written: str) -> Rulebook:
    rule = {
        "name": "far" if when == FAR else "fast", "title": {"zh": "一", "en": "x"}, "kind": "wristband",
        "severity": "low", "source": "test", "when": when, **written,
    }  # fmt: skip
    return Rulebook.model_validate({"hazard": "person", "rules": [rule]})

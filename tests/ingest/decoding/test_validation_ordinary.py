"""An ordinary message is read as the full validation reads it, whatever its fields, units, times and numbers."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import Device
from domain.kind import Kind
from ingest.decoding.duplicates import DuplicateWindow
from ingest.decoding.validation import Outcome, validate, validate_full
from ingest.mappings.mapping import MappingBook
from ingest.mappings.plan import Plan, compile_plan
from ingest.results import RawReading
from tests.support.long_form import examples

NOW = 1_795_269_600_000
METER = Device("meter-1", "water_meter")


PLATFORMS = ("native", "wmbusmeters", "iotda", "ctwing", "thingsboard")


@pytest.fixture(scope="module")
def plans(kinds: dict[str, Kind], books: list[MappingBook]) -> dict[str, Plan]:
    return {platform: compile_plan(kinds["water_meter"], books, platform) for platform in PLATFORMS}


NAMES = (
    *(
        "volume_m3",
        "total_m3",
        "currentReading",
        "currentFlow",
        "batteryVoltage",
        "leak",
        "leaking",
        "burst",
        "rssi_dbm",
    ),
    *("time_dry", "time_leaking", "max_flow_m3h", "unit", "volume_unit", "status", "leak.value", "x.type", "x.active"),
)
VALUES: st.SearchStrategy[object] = st.sampled_from(
    [
        True,
        False,
        0,
        1,
        3.5,
        -1,
        10**9,
        2**62,
        2**64,
        1e300,
        float("nan"),
        "on",
        "L",
        "l/h",
        "2020-01-01",
        "",
        None,
        [],
        {},
    ]
)
TIMES: st.SearchStrategy[object] = st.sampled_from(
    [
        None,
        NOW,
        NOW - 1,
        NOW // 1000,
        NOW + 10**9,
        20_261_121_220_000,
        "2026-11-21T14:00:00Z",
        "2026-11-21 22:00",
        "x",
        True,
    ]
)


@settings(
    deadline=None, max_examples=examples(200, short=80), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(PLATFORMS),
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5), TIMES, st.sampled_from([None, 1, 2, "3"])
        ),
        max_size=4,
    ),
)
def test_both_validations_give_the_same_outcome(
    plans: dict[str, Plan], platform: str, messages: list[tuple[dict[str, object], object, object]]
) -> None:
    plan, short, long = plans[platform], DuplicateWindow(), DuplicateWindow()
    for fields, at, seq in messages:
        raw_reading = RawReading(platform, "meter-1", at, fields, seq)
        found = validate(raw_reading, METER, plan, short, NOW, UTC)
        outcome = found if isinstance(found, Outcome) else Outcome(found)
        assert repr(validate_full(raw_reading, METER, plan, long, NOW, UTC)) == repr(outcome)
    assert short.state() == long.state()


def test_fields_that_a_mapping_ignores_do_not_make_a_message_unusual(plans: dict[str, Plan]) -> None:
    fields = {"total_m3": 12.5, "time_leaking": "2026-11-01", "max_flow_m3h": 0.3, "rssi_dbm": -80}
    found = validate(
        RawReading("wmbusmeters", "meter-1", "2026-11-21T14:00:00Z", fields), METER, plans["wmbusmeters"],
        DuplicateWindow(), NOW, UTC,
    )  # fmt: skip
    assert not isinstance(found, Outcome)
    assert {"volume_m3": 12.5, "rssi_dbm": -80} == found.values

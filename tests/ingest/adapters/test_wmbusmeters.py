"""wmbusmeters: verdicts of status words and flags."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ingest.adapters import wmbusmeters
from ingest.frame import Frame
from ingest.results import DeviceEvent, RawReading, Rejection
from tests.ingest.adapters.text_platforms import NOW


def test_an_alarm_of_another_day_is_over_unless_the_status_still_reports_it() -> None:
    message = {"id": "1", "last_alarm_date": "2025-05-16", "message_datetime": "2025-05-17 21:00", "status": "OK"}
    without_alarm, smoky = (
        wmbusmeters.decode(Frame("wmbusmeters/1", json.dumps({**message, **more}).encode(), NOW, "bulk"))
        for more in ({}, {"status": "SMOKE"})
    )

    assert isinstance(without_alarm, list)
    assert isinstance(smoky, list)
    assert [False, True] == [
        item[0].fields["alarm"] for item in (without_alarm, smoky) if isinstance(item[0], RawReading)
    ]


def test_a_true_flag_outweighs_an_empty_status() -> None:
    message = {"id": "1", "total_m3": 1, "status": "OK", "leak": True, "burst": False}
    decoded = wmbusmeters.decode(Frame("wmbusmeters/1", json.dumps(message).encode(), NOW, "bulk"))

    assert isinstance(decoded, list)
    raw_reading, event = decoded
    assert isinstance(raw_reading, RawReading)
    assert (True, False) == (raw_reading.fields["leak"], raw_reading.fields["burst"])
    assert isinstance(event, DeviceEvent)
    assert "leak is True while the status says OK" in event.detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


NAMES = st.sampled_from(
    ["id", "_", "status", "timestamp", "total_m3", "meter", "leak", "last_alarm_date", "message_datetime"]
)


@given(st.dictionaries(NAMES, JSON | st.sampled_from(["LEAK", "OK", "SMOKE", "LEAKAGE_OR_NO_USAGE"])))
def test_any_telegram_gives_a_result(message: dict[str, object]) -> None:
    decoded = wmbusmeters.decode(Frame("wmbusmeters/1", json.dumps(message).encode(), NOW, "bulk"))

    assert isinstance(decoded, DeviceEvent | Rejection) or isinstance(decoded[0], RawReading)

"""Names, units and words of vendors' fields."""

from __future__ import annotations

from simulators.wire.fields import BINARY, EVENT, Field, by_fields, pick_format, unchanged


def test_values_are_scaled_rounded_and_written_in_the_vendors_words() -> None:
    encode = by_fields(
        {
            "volume_m3": Field("litres", scale=1000, digits=0),
            "temp_c": Field("temperature", digits=1),
            "alarm": Field("state", words=("Alarm", "Normal")),
            "tamper": Field("tamper"),
        }
    )
    assert encode({"volume_m3": 312.407, "temp_c": 21.04, "alarm": True, "tamper": False, "lel_pct": 2}) == {
        "litres": 312407,
        "temperature": 21.0,
        "state": "Alarm",
        "tamper": False,
    }


def test_an_event_is_sent_only_when_it_happens() -> None:
    encode = by_fields({"sos": Field("EmergencyAlarm", words=EVENT), "fall": Field("Fall", words=BINARY)})
    assert encode({"sos": False, "fall": False}) == {"Fall": 0}
    assert encode({"sos": True}) == {"EmergencyAlarm": 1}


def test_a_format_is_picked_by_model_then_by_kind() -> None:
    by_model, by_kind = by_fields({}), by_fields({})
    formats = {"GS101": by_model, "gas_alarm": by_kind}
    assert pick_format(formats, "GS101", "gas_alarm") is by_model
    assert pick_format(formats, "other", "gas_alarm") is by_kind
    assert pick_format(formats, None, "bin") is unchanged
    assert unchanged({"full": True}) == {"full": True}

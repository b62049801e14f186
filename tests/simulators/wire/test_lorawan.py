"""Radio frames, compared with those that the vendors print."""

from __future__ import annotations

import pytest

from simulators.wire.lorawan import RADIO_FORMATS, encode_frame

PRINTED = [
    # Model, values, port, frame and decoded object of the vendor's document.
    (
        "EM300-MCS",
        {"battery_pct": 92, "temp_c": 30.8, "opened": True},
        85,
        "01755c 036734 01 060001",
        {"battery": 92, "temperature": 30.8, "magnet_status": "open"},
    ),
    (
        "EM300-SLD",
        {"battery_pct": 92, "temp_c": 30.8, "leak": False},
        85,
        "01755c 03673401 050000",
        {"battery": 92, "temperature": 30.8, "leakage_status": "normal"},
    ),
    (
        "WS101",
        {"battery_pct": 16, "sos": True},
        85,
        "017510 ff2e01",
        {"battery": 16, "button_event": {"status": "short press"}},
    ),
    (
        "WS202",
        {"battery_pct": 16, "occupied": True},
        85,
        "017510 030001",
        {"battery": 16, "pir": "trigger"},
    ),
    (
        "SD-1001",
        {"battery_pct": 95, "alarm": True, "test": True},
        8,
        "01005f 020001 030000 040000 050001 060000 070001",
        {
            "batteryLevelInPercentage": 95,
            "powerEvent": "AC Power On",
            "lowBatteryAlarm": "Normal",
            "faultAlarm": "Normal",
            "smokeAlarm": "Alarm",
            "interconnectAlarm": "Normal",
            "testButtonPressed": "Pushed",
            "codecVersion": "1.1.0",
            "deviceModel": "SD-1001",
            "productCode": "1002015",
            "manufacturer": "YOBIIQ B.V.",
        },
    ),
    (
        "LDS02",
        {"battery_v": 2.952, "opened": False},
        10,
        "0b8801 00000000000000",
        {
            "Node_type": "LDS02",
            "BAT_V": 2.952,
            "MOD": 1,
            "DOOR_OPEN_STATUS": 0,
            "DOOR_OPEN_TIMES": 0,
            "LAST_DOOR_OPEN_DURATION": 0,
            "ALARM": 0,
        },
    ),
]


@pytest.mark.parametrize(("model", "values", "port", "data", "decoded"), PRINTED, ids=[case[0] for case in PRINTED])
def test_a_frame_is_the_one_of_the_vendors_document(
    model: str, values: dict[str, bool | float], port: int, data: str, decoded: dict[str, object]
) -> None:
    frame = encode_frame(values, model, 0)
    assert (frame.port, frame.data.hex(), frame.decoded) == (port, data.replace(" ", ""), decoded)


def test_a_tilted_cover_triggers_the_threshold_of_its_axis() -> None:
    # Channel 03 cf: three angles in hundredths of a degree, little endian, and the bits of the thresholds.
    frame = encode_frame({"tilt_deg": 90.0}, "EM310-TILT", 0)
    assert frame.data.hex() == "03cf" + "2823" + "0000" + "0000" + "01"
    assert (frame.decoded["angle_x"], frame.decoded["threshold_x"]) == (90, "trigger")


def test_a_gas_detector_reports_faults_as_events() -> None:
    # Channels 05 8e (gas status) and ff 3f (alarm report: 2 device fault, 5 device invalid).
    frame = encode_frame({"alarm": True, "fault": True, "lel_pct": 22}, "GS101", 0)
    assert (frame.data.hex(), frame.decoded) == ("058e01ff3f02", {"gas_status": "alarm", "alarm": "device fault"})
    assert encode_frame({"alarm": False, "fault": False}, "GS101", 0).data.hex() == "058e00"


def test_a_device_without_a_known_model_sends_its_counter_and_our_names() -> None:
    frame = encode_frame({"volume_m3": 3.2}, None, 258)
    assert (frame.data[-2:], frame.decoded) == (b"\x01\x02", {"volume_m3": 3.2})
    assert "GS101" in RADIO_FORMATS

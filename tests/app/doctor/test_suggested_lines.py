"""The lines that the doctor suggests."""

from __future__ import annotations

from app.config.catalog import load_kinds
from app.doctor.suggested_lines import csv_line, filter_line, mapping_rules, registration, site_yaml, suggest_id
from ingest.diagnosis import Sender, UnreadField

GAS = load_kinds()["gas_alarm"]


def unread(field: str, value: str, detail: str = "") -> UnreadField:
    return UnreadField(field=field, value=value, reason="no_mapping", detail=detail, danger=False, times=1)


def test_a_filter_that_another_covers_is_left_out() -> None:
    assert filter_line("tasmota", ["tele/kitchen/SENSOR"], ["tele/#"]) == 'tasmota: ["tele/#"]'
    assert site_yaml({"tasmota": ["tele/#"]}, {}) == ""


def test_a_suggested_id_is_unused_and_holds_no_character_that_an_id_cannot() -> None:
    sender = Sender("zigbee2mqtt", "3栋/402 kitchen+")

    assert suggest_id(sender, []) == "3栋-402-kitchen"
    assert suggest_id(sender, ["3栋-402-kitchen"]) == "3栋-402-kitchen-2"
    assert suggest_id(Sender("tts", "///"), []) == "device"


def test_a_device_of_the_native_platform_needs_no_identity() -> None:
    body = registration("x", Sender("native", "gas-1"), None, None)

    assert (body["id"], body["identities"]) == ("gas-1", [])
    assert csv_line(body) == "gas-1,?,,,,"


def test_the_rule_of_a_refusal_goes_before_the_most_likely_quantity() -> None:
    sender = Sender("zigbee2mqtt", "g")
    for field in (
        unread("gas_value", "12", "write `gas_value: {to: lel_pct, unit: '%'}`"),
        unread("battery", "88"),
        unread("installer", "Li Wei"),
    ):
        sender.unread[field.field, field.reason] = field

    rules = mapping_rules(sender, GAS)

    assert rules["gas_value"] == "{to: lel_pct, unit: '%'}"
    assert rules["battery"].startswith("{to: battery_pct}  # ")
    assert rules["installer"] == "ignore"

"""The report as plain data: states of a sender, and what is masked."""

from __future__ import annotations

from collections import Counter

from app.config.catalog import load_kinds
from app.config.settings import SiteSettings
from app.doctor.capture import Capture
from app.doctor.report import HIDDEN, build_report
from domain import Device
from ingest.diagnosis import Diagnosis, Sender, UnreadField

KINDS = load_kinds()


def report_of(*senders: Sender, devices: tuple[Device, ...] = ()) -> dict[str, object]:
    diagnosis = Diagnosis(list(senders), {})
    return build_report("mqtt://broker", 5, Capture(), diagnosis, KINDS, devices, SiteSettings())


def test_devices_that_sent_nothing_are_silent() -> None:
    gas, band = Device("gas-1", "gas_alarm"), Device("band-1", "wristband")
    report = report_of(Sender("native", "gas-1", gas, topics=Counter({"t": 1}), readings=1), devices=(gas, band))

    assert report["silent"] == {"count": 1, "devices": ["band-1"]}
    assert report["well"] is True


def test_personal_values_and_phone_numbers_of_unread_fields_are_masked() -> None:
    band = Device("band-1", "wristband")
    sender = Sender("setracker", "8800000015", band, topics=Counter({"t": 1}))
    for name, value in (("state.heart_rate_bpm", "143"), ("note", "call 13800138000")):
        sender.unread[name, "x"] = UnreadField(name, value, "no_mapping", "", danger=False, times=1)
    (view,) = report_of(sender, devices=(band,))["speakers"]  # type: ignore[misc, attr-defined]

    assert [field["said"] for field in view["not_understood"]] == [HIDDEN, "call 138****8000"]
    assert view["states"] == ["unread"]

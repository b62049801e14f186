"""Danger bits of unregistered devices and in unreadable messages: one finding every five minutes, with its begin."""

from __future__ import annotations

from msgspec.structs import replace

from app.pipeline.refused_dangers import danger_findings
from domain import MINUTE, Device, RefusalReason, Severity
from domain.people import community
from ingest.results import Refusal

AT = 1_795_269_600_000 + 26 * MINUTE


def danger(at: int) -> Refusal:
    return Refusal(
        at, "native", "fengshao/v1/ghost/alarm", b"", RefusalReason.UNKNOWN_DEVICE, "", "native", "ghost", True
    )


def test_the_alert_begins_when_the_unregistered_device_alarmed_not_at_the_full_hour() -> None:
    (finding,) = danger_findings([danger(AT)], (), community())

    assert (finding.begin, finding.at) == (AT, AT)


def test_a_flood_of_alarms_is_one_finding() -> None:
    assert len({finding.id for finding in danger_findings([danger(AT), danger(AT + MINUTE)], (), community())}) == 1


def test_an_unreadable_danger_of_a_registered_device_is_a_finding_about_it_at_its_place() -> None:
    ours = Device("gas-1", "gas_alarm", place="h402")
    refused = replace(danger(AT), reason=RefusalReason.BAD_VALUE, identity="g", device=ours)
    (finding,) = danger_findings([refused], {"gas_alarm"}, community())

    assert ("unreadable-danger", "设备报警但消息不完整") == (finding.rule, finding.title)
    assert ("gas-1", "h402", "gas-1") == (finding.device, finding.place, str(finding.subject))
    assert Severity.CRITICAL == finding.severity
    assert [Severity.HIGH] == [finding.severity for finding in danger_findings([refused], (), community())]

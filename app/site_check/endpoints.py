"""Checks channels that cannot carry an alert alone: names of robots and services, and rungs that nobody can answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from alerts.channel_specs import APPRISE, LOGBOOK, WECOM_ROBOT
from alerts.escalation.policy import EscalationPolicy
from app.config.csv_files import Sheet
from app.config.faults import ConfigFault
from app.config.settings import ChannelSettings
from app.site_check.escalation_coverage import ladder_title
from domain import Ledger, Person, Severity

UNANSWERED: Final = (WECOM_ROBOT, APPRISE, LOGBOOK)
"""A group, a screen and a service without receipts: none of them shows that a person has it."""


def endpoint_faults(channels: ChannelSettings, sheet: Sheet[Person] | None) -> Iterator[ConfigFault]:
    """People whose robot or Apprise service is not in site.yaml: every message to them would fail."""
    if sheet is None:
        return
    known = {
        WECOM_ROBOT: set(channels.wecom_robot.robots) if channels.wecom_robot else set(),
        APPRISE: set(channels.apprise.services) if channels.apprise else set(),
    }
    for row, person in enumerate(sheet.records):
        for channel, names in known.items():
            name = person.addresses.get(channel)
            if name and name not in names:
                yield sheet.fault(row, channel, _unknown(channel, name, names))


def rung_warnings(policy: EscalationPolicy, configured: Collection[str]) -> Iterator[str]:
    """Rungs of critical dangers on which every channel of a responsible role proves nothing."""
    for ladder in policy.ladders:
        if ladder.ledger is not Ledger.DANGER or Severity.CRITICAL not in ladder.severities:
            continue
        for step, rung in enumerate(ladder.rungs, 1):
            for recipient in rung.responsible:
                usable = [name for name in (*recipient.channels, *recipient.fallback) if name in configured]
                if usable and all(name in UNANSWERED for name in usable):
                    yield (
                        f"ladder {ladder_title(ladder)}, rung {step}: {recipient.role} is notified by "
                        f"{', '.join(usable)} only, and no person can acknowledge there: add sms, voice, wecom, "
                        "wechat or email"
                    )


def _unknown(channel: str, name: str, names: Collection[str]) -> str:
    setting: Mapping[str, str] = {WECOM_ROBOT: "channels.wecom_robot.robots", APPRISE: "channels.apprise.services"}
    known = f"write one of {', '.join(sorted(names))}" if names else "it names none"
    return f"{name!r} is not in {setting[channel]} of site.yaml: {known}"

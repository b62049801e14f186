"""`fengshao check` and `send-test-message`: what would fail at night is found by day."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec.structs import asdict, replace
from pydantic import BaseModel

from alerts.alert import Alert
from alerts.channels.channel import SendOutcome, SendResult
from alerts.message import Delivery, MessageKind
from alerts.messages.cards import CardRenderer
from alerts.messages.renderer import MessageContext, MessageRenderer
from app.cli.devices import differences_in
from app.clock import Clock
from app.config.catalog import load_wording
from app.config.faults import ConfigError
from app.config.settings import SiteSettings
from app.config.site import SiteConfig, load_site
from app.server.channels import ChannelNotConfigured, build_channels, http_client
from app.server.demo import registered_templates
from app.site_check.check import check_site_files, summary_lines
from domain import HOUR, MINUTE, Instant, Ledger, Severity, Subject
from domain.people import community

Print = Callable[[str], None]


def check_site(path: Path | None, templates: bool, say: Print, data: Path | None = None) -> int:
    """Reads everything `up` would read and says what it found; raises ConfigError with every fault of every file."""
    if templates:
        for template, text in sorted(registered_templates(load_wording(path)).items()):
            say(f"{template}\t{text}")
        return 0
    found, folder = check_site_files(path, Clock()())
    code = 0
    if folder is not None:
        for line in (*summary_lines(found, folder), *found.levels):
            say(line)
        code = _warnings(folder, os.environ, say)
        found.warnings += (
            [f"not taken from the site's files: {kept}" for kept in differences_in(data, folder)] if data else []
        )
    for doubt in found.warnings:
        say(f"warning: {doubt}")
    if found.faults:
        raise ConfigError(found.faults)
    return code


def _warnings(folder: SiteConfig, environ: Mapping[str, str], say: Print) -> int:
    """What is no mistake in a file and still would leave somebody unnotified. 1 when a channel cannot work at all."""
    covered = {duty.cell for duty in folder.duties}
    if folder.devices and not covered:
        say("warning: nobody is on duty: alerts open on the screen only (duties.csv)")
    unreachable = [one.name for one in folder.people if _on_duty(folder, one.id) and not (one.phone or one.wecom)]
    if unreachable:
        say(f"warning: on duty without phone and WeCom id: {', '.join(unreachable)}")
    town = community(folder.places, people=folder.people)
    lost = [one.id for one in folder.devices if town.place_of(one) is None]
    if lost:
        say(f"warning: {len(lost)} devices have no place, so nobody knows where to go: {', '.join(lost[:5])}")
    missing = [
        line
        for name, written in folder.settings.channels
        if written is not None
        for line in _missing_secrets(name, written, environ)
    ]
    for line in missing:
        say(line)
    if not any(written for _, written in folder.settings.channels):
        say("warning: no channel in site.yaml: people are told on the screen and in the logbook only")
    return 1 if missing else 0


def _on_duty(folder: SiteConfig, person: str) -> bool:
    return any(duty.person == person for duty in folder.duties)


def _missing_secrets(name: str, written: BaseModel, environ: Mapping[str, str]) -> list[str]:
    variables = [value for field, value in written if field.endswith("_env")]
    return [f"channels.{name}: the environment variable {one} is not set" for one in variables if not environ.get(one)]


async def send_test(site: Path, to: str, channel: str, say: Print) -> int:
    """One real message to one address; the exit code is 0 only when the provider took it."""
    folder = load_site(site)
    clock = Clock()
    async with http_client() as client:
        doors = build_channels(folder.settings, client, os.environ, clock)
        if channel not in doors:
            raise ChannelNotConfigured(f"{site}/site.yaml has no channel {channel}: add it under channels")
        words = load_wording(site)
        codes = folder.settings.channels.aliyun_sms.templates if folder.settings.channels.aliyun_sms else {}
        wording = MessageRenderer(words, folder.settings.sign, folder.settings.zone, codes)
        message = sample_delivery(folder.settings, wording, channel, to, clock())
        result = await doors[channel].channel.send(message, clock())
    say(_result_text(result, message))
    return 0 if result.outcome is SendOutcome.ACCEPTED else 1


def sample_delivery(site: SiteSettings, wording: MessageRenderer, channel: str, to: str, now: Instant) -> Delivery:
    """The message of an invented gas alarm, marked as a drill where the words are ours."""
    alert = Alert(
        id=0,
        rule="test",
        title="演练",
        hazard="gas",
        severity=Severity.CRITICAL,
        ledger=Ledger.DANGER,
        subject=Subject("system", "test"),
        started_at=now,
        opened_at=now,
        updated_at=now,
        state_since=now,
        danger_at=now,
        ladder_rule="",
        address=f"{site.name}演练点",
    )
    speech = MessageContext(kind=MessageKind.ALERT, now=now, limit_ms=10 * MINUTE, number=1)
    task = f"t{now:x}"
    payload = (
        asdict(wording.sms(alert, speech))
        if channel == "sms"
        else {"card": CardRenderer(wording).call_card(alert, speech, task)}
    )
    return replace(_empty_delivery(now), channel=channel, address=to, payload=payload)


def _empty_delivery(now: Instant) -> Delivery:
    return Delivery(
        id=f"t{now:x}"[:15],
        key=f"test:{now}",
        alert=0,
        round=0,
        rung=0,
        person="test",
        name="test",
        role="worker",
        channel="",
        kind=MessageKind.ALERT,
        priority=0,
        address="",
        payload={},
        created_at=now,
        not_before=now,
        expires_at=now + HOUR,
    )


def _result_text(result: SendResult, message: Delivery) -> str:
    code = f" ({result.code})" if result.code else ""
    if result.outcome is SendOutcome.ACCEPTED:
        return (
            f"{message.channel}: accepted by the provider, id {result.provider_id}. Accepted is not seen: look at it."
        )
    return f"{message.channel}: {result.outcome.value}{code}"

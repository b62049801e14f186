"""`fengshao send-test-message`: the exit code is 0 only when the provider accepted the message."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from alerts.channels.channel import SendOutcome, SendResult
from alerts.message import Delivery
from alerts.messages.renderer import MessageRenderer
from app.cli import send_test_message
from app.cli.init import write_site_template
from app.cli.send_test_message import sample_delivery, send_test
from app.config.catalog import load_wording
from app.config.settings import SiteSettings
from app.server.channels import ChannelNotConfigured


class Channel:
    """Answers every delivery with one result."""

    name = "sms"

    def __init__(self, result: SendResult) -> None:
        self.result, self.deliveries = result, list[Delivery]()

    async def send(self, delivery: Delivery, now: int) -> SendResult:
        self.deliveries.append(delivery)
        return self.result


@pytest.mark.parametrize(
    ("result", "code", "line"),
    [
        (SendResult(SendOutcome.ACCEPTED, provider_id="m1"), 0, "sms: accepted by the provider, id m1."),
        (SendResult(SendOutcome.CONFIG, code="isv.SMS_SIGNATURE_ILLEGAL"), 1, "isv.SMS_SIGNATURE_ILLEGAL"),
    ],
)
async def test_the_provider_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result: SendResult, code: int, line: str
) -> None:
    write_site_template(tmp_path / "site")
    channel = Channel(result)
    monkeypatch.setattr(send_test_message, "build_channels", lambda *_: {"sms": SimpleNamespace(channel=channel)})
    lines: list[str] = []

    assert await send_test(tmp_path / "site", "19900000001", "sms", lines.append) == code
    assert line in lines[0]
    (delivery,) = channel.deliveries
    assert (delivery.address, delivery.channel) == ("19900000001", "sms")
    assert "演练" in str(delivery.payload)


async def test_a_channel_that_the_site_lacks_is_named(tmp_path: Path) -> None:
    write_site_template(tmp_path / "site")

    with pytest.raises(ChannelNotConfigured, match="has no channel wecom: add it under channels"):
        await send_test(tmp_path / "site", "li", "wecom", print)


@pytest.mark.parametrize("channel", ["email", "wechat", "webhook", "wecom_robot", "apprise", "wecom"])
def test_a_test_message_is_marked_as_a_drill_on_every_channel(channel: str) -> None:
    template = {"*": {"id": "TID", "data": {"thing1": "title", "thing3": "place"}}}
    channels = {"wechat": {"app_id": "wx1", "templates": template}}
    settings = SiteSettings.model_validate({"name": "枫树社区", "channels": channels})
    renderer = MessageRenderer(load_wording(), settings.sign, settings.zone)
    delivery = sample_delivery(settings, renderer, channel, "grid-1", 1_767_333_900_000)
    assert (delivery.channel, delivery.address) == (channel, "grid-1")
    assert "枫树社区演练点" in str(delivery.payload)

"""A channel without its secret refuses, so that another way carries the message, and never says that it sent one."""

from __future__ import annotations

from alerts.channels.channel import LookupStatus, SendOutcome
from alerts.channels.unusable import UnusableChannel
from tests.alerts.channels.test_channels import delivery_with

NOW = 1_795_269_600_000


async def test_a_message_is_refused_like_by_a_provider_that_does_not_accept_our_account() -> None:
    channel = UnusableChannel("wecom", "channels.wecom: the environment variable FENGSHAO_WECOM_SECRET is not set")
    result = await channel.send(delivery_with(), NOW)
    assert (result.outcome, result.problem) == (SendOutcome.CONFIG, "settings")
    assert (await channel.lookup(delivery_with(), NOW)).status is LookupStatus.UNDETERMINED
    assert channel.receive({}, {}, b"{}", NOW).status == 503, "the provider pushes again when it is mended"
    assert channel.idempotent

"""WeCom group robots (消息推送): a message into a group chat. It has no buttons and no receipts.

A group cannot acknowledge an alert; the message tells those who read it what happens. A robot's key is its whole
secret, so a recipient's address is the robot's name in site.yaml and never the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx2
import msgspec
from msgspec import Struct

from alerts.channels.channel import NoCallbacks, NoLookup, SendOutcome, SendResult
from alerts.channels.transport import failed_exchange
from alerts.channels.wecom_card import cut_to_bytes
from alerts.message import Delivery
from domain import MINUTE, Instant
from domain.secret import Secret

MAX_MARKDOWN_BYTES: Final = 4096
_TOO_OFTEN: Final = 45009
_CLASSES: Final = {
    0: SendOutcome.ACCEPTED,
    -1: SendOutcome.TEMPORARY,
    _TOO_OFTEN: SendOutcome.TEMPORARY,
    45033: SendOutcome.TEMPORARY,
    93000: SendOutcome.CONFIG,  # the key is wrong, or the robot was removed from its group
    40008: SendOutcome.CONTENT,
    40058: SendOutcome.CONTENT,
    44004: SendOutcome.CONTENT,
    45002: SendOutcome.CONTENT,
}


class WeComRobotSettings(Struct, frozen=True):
    """Name of each robot -> its key."""

    keys: Mapping[str, Secret]
    base_url: str = "https://qyapi.weixin.qq.com"


class WeComRobot(NoLookup, NoCallbacks):
    """The channel `wecom_robot`. A message in doubt is sent again: twice in a group is harmless, never is not."""

    name = "wecom_robot"
    idempotent = True

    def __init__(self, client: httpx2.AsyncClient, settings: WeComRobotSettings) -> None:
        self._client, self._settings = client, settings

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """One message into the group of the robot that the address names."""
        del now
        key = self._settings.keys.get(delivery.address)
        if key is None:
            return SendResult(SendOutcome.RECIPIENT, code=f"no robot {delivery.address}")
        content = cut_to_bytes(str(delivery.payload["markdown"]), MAX_MARKDOWN_BYTES)
        try:
            response = await self._client.post(
                f"{self._settings.base_url}/cgi-bin/webhook/send",
                params={"key": key.reveal()},
                content=msgspec.json.encode({"msgtype": "markdown", "markdown": {"content": content}}),
                headers={"Content-Type": "application/json"},
            )
            answer = msgspec.json.decode(response.content, type=dict[str, Any])
        except (httpx2.HTTPError, msgspec.DecodeError) as error:
            return failed_exchange(error)
        errcode = answer.get("errcode")
        outcome = _CLASSES.get(errcode, SendOutcome.UNKNOWN) if isinstance(errcode, int) else SendOutcome.UNKNOWN
        wait_ms = MINUTE if errcode == _TOO_OFTEN else 0
        return SendResult(outcome, provider_id=None, code=str(errcode), wait_ms=wait_ms)

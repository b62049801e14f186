"""Webhook: a CloudEvents 1.0 event to a person's or a body's own system, signed by Standard Webhooks.

A status of 2xx means that the receiver has it. The event's id and the idempotency key are our delivery id, so a
receiver can recognise a repetition; retries are the outbox's task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import httpx2
import msgspec
from msgspec import Struct

from alerts.channels import cloudevents
from alerts.channels.channel import NoCallbacks, NoLookup, SendOutcome, SendResult
from alerts.channels.guarded_post import Answer, GuardedPost, RefusedUrl
from alerts.channels.preflight import PreflightScope, ProviderFault
from alerts.channels.transport import failed_exchange
from alerts.message import Delivery
from domain import MINUTE, SECOND, Instant
from domain.secret import Secret

MAX_WAIT_MS: Final = 10 * MINUTE
_BUSY: Final = (408, 425, 429, 500, 502, 503, 504)
_CONTENT: Final = (400, 413, 415, 422)


class WebhookSettings(Struct, frozen=True):
    """`source` names this site in events; `secrets` sign, the newest first; `expect` is a text that an answer must
    contain, empty when the status is enough.
    """

    source: str
    secrets: tuple[Secret, ...]
    expect: str = ""


class Webhook(NoLookup, NoCallbacks):
    """The channel `webhook`: the address of a recipient is a URL. A receiver answers through the HTTP API; a repeated
    event bears the same id."""

    name = "webhook"
    idempotent = True

    def __init__(self, post: GuardedPost, settings: WebhookSettings) -> None:
        self._post, self._settings = post, settings

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """One event to one URL."""
        try:
            body = cloudevents.encode(self._event(delivery))
        except cloudevents.InvalidEvent as error:
            return SendResult(SendOutcome.CONTENT, code=str(error))
        secrets = [secret.reveal() for secret in self._settings.secrets]
        try:
            answer = await self._post(delivery.address, body, cloudevents.sign(delivery.id, body, secrets, now))
        except RefusedUrl as error:
            return SendResult(SendOutcome.RECIPIENT, code=str(error))
        except httpx2.HTTPError as error:
            return failed_exchange(error)
        except OSError as error:
            return SendResult(SendOutcome.TEMPORARY, code=type(error).__name__)
        return self._result(answer, delivery.id)

    async def preflight(self, scope: PreflightScope, now: Instant) -> Sequence[ProviderFault]:
        """Whether the URLs of people have addresses that may be called; none of them is called."""
        del now
        faults = []
        for url in sorted(scope.addresses):
            try:
                await self._post.check(url)
            except (RefusedUrl, OSError) as error:
                faults.append(ProviderFault("webhook.url", f"{url}: {error}"))
        return faults

    def _event(self, delivery: Delivery) -> cloudevents.CloudEvent:
        payload = delivery.payload
        return cloudevents.CloudEvent(
            id=delivery.id,
            source=self._settings.source,
            type=str(payload["type"]),
            time=delivery.created_at,
            data=msgspec.convert(payload["data"], dict[str, Any]),
            subject=str(payload.get("subject") or ""),
        )

    def _result(self, answer: Answer, provider_id: str) -> SendResult:
        code = str(answer.status)
        if 200 <= answer.status < 300:
            if self._settings.expect.encode() in answer.body:
                return SendResult(SendOutcome.ACCEPTED, provider_id=provider_id, code=code)
            return SendResult(SendOutcome.TEMPORARY, code=f"{code} without {self._settings.expect}")
        if answer.status in _BUSY:
            return SendResult(SendOutcome.TEMPORARY, code=code, wait_ms=_retry_after_ms(answer))
        return SendResult(SendOutcome.CONTENT if answer.status in _CONTENT else SendOutcome.RECIPIENT, code=code)


def _retry_after_ms(answer: Answer) -> int:
    """Retry-After in seconds (RFC 9110); a date is not read."""
    text = answer.headers.get("retry-after", "")
    return min(int(text) * SECOND, MAX_WAIT_MS) if text.isascii() and text.isdecimal() and len(text) < 9 else 0

"""CTWing/AEP's HTTP push. No signature is checked: we found none documented for this push.

Every push is accepted: AEP repeats three times what is not answered with 200, and after too many failures pauses and
drops its messages. A body that cannot be read becomes a refusal, with its bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain import Instant
from ingest.formats.json_payload import read_json
from ingest.http_push.frames import PushResult, frame_from_push, is_topic_level


def receive(_headers: Mapping[str, str], _query: Mapping[str, str], body: bytes, now: Instant) -> PushResult:
    """One frame: the body unchanged, on the platform's internal topic in it, else on a topic named by message type."""
    message = read_json(body)
    first = message[0] if isinstance(message, list) and message else message
    return [frame_from_push(f"v1/up/{_last_topic_level(first)}", body, now)]


def _last_topic_level(message: object) -> str:
    if not isinstance(message, dict):
        return "push"
    candidates = (str(message.get("topic", "")).removeprefix("v1/up/"), message.get("messageType"))
    return next((level for level in candidates if isinstance(level, str) and is_topic_level(level)), "push")

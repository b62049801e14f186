"""CTWing/AEP's HTTP push. It checks no token and no signature: we found none documented for this push.

Whatever comes is taken: AEP repeats three times what is not answered with 200, and pauses, losing what it has, after
too many failures. What cannot be read ends as a refusal, with its bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain import Instant
from ingest.formats.json_payload import read_json
from ingest.http_push.frames import PushResult, frame_from_push, is_topic_level


def receive(_headers: Mapping[str, str], _query: Mapping[str, str], body: bytes, now: Instant) -> PushResult:
    """The push word for word, on the platform's internal topic that it bears, else on one named after its sort."""
    said = read_json(body)
    first = said[0] if isinstance(said, list) and said else said
    return [frame_from_push(f"v1/up/{_last_topic_level(first)}", body, now)]


def _last_topic_level(said: object) -> str:
    if not isinstance(said, dict):
        return "push"
    names = (str(said.get("topic", "")).removeprefix("v1/up/"), said.get("messageType"))
    return next((name for name in names if isinstance(name, str) and is_topic_level(name)), "push")

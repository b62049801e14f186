"""CTWing/AEP's HTTP push. It checks no token and no signature: we found none documented for this push.

Whatever comes is taken: AEP repeats three times what is not answered with 200, and pauses, losing what it has, after
too many failures. What cannot be read ends as a refusal, with its bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain import Instant
from ingest.formats.json_payload import read_json
from ingest.frame import Frame
from ingest.http_push.frames import Answer, fits_topic, pushed


def receive(_headers: Mapping[str, str], _query: Mapping[str, str], body: bytes, now: Instant) -> list[Frame] | Answer:
    """The push word for word, on the platform's internal topic that it bears, else on one named after its sort."""
    said = read_json(body)
    first = said[0] if isinstance(said, list) and said else said
    return [pushed(f"v1/up/{_last_level(first)}", body, now)]


def _last_level(said: object) -> str:
    if not isinstance(said, dict):
        return "push"
    names = (str(said.get("topic", "")).removeprefix("v1/up/"), said.get("messageType"))
    return next((name for name in names if isinstance(name, str) and fits_topic(name)), "push")

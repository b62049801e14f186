"""ThingsBoard's device API over HTTP: `POST /api/v1/{token}/telemetry|attributes`.

The caller puts the path parameters into the query as `token` and `leaf`; the token is the device's identity. Only a
sender authenticated with a token of ours may name the `device` instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain import Instant
from ingest.adapters.thingsboard import REPORTS
from ingest.http_push.frames import PushRejected, PushResult, frame_from_push, is_topic_level


def receive(_headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant) -> PushResult:
    """One frame: the body unchanged, on a topic that names the device."""
    name, leaf = query.get("token") or query.get("device"), query.get("leaf", "telemetry")
    if not is_topic_level(name) or name == "me":
        return PushRejected(401, "token", "write the device's access token in the path")
    if leaf not in REPORTS:
        return PushRejected(404, "leaf", f"write one of {', '.join(sorted(REPORTS))}")
    if not body:
        return PushRejected(400, "", "an empty body")
    return [frame_from_push(f"v1/devices/{name}/{leaf}", body, now)]

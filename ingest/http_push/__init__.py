"""HTTP pushes of platforms as the frames that the same platform would have published over MQTT.

Each source is a plain function of one request. The caller checks the token first, answers 2xx once the frames are in
the journal, and sends a `PushRejected` with its status. Names that cannot be a topic level are rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from domain import Instant
from ingest.http_push import chirpstack, ctwing, iotda, jftech, native, thingsboard
from ingest.http_push.frames import PushRejected, PushResult

PushSource = Callable[[Mapping[str, str], Mapping[str, str], bytes, Instant], PushResult]
"""Called with headers (lower-case names), query (with the path parameters in it), body and now."""

PUSH_SOURCES: Final[dict[str, PushSource]] = {
    "native": native.receive,
    "chirpstack": chirpstack.receive,
    "ctwing": ctwing.receive,
    "iotda": iotda.receive,
    "thingsboard": thingsboard.receive,
    "jftech": jftech.receive,
}
"""By the `platform` parameter of the push URL."""

__all__ = ["PUSH_SOURCES", "PushRejected", "PushSource"]

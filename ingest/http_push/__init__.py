"""Readings pushed to us over HTTP, as the frames that the same platform would have published. It serves no HTTP.

Each source is a plain function of one request. The caller checks the token first, answers 2xx once the frames are in
the journal, and sends a `PushRejected` with its status. Names that cannot be a topic level are rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from domain import Instant
from ingest.frame import Frame
from ingest.http_push import chirpstack, ctwing, iotda, jftech, native, thingsboard
from ingest.http_push.frames import PushRejected

PushSource = Callable[[Mapping[str, str], Mapping[str, str], bytes, Instant], list[Frame] | PushRejected]
"""headers (lower-case names), query (with what the path says), body, now."""

PUSH_SOURCES: Final[dict[str, PushSource]] = {
    "native": native.receive,
    "chirpstack": chirpstack.receive,
    "ctwing": ctwing.receive,
    "iotda": iotda.receive,
    "thingsboard": thingsboard.receive,
    "jftech": jftech.receive,
}
"""By the `platform` of the push address."""

__all__ = ["PUSH_SOURCES", "PushRejected", "PushSource"]

"""Readings pushed to us over HTTP, as the frames that the same platform would have published. It serves no HTTP.

A source is a plain function of one request. Frames are answered with 2xx once they are in the journal, an `Answer` is
sent as it is; whoever mounts a source has checked its token before. Names that cannot stand in a topic are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from domain import Instant
from ingest.frame import Frame
from ingest.http_push import chirpstack, ctwing, iotda, jftech, native, thingsboard
from ingest.http_push.frames import Answer

Receive = Callable[[Mapping[str, str], Mapping[str, str], bytes, Instant], list[Frame] | Answer]
"""headers (lower-case names), query (with what the path says), body, now."""

SOURCES: Final[dict[str, Receive]] = {
    "native": native.receive,
    "chirpstack": chirpstack.receive,
    "ctwing": ctwing.receive,
    "iotda": iotda.receive,
    "thingsboard": thingsboard.receive,
    "jftech": jftech.receive,
}
"""By the `platform` of the push address."""

__all__ = ["SOURCES", "Answer", "Receive"]

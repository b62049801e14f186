"""An Atom feed (RFC 4287, paged by RFC 5005) of CAP messages, with a validator for conditional requests. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

from console.views.cap import MEDIA_TYPE, cap_time, elements, headline, identifier
from domain import Instant

FEED_TYPE: Final = "application/atom+xml"
FEED_PATH: Final = "/cap/feed.xml"


def feed(
    views: Sequence[Mapping[str, Any]], site: str, zone: ZoneInfo, now: Instant, next_cursor: str | None = None
) -> str:
    """One page of the feed, the most recently changed alerts first, each with the URL of its CAP message.

    `next_cursor` is URL-safe text, as all cursors of the API are.
    """
    updated = max((view["updated_at"] for view in views), default=now)
    head = (("id", "urn:fengshao:cap-feed"), ("title", site), ("updated", cap_time(updated, zone)))
    links = _link("self", FEED_PATH, FEED_TYPE) + _link("first", FEED_PATH, FEED_TYPE)
    if next_cursor is not None:
        links += _link("next", f"{FEED_PATH}?next={next_cursor}", FEED_TYPE)
    entries = "".join(f"<entry>{_entry(view, site, zone)}</entry>" for view in views)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"{elements(head)}{links}{entries}</feed>\n"
    )


def validator(parts: Sequence[object]) -> str:
    """A strong entity tag (RFC 9110 section 8.8.3) of what a document is made from."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()
    return f'"{digest[:32]}"'


def _entry(view: Mapping[str, Any], site: str, zone: ZoneInfo) -> str:
    fields = (
        ("id", f"urn:fengshao:{identifier(view, view['updated_at'])}"),
        ("title", headline(view)),
        ("updated", cap_time(view["updated_at"], zone)),
        ("published", cap_time(view["opened_at"], zone)),
    )
    author = f"<author>{elements([('name', site)])}</author>"
    message = _link("alternate", f"/cap/alerts/{view['id']}.xml", MEDIA_TYPE)
    return f"{elements(fields)}{author}{message}"


def _link(relation: str, address: str, media_type: str) -> str:
    return f'<link rel="{relation}" type="{media_type}" href={quoteattr(address)}/>'

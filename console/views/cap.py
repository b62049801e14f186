"""Alerts in the Common Alerting Protocol 1.2, and an Atom feed of them. Pure.

Messages contain no name or phone, but the full address, so their scope is `Restricted`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from console import messages_zh
from console.timestamps import format_time
from domain import Instant

MEDIA_TYPE: Final = "application/cap+xml"
FEED_TYPE: Final = "application/atom+xml"

_SEVERITY: Final = {"critical": "Extreme", "high": "Severe", "medium": "Moderate", "low": "Minor"}
_URGENCY: Final = {"critical": "Immediate", "high": "Immediate", "medium": "Expected", "low": "Future"}
_CATEGORY: Final = {"gas": "Safety", "fire": "Fire", "person": "Rescue", "water": "Infra", "manhole": "Infra"}
_OVER: Final = frozenset({"verified", "closed"})


def document(view: Mapping[str, Any], site: str, zone: ZoneInfo) -> str:
    """One alert as a CAP message: Alert when unchanged since opening, Update after a change, Cancel when it is over."""
    changed = view["updated_at"] != view["opened_at"]
    kind = "Cancel" if view["state"] in _OVER else "Update" if changed else "Alert"
    fields = (
        ("identifier", _identifier(view, view["updated_at"])),
        ("sender", _token(site)),
        ("sent", cap_time(view["updated_at"], zone)),
        ("status", "Actual"),
        ("msgType", kind),
        ("scope", "Restricted"),
        ("restriction", messages_zh.CAP_RESTRICTION),
        *([("references", _reference(view, site, zone))] if changed else []),
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
        + _elements(fields)
        + f"<info>{_elements(_info(view, site, zone))}"
        + f"<area>{_elements([('areaDesc', view['address'] or messages_zh.CAP_NOWHERE)])}</area></info></alert>\n"
    )


def feed(views: Sequence[Mapping[str, Any]], site: str, zone: ZoneInfo, now: Instant) -> str:
    """The newest alerts, each with the URL of its CAP message."""
    updated = max((view["updated_at"] for view in views), default=now)
    head = (("id", "urn:fengshao:cap-feed"), ("title", site), ("updated", cap_time(updated, zone)))
    entries = "".join(f"<entry>{_entry(view, site, zone)}</entry>" for view in views)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"{_elements(head)}{entries}</feed>\n"
    )


def cap_time(instant: Instant, zone: ZoneInfo) -> str:
    """CAP times have whole seconds and an offset, never `Z`.

    >>> cap_time(1_795_269_903_123, ZoneInfo("UTC"))
    '2026-11-21T14:05:03+00:00'
    """
    return format_time(instant - instant % 1000, zone).replace(".000", "")


def _info(view: Mapping[str, Any], site: str, zone: ZoneInfo) -> Sequence[tuple[str, str]]:
    level = messages_zh.SEVERITIES[view["severity"]]
    return (
        ("language", "zh-CN"),
        ("category", _CATEGORY.get(view["hazard"], "Other")),
        ("event", view["title"]),
        ("urgency", "Past" if view["state"] in _OVER else _URGENCY[view["severity"]]),
        ("severity", _SEVERITY[view["severity"]]),
        ("certainty", "Observed"),
        ("onset", cap_time(view["started_at"], zone)),
        ("senderName", site),
        ("headline", f"{level}：{view['title']}"),
        *([("instruction", view["advice"])] if view["advice"] else []),
    )


def _entry(view: Mapping[str, Any], site: str, zone: ZoneInfo) -> str:
    fields = (
        ("id", f"urn:fengshao:{_identifier(view, view['updated_at'])}"),
        ("title", f"{messages_zh.SEVERITIES[view['severity']]}：{view['title']}"),
        ("updated", cap_time(view["updated_at"], zone)),
        ("published", cap_time(view["opened_at"], zone)),
    )
    link = f'<link rel="alternate" type="{MEDIA_TYPE}" href="/cap/alerts/{escape(view["id"])}.xml"/>'
    return f"{_elements(fields)}<author><name>{escape(site)}</name></author>{link}"


def _identifier(view: Mapping[str, Any], at: Instant) -> str:
    return f"fengshao-{view['id']}-{at}"


def _reference(view: Mapping[str, Any], site: str, zone: ZoneInfo) -> str:
    opened = view["opened_at"]
    return ",".join((_token(site), _identifier(view, opened), cap_time(opened, zone)))


def _token(text: str) -> str:
    """The text without space, comma, `<` and `&`, which sender and references of CAP must not contain."""
    return "".join("_" if character.isspace() or character in ",<&" else character for character in text) or "fengshao"


def _elements(fields: Sequence[tuple[str, str]]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields)

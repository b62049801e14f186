"""Alerts in the Common Alerting Protocol 1.2 (OASIS, 1 July 2010). Pure.

A message contains the address and no name, phone number or measurement of a person, so its scope is `Restricted`.
docs/exchange.md lists how severity, urgency, certainty and category follow from an alert.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from console import messages_zh
from console.timestamps import format_time
from console.views.cap_area import CapArea
from domain import DAY, Instant

MEDIA_TYPE: Final = "application/cap+xml"
EXPIRES_MS: Final = DAY
"""A message is valid for a day. An alert that is open longer has deadlines, and each makes a new message."""
REFERENCES_MAX: Final = 20
"""Earlier messages that a message refers to: the first one, and the newest of the others."""

_SEVERITY: Final = {"critical": "Extreme", "high": "Severe", "medium": "Moderate", "low": "Minor"}
_URGENCY: Final = {"critical": "Immediate", "high": "Immediate", "medium": "Expected", "low": "Future"}
_CATEGORY: Final = {
    "gas": "Safety",
    "fire": "Fire",
    "person": "Rescue",
    "water": "Infra",
    "manhole": "Infra",
    "street": "Safety",
    "device": "Infra",
}
_HAZARDS_EN: Final = {
    "gas": "Gas alarm",
    "fire": "Fire alarm",
    "person": "Person in need of help",
    "water": "Water supply incident",
    "manhole": "Manhole cover incident",
    "street": "Street hazard",
    "device": "Device fault",
}
_SEVERITIES_EN: Final = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low"}
_OVER: Final = frozenset({"verified", "closed"})
_SEEN_BY_A_PERSON: Final = frozenset({"on_site", "resolved", "verified", "closed"})
_REPORTED: Final = frozenset({"report", "manual", "external"})
"""Sources of alerts that no device measured."""
_PERSONAL: Final = frozenset({"person"})
"""Hazards whose evidence is about a person's body."""
_NOT_VERSIONS: Final = frozenset({"message", "comment"})
"""Kinds of timeline entries that change no field of a CAP message."""
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 forbids, escaped or not."""
_NUMBER: Final = re.compile(r"\d{7,}[0-9Xx]?")
"""Phone numbers and identity numbers; dates, rooms and measurements are shorter."""


def document(view: Mapping[str, Any], area: CapArea, site: str, zone: ZoneInfo) -> str:
    """One alert as a CAP message: Alert when unchanged since opening, Update after a change, Cancel when it is over."""
    changed = view["updated_at"] != view["opened_at"]
    kind = "Cancel" if view["state"] in _OVER else "Update" if changed else "Alert"
    exercise = bool(view.get("exercise"))
    fields = (
        ("identifier", identifier(view, view["updated_at"])),
        ("sender", _token(site)),
        ("sent", cap_time(view["updated_at"], zone)),
        ("status", "Exercise" if exercise else "Actual"),
        ("msgType", kind),
        ("scope", "Restricted"),
        ("restriction", messages_zh.CAP_RESTRICTION),
        *([("note", messages_zh.CAP_EXERCISE)] if exercise else []),
        *([("references", _references(view, site, zone))] if changed or kind == "Cancel" else []),
        ("incidents", f"fengshao-{view['id']}"),
    )
    body = elements(fields) + _info_zh(view, area, site, zone) + _info_en(view, area, site, zone)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">{body}</alert>\n'
    )


def identifier(view: Mapping[str, Any], at: Instant) -> str:
    """The identifier of the message that describes the alert as it was at an instant."""
    return f"fengshao-{view['id']}-{at}"


def cap_time(instant: Instant, zone: ZoneInfo) -> str:
    """CAP times have whole seconds and an offset, never `Z`.

    >>> cap_time(1_795_269_903_123, ZoneInfo("UTC"))
    '2026-11-21T14:05:03+00:00'
    """
    return format_time(instant - instant % 1000, zone).replace(".000", "").replace("Z", "+00:00")


def elements(fields: Sequence[tuple[str, str]]) -> str:
    """Elements with escaped text, without characters that XML forbids."""
    return "".join(f"<{name}>{escape(_NOT_XML.sub('', text))}</{name}>" for name, text in fields)


def headline(view: Mapping[str, Any]) -> str:
    """Severity and event in Chinese, without numbers of people."""
    return f"{messages_zh.SEVERITIES[view['severity']]}：{without_numbers(view['title'])}"


def without_numbers(text: str) -> str:
    """The text without phone and identity numbers: the title of a report is a citizen's own words. Characters that XML
    forbids are left out.

    >>> without_numbers("燃气味，请打13800138000")
    '燃气味，请打***'
    """
    return _NUMBER.sub("***", _NOT_XML.sub("", text))


def _info_zh(view: Mapping[str, Any], area: CapArea, site: str, zone: ZoneInfo) -> str:
    event = without_numbers(view["title"]).strip()
    prefix = messages_zh.CAP_EXERCISE_PREFIX if view.get("exercise") else ""
    texts = {
        "language": "zh-CN",
        "event": event or messages_zh.CAP_EVENT,
        "headline": prefix + headline(view),
        "description": _description(view, "text", "；"),
        "instruction": without_numbers(view["advice"]),
    }
    return _info(view, area, site, zone, texts)


def _info_en(view: Mapping[str, Any], area: CapArea, site: str, zone: ZoneInfo) -> str:
    event = without_numbers(view.get("title_en") or "").strip() or _HAZARDS_EN.get(view["hazard"], "Incident")
    prefix = "Exercise: " if view.get("exercise") else ""
    texts = {
        "language": "en-US",
        "event": event,
        "headline": f"{prefix}{_SEVERITIES_EN[view['severity']]}: {event}",
        "description": _description(view, "text_en", "; "),
        "instruction": "",
    }
    return _info(view, area, site, zone, texts)


def _info(view: Mapping[str, Any], area: CapArea, site: str, zone: ZoneInfo, texts: Mapping[str, str]) -> str:
    over = view["state"] in _OVER
    fields = (
        ("language", texts["language"]),
        ("category", _CATEGORY.get(view["hazard"], "Other")),
        ("event", texts["event"]),
        ("responseType", "AllClear" if over else "Assess"),
        ("urgency", "Past" if over else _URGENCY[view["severity"]]),
        ("severity", _SEVERITY[view["severity"]]),
        ("certainty", _certainty(view)),
        ("onset", cap_time(view["started_at"], zone)),
        ("expires", cap_time(view["updated_at"] + (0 if over else EXPIRES_MS), zone)),
        *([("senderName", site)] if _NOT_XML.sub("", site).strip() else []),
        ("headline", texts["headline"]),
        *[(name, texts[name]) for name in ("description", "instruction") if texts[name].strip()],
    )
    state = elements([("valueName", "fengshao:state"), ("value", view["state"])])
    return f"<info>{elements(fields)}<parameter>{state}</parameter>{_area(area)}</info>"


def _certainty(view: Mapping[str, Any]) -> str:
    """Observed: a device measures it now, or a person on site reported it. Likely: the device fell silent while in
    alarm, or only a report exists."""
    if view["state"] in _SEEN_BY_A_PERSON:
        return "Observed"
    return "Likely" if view.get("stale") or view.get("source") in _REPORTED else "Observed"


def _description(view: Mapping[str, Any], language: str, separator: str) -> str:
    """The evidence; empty for people's health and for what people wrote."""
    if view["hazard"] in _PERSONAL or view.get("source") in _REPORTED:
        return ""
    lines = (line.get(language) for line in view.get("evidence", ()))
    return without_numbers(separator.join(line for line in lines if line))


def _area(area: CapArea) -> str:
    shapes = (("polygon", area.polygon), ("circle", area.circle))
    fields = [("areaDesc", _NOT_XML.sub("", area.description).strip() or messages_zh.CAP_NOWHERE)]
    fields += [(name, text) for name, text in shapes if text]
    codes = "".join(
        f"<geocode>{elements([('valueName', name), ('value', value)])}</geocode>" for name, value in area.geocodes
    )
    return f"<area>{elements(fields)}{codes}</area>"


def _references(view: Mapping[str, Any], site: str, zone: ZoneInfo) -> str:
    """The earlier messages about this alert, oldest first, as `sender,identifier,sent`."""
    changes = {entry["at"] for entry in view.get("timeline", ()) if entry["kind"] not in _NOT_VERSIONS}
    opened, updated = view["opened_at"], view["updated_at"]
    later = sorted(at for at in changes if opened < at < updated)
    versions = [opened, *later[-(REFERENCES_MAX - 1) :]]
    return " ".join(",".join((_token(site), identifier(view, at), cap_time(at, zone))) for at in versions)


def _token(text: str) -> str:
    """The text without space, comma, `<` and `&`, which sender and references of CAP must not contain."""
    allowed = _NOT_XML.sub("", text)
    token = "".join("_" if character.isspace() or character in ",<&" else character for character in allowed)
    return token or "fengshao"

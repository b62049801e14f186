"""Reads a case or a change of state in the words of an outside system, by its mapping. Pure.

Everything that cannot be mapped is named with the field in their words and what to write instead.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct

from alerts.exchange.case_events import without_numbers
from alerts.exchange.mapping import CaseField, Classification, EventField, IncomingAction, SystemMapping
from domain import Instant, Severity
from domain.geo import Point, to_wgs84
from domain.times import parse_rfc3339

TEXT_MAX: Final = 2_000
NAME_MAX: Final = 200
TITLE_MAX: Final = 35
_EVENT_ID_MAX: Final = 128
_COMPACT_TIME: Final = re.compile(r"\d{14}")
_EPOCH_TIME: Final = re.compile(r"\d{10}|\d{13}")
_ID: Final = re.compile(r"[^\s/?#\x00-\x1f]{1,128}")


class FaultCode(StrEnum):
    """Why a field cannot be used. The sentences are texts of the console, by value."""

    REQUIRED = "required"
    """`detail` is our field."""
    IDENTIFIER = "identifier"
    KIND = "kind"
    """Neither text nor number."""
    LENGTH = "length"
    """`detail` is the maximum."""
    TIME = "time"
    POINT = "point"
    CHOICE = "choice"
    """`detail` lists the known words."""
    CATEGORY = "category"
    VERSION = "version"


class MappingFault(Struct, frozen=True):
    """A field that cannot be used: its name in their words, and why."""

    field: str
    code: FaultCode
    detail: str = ""


class UnmappableCase(Exception):
    """A case or event that is refused, with every reason."""

    def __init__(self, faults: Sequence[MappingFault]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.code} {fault.detail}" for fault in faults))
        self.faults = tuple(faults)


class IncomingCase(Struct, frozen=True):
    """A case of an outside system in our terms. `point` is in WGS-84; texts contain no phone or identity number."""

    external_id: str
    category: str
    hazard: str
    severity: Severity
    advice: str
    title: str
    text: str
    address: str
    place_code: str
    cell_code: str
    point: Point | None
    reported_at: Instant | None
    deadline: Instant | None
    urgency: str
    reporter: str
    """Name and phone number of the person who reported it, masked."""
    digest: str
    """Identifies the content: the same case pushed twice has the same digest."""


class IncomingState(Struct, frozen=True):
    """A change of state in an outside system. `version` orders the changes of one case."""

    event_id: str
    state: str
    action: IncomingAction
    version: int
    at: Instant
    reason: str
    their_id: str | None


def read_case(mapping: SystemMapping, body: Mapping[str, Any]) -> IncomingCase:
    """The case. Raises UnmappableCase."""
    reader = _Reader(mapping, body, mapping.case.fields)
    for name in mapping.case.required:
        if not reader.text(name, TEXT_MAX, joined=name in _JOINED):
            reader.fault(name, FaultCode.REQUIRED, name)
    external_id = reader.text("external_id", NAME_MAX)
    if external_id and not _ID.fullmatch(external_id):
        reader.fault("external_id", FaultCode.IDENTIFIER)
    category = reader.text("category", NAME_MAX, joined=True)
    kind = _classify(reader, category)
    point = reader.point()
    title = without_numbers(reader.text("title", NAME_MAX) or category)[:TITLE_MAX]
    times = reader.time("reported_at"), reader.time("deadline")
    urgency = reader.text("urgency", NAME_MAX)
    severity = _severity(reader, kind, urgency)
    fields = {name: reader.text(name, TEXT_MAX, joined=name in _JOINED) for name in mapping.case.fields}
    if reader.faults:
        raise UnmappableCase(reader.faults)
    return IncomingCase(
        external_id=external_id,
        category=category,
        hazard=kind.hazard,
        severity=severity,
        advice=kind.advice,
        title=title,
        text=without_numbers(fields.get("text", "")),
        address=without_numbers(fields.get("address", "")),
        place_code=fields.get("place_code", ""),
        cell_code=fields.get("cell_code", ""),
        point=point,
        reported_at=times[0],
        deadline=times[1],
        urgency=urgency,
        reporter=masked_reporter(fields.get("reporter_name", ""), fields.get("reporter_phone", "")),
        digest=hashlib.sha256(msgspec.json.encode(sorted(fields.items()))).hexdigest(),
    )


def read_state(mapping: SystemMapping, body: Mapping[str, Any]) -> IncomingState:
    """The change of state. Raises UnmappableCase."""
    reader = _Reader(mapping, body, mapping.event.fields)
    word = reader.text("state", NAME_MAX)
    action = mapping.event.states.get(word)
    if action is None:
        reader.fault("state", FaultCode.CHOICE, "、".join(mapping.event.states))
    at = reader.time("at")
    if at is None and not reader.text("at", NAME_MAX):
        reader.fault("at", FaultCode.REQUIRED, "at")
    version = reader.text("version", NAME_MAX)
    if version and not re.fullmatch(r"\d{1,15}", version, re.ASCII):
        reader.fault("version", FaultCode.VERSION)
    event_id = reader.text("event_id", _EVENT_ID_MAX)
    if reader.faults or action is None:
        raise UnmappableCase(reader.faults)
    order = int(version) if version else at or 0
    return IncomingState(
        event_id=event_id or f"{word}@{order}",
        state=word,
        action=action,
        version=order,
        at=at or 0,
        reason=without_numbers(reader.text("reason", TEXT_MAX)),
        their_id=reader.text("their_id", NAME_MAX) or None,
    )


def masked_reporter(name: str, phone: str) -> str:
    """The person who reported it, as far as it may be shown: the outside system itself answers him.

    >>> masked_reporter("王小明", "13800138000"), masked_reporter("", "0532-8888"), masked_reporter("", "")
    ('王** 138****8000', '***', '')
    """
    digits = phone.strip()
    hidden = f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else "***" if digits else ""
    return f"{name[:1]}{'*' * (len(name) - 1)} {hidden}".strip()


def _classify(reader: _Reader, category: str) -> Classification:
    """By the whole category, else by its last part, else the class of all others."""
    known = reader.mapping.case.categories
    found = known.get(category) or known.get(category.rsplit("/", 1)[-1]) or reader.mapping.case.other
    if found is not None:
        return found
    if category:
        reader.fault("category", FaultCode.CATEGORY, "、".join(known))
    return _UNKNOWN


def _severity(reader: _Reader, kind: Classification, urgency: str) -> Severity:
    """The more severe of what the category and the urgency ask for."""
    words = reader.mapping.case.urgencies
    if urgency and words and urgency not in words:
        reader.fault("urgency", FaultCode.CHOICE, "、".join(words))
    return min(kind.severity, words.get(urgency, kind.severity), key=lambda severity: severity.rank)


class _Reader:
    """Takes values out of a body by the names of a mapping, and collects faults."""

    def __init__(
        self,
        mapping: SystemMapping,
        body: Mapping[str, Any],
        names: Mapping[CaseField, tuple[str, ...]] | Mapping[EventField, tuple[str, ...]],
    ) -> None:
        self.mapping, self.faults = mapping, list[MappingFault]()
        self._body, self._names = body, dict[str, tuple[str, ...]](names)  # type: ignore[arg-type]

    def fault(self, name: str, code: FaultCode, detail: str = "") -> None:
        """Note a fault, once for each field of theirs."""
        present = next((key for key in self._names.get(name, ()) if key in self._body), None)
        field = present or next(iter(self._names.get(name, ())), name)
        if not any(fault.field == field for fault in self.faults):
            self.faults.append(MappingFault(field, code, detail))

    def text(self, name: str, limit: int, *, joined: bool = False) -> str:
        """The value as text; of several names the first that is present, or with `joined` all of them by `/`."""
        values: list[str] = []
        for key in self._names.get(name, ()):
            value = self._body.get(key)
            if value is None or value == "":
                continue
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                self.faults.append(MappingFault(key, FaultCode.KIND))
                continue
            values.append(str(value).strip())
        text = (_SEPARATORS.get(name, "/").join(values) if joined else next(iter(values), "")).replace("\0", "")
        if len(text) > limit:
            self.fault(name, FaultCode.LENGTH, str(limit))
        return text[:limit]

    def time(self, name: str) -> Instant | None:
        """An instant: RFC 3339, local time of the system, 14 digits, or epoch seconds or milliseconds."""
        text = self.text(name, NAME_MAX)
        if not text:
            return None
        try:
            return _parse_time(text, self.mapping)
        except ValueError:
            self.fault(name, FaultCode.TIME)
            return None

    def point(self) -> Point | None:
        """The coordinates in WGS-84; None without them."""
        lat, lon = self.text("lat", NAME_MAX), self.text("lon", NAME_MAX)
        if not lat and not lon:
            return None
        try:
            point = float(lat), float(lon)
        except ValueError:
            point = (float("nan"), 0.0)
        if not (-90 <= point[0] <= 90 and -180 <= point[1] <= 180):
            self.fault("lat", FaultCode.POINT)
            return None
        return to_wgs84(point, self.mapping.datum)


def _parse_time(text: str, mapping: SystemMapping) -> Instant:
    if _EPOCH_TIME.fullmatch(text):
        return int(text) * (1000 if len(text) == 10 else 1)
    if _COMPACT_TIME.fullmatch(text):
        local = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=mapping.zone)
        return int(local.astimezone(UTC).timestamp()) * 1000
    return parse_rfc3339(text.replace("/", "-"), mapping.zone)


_JOINED: Final = frozenset({"category", "address"})
_SEPARATORS: Final = {"address": ""}
_UNKNOWN: Final = Classification(hazard="other", severity=Severity.LOW)

"""What the doctor found as plain data: for `--json`, the API and the text. Keys and personal values are masked here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from app.config.settings import SiteSettings
from app.doctor.capture import Capture
from app.doctor.suggested_lines import (
    HEADER,
    csv_line,
    filter_line,
    mapping_file,
    mapping_rules,
    registration,
    site_yaml,
    suggest_id,
)
from app.doctor.wording import texts
from console.security.masking import mask_phone
from console.timestamps import format_time
from domain import Device, Quality
from domain.identities import hidden as fingerprint
from domain.identities import hidden_in_topic, secrets_of, shown
from domain.kind import Kind
from ingest.diagnosis import Diagnosis, Sender, UnreadField
from ingest.routing.routes import Filters, Routes

TOPICS_SHOWN: Final = 8
SILENT_SHOWN: Final = 20
FIELDS_SHOWN: Final = 12
VALUE_LENGTH_SHOWN: Final = 40
HIDDEN: Final = "***"
_PHONE: Final = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_PERSON_NUMBER: Final = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")


def build_report(
    broker: str,
    seconds: int,
    caught: Capture,
    found: Diagnosis,
    kinds: Mapping[str, Kind],
    devices: Sequence[Device],
    site: SiteSettings,
) -> dict[str, Any]:
    """The whole report. `broker` bears no credentials."""
    filters = Routes(site.intake.filters).filters
    told = _SpeakerReports(kinds, filters, found.filters, {device.id for device in devices}, site)
    speakers = [told.speaker(one) for one in sorted(found.senders, key=_sort_key)]
    heard = {one["device"] for one in speakers if one["device"]}
    silent = [device.id for device in devices if device.id not in heard]
    add = _lines_by_file(filters, found, speakers)
    return {
        "broker": broker,
        "seconds": seconds,
        "ended": caught.ended,
        "asked": caught.subscribed,
        "refused": caught.refused,
        "messages": len(caught.frames),
        "retained": sum(frame.retain for frame in caught.frames),
        "bytes": caught.bytes,
        "well": bool(speakers) and not add,
        "speakers": speakers,
        "more_messages": found.other_messages,
        "described": found.discovered,
        "silent": {"count": len(silent), "devices": silent[:SILENT_SHOWN]},
        "add": add,
    }


def _sort_key(one: Sender) -> tuple[bool, str, str]:
    return one.platform is None, one.platform or "", one.identity or ""


def _lines_by_file(
    filters: Mapping[str, Sequence[str]], found: Diagnosis, speakers: Iterable[Mapping[str, Any]]
) -> Any:
    """Everything to add, file by file."""
    files = dict[str, str]()
    if found.filters:
        files["site.yaml"] = site_yaml(filters, found.filters)
    speakers = list(speakers)
    lines = [one["registration"]["csv"] for one in speakers if one["registration"]]
    if lines:
        files["devices.csv"] = "\n".join([HEADER, *lines])
    rules: dict[str, dict[str, dict[str, str]]] = {}
    for one in speakers:
        if one["mapping"]:
            rules.setdefault(one["platform"], {}).setdefault(one["kind"], {}).update(one["mapping"])
    files.update(mapping_file(platform, kinds_) for platform, kinds_ in rules.items())
    return [{"file": name, "text": text} for name, text in files.items()]


class _SpeakerReports:
    """One report's speakers."""

    def __init__(
        self, kinds: Mapping[str, Kind], filters: Filters, lacking: Filters, taken: set[str], site: SiteSettings
    ) -> None:
        self._kinds, self._filters, self._lacking, self._taken, self._site = kinds, filters, lacking, taken, site

    def speaker(self, one: Sender) -> dict[str, Any]:
        device = one.device
        kind = self._kinds.get(device.kind) if device is not None else None
        registered = device is not None and not one.proposed
        rules = mapping_rules(one, kind) if device is not None and kind is not None else {}
        return {
            "platform": one.platform,
            "guessed": one.guessed,
            "identity": None if one.identity is None else shown(one.platform, one.identity),
            "device": device.id if device is not None and registered else None,
            "kind": device.kind if device is not None else None,
            "states": _states(one, registered=registered),
            "messages": one.messages,
            "retained": one.retained,
            "topics": self._topics(one),
            "filters": list(one.missing),
            "said": {} if device is not None else self._said(one),
            "filter_line": self._filter_line(one),
            "notes": dict(one.events),
            "online": one.online,
            "readings": one.readings,
            "last": self._last(one, kind),
            "not_understood": [self._unread(one, each) for each in one.unread.values()],
            "mapping": rules,
            "registration": None if registered or not one.fields or one.identity is None else self._registration(one),
        }

    def _topics(self, one: Sender) -> list[dict[str, Any]]:
        return [
            {"topic": self._plain(one, hidden_in_topic(topic)), "messages": count}
            for topic, count in one.topics.most_common(TOPICS_SHOWN)
        ]

    def _said(self, one: Sender) -> dict[str, str]:
        """The fields of what has no kind yet: only a person can tell what it is."""
        fields = ((name, HIDDEN if name in texts().masked else str(said)) for name, said in one.fields.items())
        return {name: self._plain(one, said)[:VALUE_LENGTH_SHOWN] for name, said in islice(fields, FIELDS_SHOWN)}

    def _filter_line(self, one: Sender) -> str | None:
        if not one.missing or one.platform is None:
            return None
        lacking = self._lacking.get(one.platform, one.missing)
        return filter_line(one.platform, self._filters.get(one.platform, ()), lacking)

    def _last(self, one: Sender, kind: Kind | None) -> dict[str, Any] | None:
        if one.last_reading is None or kind is None:
            return None
        values = {
            name: {
                "name": kind.quantities[name].name.zh,
                "value": HIDDEN if name in texts().masked else value,
                "unit": kind.quantities[name].unit,
                "quality": one.last_reading.doubts.get(name, Quality.GOOD).value,
            }
            for name, value in one.last_reading.values.items()
        }
        return {"at": format_time(one.last_reading.at, self._site.zone), "values": values}

    def _unread(self, one: Sender, each: UnreadField) -> dict[str, Any]:
        said = each.value if each.field.rpartition(".")[2] not in texts().masked else HIDDEN
        return {
            "field": each.field,
            "said": self._plain(one, said),
            "reason": each.reason,
            "detail": self._plain(one, each.detail),
            "danger": each.danger,
            "times": each.times,
        }

    def _plain(self, one: Sender, text: str) -> str:
        """Without tokens, telephone numbers and numbers of persons."""
        for secret in secrets_of(one.platform, one.identity, next(iter(one.topics), "")):
            text = text.replace(secret, fingerprint(secret))
        text = _PERSON_NUMBER.sub(lambda found: found[0][:6] + "*" * 12, text)
        return _PHONE.sub(lambda found: mask_phone(found[0]) or "", text)

    def _registration(self, one: Sender) -> dict[str, Any]:
        id = suggest_id(one, self._taken)
        self._taken.add(id)
        kind = one.device.kind if one.device is not None else None
        model = one.model or (one.discovered.model if one.discovered is not None else None)
        body = registration(id, one, kind, model)
        body["identities"] = [{**each, "id": shown(each["platform"], each["id"])} for each in body["identities"]]
        choices = [] if kind is not None else sorted(self._kinds)
        return {"csv": csv_line(body), "json": body, "kinds": choices}


def _states(one: Sender, *, registered: bool) -> list[str]:
    states = ["outside"] * bool(one.missing)
    if one.platform is None:
        return ["unknown"]
    if not registered and one.fields and one.identity is not None:
        states.append("unregistered")
    if one.unread:
        states.append("unread")
    return states or (["understood"] if one.readings else ["notes"])

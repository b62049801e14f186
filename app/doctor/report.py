"""The doctor's report as plain data, for `--json`, the API and the text; keys and personal values are masked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
    capture: Capture,
    diagnosis: Diagnosis,
    kinds: Mapping[str, Kind],
    devices: Sequence[Device],
    site: SiteSettings,
) -> dict[str, Any]:
    """The whole report. `broker` is an address without credentials."""
    filters = Routes(site.intake.filters).filters
    views = _SenderViews(kinds, filters, diagnosis.filters, {device.id for device in devices}, site)
    senders = [views.view(sender) for sender in sorted(diagnosis.senders, key=_sort_key)]
    active = {sender["device"] for sender in senders if sender["device"]}
    silent = [device.id for device in devices if device.id not in active]
    lines = _lines_by_file(filters, diagnosis, senders)
    return {
        "broker": broker,
        "seconds": seconds,
        "ended": capture.ended,
        "asked": capture.subscribed,
        "refused": capture.refused,
        "messages": len(capture.frames),
        "retained": sum(frame.retain for frame in capture.frames),
        "bytes": capture.bytes,
        "well": bool(senders) and not lines,
        "speakers": senders,
        "more_messages": diagnosis.other_messages,
        "described": diagnosis.discovered,
        "silent": {"count": len(silent), "devices": silent[:SILENT_SHOWN]},
        "add": lines,
    }


def _sort_key(sender: Sender) -> tuple[bool, str, str]:
    return sender.platform is None, sender.platform or "", sender.identity or ""


def _lines_by_file(
    filters: Mapping[str, Sequence[str]], diagnosis: Diagnosis, senders: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """The lines that the site should add, file by file."""
    files = dict[str, str]()
    if diagnosis.filters:
        files["site.yaml"] = site_yaml(filters, diagnosis.filters)
    registrations = [sender["registration"]["csv"] for sender in senders if sender["registration"]]
    if registrations:
        files["devices.csv"] = "\n".join([HEADER, *registrations])
    rules: dict[str, dict[str, dict[str, str]]] = {}
    for sender in senders:
        if sender["mapping"]:
            rules.setdefault(sender["platform"], {}).setdefault(sender["kind"], {}).update(sender["mapping"])
    files.update(mapping_file(platform, by_kind) for platform, by_kind in rules.items())
    return [{"file": name, "text": text} for name, text in files.items()]


class _SenderViews:
    """Views of the senders of one report; `taken` are ids of devices, extended by those that are suggested."""

    def __init__(
        self, kinds: Mapping[str, Kind], filters: Filters, missing: Filters, taken: set[str], site: SiteSettings
    ) -> None:
        self._kinds, self._filters, self._missing, self._taken, self._site = kinds, filters, missing, taken, site

    def view(self, sender: Sender) -> dict[str, Any]:
        device = sender.device
        kind = self._kinds.get(device.kind) if device is not None else None
        registered = device is not None and not sender.proposed
        needs_registration = not registered and bool(sender.fields) and sender.identity is not None
        return {
            "platform": sender.platform,
            "guessed": sender.guessed,
            "identity": None if sender.identity is None else shown(sender.platform, sender.identity),
            "device": device.id if device is not None and registered else None,
            "kind": device.kind if device is not None else None,
            "states": _states(sender, registered=registered),
            "messages": sender.messages,
            "retained": sender.retained,
            "topics": self._topics(sender),
            "filters": list(sender.missing),
            "said": {} if device is not None else self._fields(sender),
            "filter_line": self._filter_line(sender),
            "notes": dict(sender.events),
            "online": sender.online,
            "readings": sender.readings,
            "last": self._last_reading(sender, kind),
            "not_understood": [self._unread_field(sender, unread) for unread in sender.unread.values()],
            "mapping": mapping_rules(sender, kind) if device is not None and kind is not None else {},
            "registration": self._registration(sender) if needs_registration else None,
        }

    def _topics(self, sender: Sender) -> list[dict[str, Any]]:
        return [
            {"topic": self._masked(sender, hidden_in_topic(topic)), "messages": count}
            for topic, count in sender.topics.most_common(TOPICS_SHOWN)
        ]

    def _fields(self, sender: Sender) -> dict[str, str]:
        """The fields of a sender without a kind, from which a person can tell what it is."""
        fields = ((name, HIDDEN if name in texts().masked else str(value)) for name, value in sender.fields.items())
        return {name: self._masked(sender, text)[:VALUE_LENGTH_SHOWN] for name, text in islice(fields, FIELDS_SHOWN)}

    def _filter_line(self, sender: Sender) -> str | None:
        if not sender.missing or sender.platform is None:
            return None
        missing = self._missing.get(sender.platform, sender.missing)
        return filter_line(sender.platform, self._filters.get(sender.platform, ()), missing)

    def _last_reading(self, sender: Sender, kind: Kind | None) -> dict[str, Any] | None:
        reading = sender.last_reading
        if reading is None or kind is None:
            return None
        values = {
            name: {
                "name": kind.quantities[name].name.zh,
                "value": HIDDEN if name in texts().masked else value,
                "unit": kind.quantities[name].unit,
                "quality": reading.doubts.get(name, Quality.GOOD).value,
            }
            for name, value in reading.values.items()
        }
        return {"at": format_time(reading.at, self._site.zone), "values": values}

    def _unread_field(self, sender: Sender, unread: UnreadField) -> dict[str, Any]:
        value = unread.value if unread.field.rpartition(".")[2] not in texts().masked else HIDDEN
        return {
            "field": unread.field,
            "said": self._masked(sender, value),
            "reason": unread.reason,
            "detail": self._masked(sender, unread.detail),
            "danger": unread.danger,
            "times": unread.times,
        }

    def _masked(self, sender: Sender, text: str) -> str:
        """The text without the sender's tokens, phone numbers and identity card numbers."""
        for secret in secrets_of(sender.platform, sender.identity, next(iter(sender.topics), "")):
            text = text.replace(secret, fingerprint(secret))
        text = _PERSON_NUMBER.sub(lambda match: match[0][:6] + "*" * 12, text)
        return _PHONE.sub(lambda match: mask_phone(match[0]) or "", text)

    def _registration(self, sender: Sender) -> dict[str, Any]:
        """The device to register, as a CSV line and as an API body, and the kinds to choose from."""
        id = suggest_id(sender, self._taken)
        self._taken.add(id)
        kind = sender.device.kind if sender.device is not None else None
        model = sender.model or (sender.discovered.model if sender.discovered is not None else None)
        body = registration(id, sender, kind, model)
        body["identities"] = [
            {**identity, "id": shown(identity["platform"], identity["id"])} for identity in body["identities"]
        ]
        return {"csv": csv_line(body), "json": body, "kinds": [] if kind is not None else sorted(self._kinds)}


def _states(sender: Sender, *, registered: bool) -> list[str]:
    states = ["outside"] * bool(sender.missing)
    if sender.platform is None:
        return ["unknown"]
    if not registered and sender.fields and sender.identity is not None:
        states.append("unregistered")
    if sender.unread:
        states.append("unread")
    return states or (["understood"] if sender.readings else ["notes"])

"""What a viewer sees of an alert about somebody's body: that it is, in which building, and how far help is. Pure.

Whoever only looks on needs no door, no pulse and no name of the device that a person wears (docs/decisions/0106). A gas
leak is about a place: its door stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from console.views.place_map import find_spot, spot_view
from domain.kind import Kind
from domain.people import Community
from domain.places import self_and_ancestors

PERSONAL_HAZARD: Final = "person"
_PERSONAL_SUBJECTS: Final = frozenset({"person", "household"})
_OF_THE_DEVICE: Final = frozenset({"battery_pct", "battery_v", "battery_low", "rssi_dbm", "tamper", "test", "fault"})


def is_worn(kind: Kind | None) -> bool:
    """Whether people wear devices of this kind."""
    return kind is not None and kind.is_worn


def worn_kinds(kinds: Mapping[str, Kind]) -> list[str]:
    """The kinds that people wear."""
    return [name for name, kind in kinds.items() if is_worn(kind)]


def is_about_a_person(view: Mapping[str, Any], kinds: Mapping[str, Kind]) -> bool:
    """Whether an alert is about somebody's body or daily life: by its hazard, its subject or its device's kind."""
    subject = view.get("subject") or {}
    return (
        view.get("hazard") == PERSONAL_HAZARD
        or subject.get("type") in _PERSONAL_SUBJECTS
        or is_worn(kinds.get(view.get("kind") or ""))
    )


def without_the_person(view: Mapping[str, Any], community: Community, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """The view of an alert without what tells who it is about; of another alert without values of what people wear."""
    if not is_about_a_person(view, kinds):
        body = _body_quantities(kinds)
        return {**view, "evidence": [line for line in view.get("evidence", ()) if line["quantity"] not in body]}
    building = community.building_of(view["place"])
    place = None if building is None else building.id
    address = "" if place is None else community.address(place)
    reduced: dict[str, Any] = {"place": place, "address": address, "device": None}
    if "subject" in view:
        reduced["subject"] = {**view["subject"], "id": ""}
    if "evidence" in view:
        reduced["evidence"] = []
    if "spot" in view:
        reduced["spot"] = spot_view(find_spot(community, place))
        reduced["place_path"] = [node.id for node in self_and_ancestors(community.places, place)][::-1]
    if "findings" in view:
        reduced["findings"] = [{**one, "id": "", "device": None, "place": place} for one in view["findings"]]
        reduced["devices"] = []
    if "timeline" in view:
        reduced["timeline"] = _without(view["timeline"], _addresses(view, community), address)
    return {**view, **reduced}


def _body_quantities(kinds: Mapping[str, Kind]) -> Collection[str]:
    return {name for kind in kinds.values() if is_worn(kind) for name in kind.quantities} - _OF_THE_DEVICE


def _addresses(view: Mapping[str, Any], community: Community) -> list[str]:
    """The addresses of the alert and of its findings, the longest first: one may be the beginning of another."""
    places = {one["place"] for one in view.get("findings", ()) if one["place"]}
    found = {view["address"], *(community.address(place) for place in places)}
    return sorted(filter(None, found), key=len, reverse=True)


def _without(timeline: Sequence[Mapping[str, Any]], addresses: Sequence[str], address: str) -> list[dict[str, Any]]:
    shown = []
    for entry in timeline:
        text = entry["text"]
        for one in addresses:
            text = text.replace(one, address)
        shown.append({**entry, "text": text})
    return shown

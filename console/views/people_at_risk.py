"""People at risk at an alert, with what helpers must know: in full for helpers, masked for other users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.dependencies import ConsoleDependencies
from console.http.personal_data import record_personal_reads
from console.security.auth import AccessRole, Principal
from console.security.masking import mask_name
from domain import Person, Subject
from domain.care import matters
from domain.people import Community
from store.database import registry


async def people_at_risk_view(deps: ConsoleDependencies, user: Principal, view: Mapping[str, Any]) -> dict[str, Any]:
    """`concerned`: people at risk with care notes; `contacts`: whom to call, people at risk first, each phone once."""
    device_id, community = view["device"], deps.registry.community()
    device = await deps.database.read(lambda tx: registry.get_device(tx, device_id)) if device_id else None
    people = community.concerned(Subject(**view["subject"]), device, view["place"])
    if not may_see_people(user, view):
        return {"concerned": [{"name": mask_name(person.name), "care": []} for person in people], "contacts": []}
    if people:
        shown = [one.id for person in people for one in (person, *community.family_of(person))]
        await record_personal_reads(deps, user, shown, "phone, health", {"alert": view["id"]})
    contacts: dict[str, dict[str, Any]] = {}
    for contact in (member for person in people for member in contacts_of(community, person)):
        contacts.setdefault(contact["phone"], contact)
    return {
        "concerned": [{"name": person.name, "care": care_notes(deps, person)} for person in people],
        "contacts": list(contacts.values()),
    }


def may_see_people(user: Principal, view: Mapping[str, Any]) -> bool:
    """Whether names are shown: to operators, and to the worker who was called, acknowledged, or has the link."""
    if user.sees_names or user.alert == view["id"]:
        return True
    called = {notified["person"] for notified in view["told"]} | {(view["owner"] or {}).get("id")}
    return user.role is AccessRole.WORKER and user.person is not None and user.person in called


def without_resident_names(deps: ConsoleDependencies, user: Principal, view: Mapping[str, Any]) -> dict[str, Any]:
    """The view; the names of residents who were notified, and in the timeline of all concerned and their families, are
    masked for whoever may not see them. Staff are named: what they did is work.
    """
    if may_see_people(user, view):
        return dict(view)
    community, entries = deps.registry.community(), view.get("timeline")
    names = {one["name"] for one in view["told"] if one["person"] not in community.workers}
    if entries is not None:
        concerned = community.concerned(Subject(**view["subject"]), None, view["place"])
        names |= {person.name for one in concerned for person in (one, *community.family_of(one))}
    masked = {name: mask_name(name) for name in sorted(names, key=len, reverse=True)}
    notified = [{**one, "name": masked.get(one["name"], one["name"])} for one in view["told"]]
    if entries is None:
        return {**view, "told": notified}
    return {**view, "told": notified, "timeline": [{**one, "text": _replaced(one["text"], masked)} for one in entries]}


def _replaced(text: str, masked: Mapping[str, str]) -> str:
    for name, shown in masked.items():
        text = text.replace(name, shown)
    return text


def care_notes(deps: ConsoleDependencies, person: Person) -> list[dict[str, Any]]:
    """What helpers must know about a person, with its names in both languages."""
    return [
        {"name": name, "label": deps.care_words[name].zh, "label_en": deps.care_words[name].en, "value": value}
        for name, value in matters(person, deps.care_words)
    ]


def contacts_of(community: Community, person: Person) -> list[dict[str, Any]]:
    """A person's phone, then the family: persons with this one in `family_of`, and the contact in its attributes."""
    own = [{"name": person.name, "role": "resident", "phone": person.phone}] if person.phone else []
    family = [
        {
            "name": member.name,
            "role": "family",
            "phone": member.phone,
            "relation": str(member.attributes.get("relation", "")),
        }
        for member in community.family_of(person)
        if member.phone
    ]
    return [*own, *family, *_contact_of_attributes(person)]


def _contact_of_attributes(person: Person) -> list[dict[str, Any]]:
    """The contact in the person's attributes contact_name, contact_phone, contact_relation."""
    contact = {name: str(person.attributes.get(f"contact_{name}", "")) for name in ("name", "phone", "relation")}
    if not contact["phone"]:
        return []
    name = contact["name"] or contact["relation"] or contact["phone"]
    return [{"name": name, "role": "family", "phone": contact["phone"], "relation": contact["relation"]}]

"""Who may need help at an alert, and what whoever goes there must know: for those who go, masked for others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.dependencies import ConsoleDependencies
from console.security.auth import AccessRole, Principal
from console.security.masking import mask_name
from domain import Person, Subject
from domain.care import matters
from domain.people import Community
from store.database import registry


async def people_at_risk_view(deps: ConsoleDependencies, user: Principal, view: Mapping[str, Any]) -> dict[str, Any]:
    """`concerned`: the people with what matters; `contacts`: everybody worth ringing, first those concerned."""
    device_id, community = view["device"], deps.registry.community()
    device = await deps.database.read(lambda tx: registry.get_device(tx, device_id)) if device_id else None
    people = community.concerned(Subject(**view["subject"]), device, view["place"])
    if not may_see_people(user, view):
        return {"concerned": [{"name": mask_name(person.name), "care": []} for person in people], "contacts": []}
    contacts: dict[str, dict[str, Any]] = {}
    for contact in (one for person in people for one in contacts_of(community, person)):
        contacts.setdefault(contact["phone"], contact)
    return {
        "concerned": [{"name": person.name, "care": _care_notes(deps, person)} for person in people],
        "contacts": list(contacts.values()),
    }


def may_see_people(user: Principal, view: Mapping[str, Any]) -> bool:
    """Who may act for anybody, and the worker who was called to this very alert, took it, or bears its link."""
    if user.sees_names or user.alert == view["id"]:
        return True
    called = {told["person"] for told in view["told"]} | {(view["owner"] or {}).get("id")}
    return user.role is AccessRole.WORKER and user.person is not None and user.person in called


def _care_notes(deps: ConsoleDependencies, person: Person) -> list[dict[str, Any]]:
    return [
        {"name": name, "label": deps.care_words[name].zh, "label_en": deps.care_words[name].en, "value": value}
        for name, value in matters(person, deps.care_words)
    ]


def contacts_of(community: Community, person: Person) -> list[dict[str, Any]]:
    """A person's own phone, then the family: people who name him in `family_of`, and what is written at himself."""
    own = [{"name": person.name, "role": "resident", "phone": person.phone}] if person.phone else []
    family = [
        {"name": one.name, "role": "family", "phone": one.phone, "relation": str(one.attributes.get("relation", ""))}
        for one in community.family_of(person)
        if one.phone
    ]
    return [*own, *family, *_contact_of_attributes(person)]


def _contact_of_attributes(person: Person) -> list[dict[str, Any]]:
    """The contact that stands in the person's own row: attributes contact_name, contact_phone, contact_relation."""
    said = {name: str(person.attributes.get(f"contact_{name}", "")) for name in ("name", "phone", "relation")}
    if not said["phone"]:
        return []
    name = said["name"] or said["relation"] or said["phone"]
    return [{"name": name, "role": "family", "phone": said["phone"], "relation": said["relation"]}]

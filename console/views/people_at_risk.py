"""Who may need help at an alert, and what whoever goes there must know: for those who go, masked for others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.dependencies import Services
from console.security.auth import Access, Principal
from console.security.masking import masked_name
from domain import Person, Subject
from domain.care import matters
from domain.people import Community
from store.database import registry


async def help_view(services: Services, who: Principal, view: Mapping[str, Any]) -> dict[str, Any]:
    """`concerned`: the people with what matters; `contacts`: everybody worth ringing, first those concerned."""
    device_id, community = view["device"], services.registry.community()
    device = await services.ledger.read(lambda tx: registry.device(tx, device_id)) if device_id else None
    people = community.concerned(Subject(**view["subject"]), device, view["place"])
    if not may_know(who, view):
        return {"concerned": [{"name": masked_name(person.name), "care": []} for person in people], "contacts": []}
    contacts: dict[str, dict[str, Any]] = {}
    for contact in (one for person in people for one in contacts_of(community, person)):
        contacts.setdefault(contact["phone"], contact)
    return {
        "concerned": [{"name": person.name, "care": _care(services, person)} for person in people],
        "contacts": list(contacts.values()),
    }


def may_know(who: Principal, view: Mapping[str, Any]) -> bool:
    """Who may act for anybody, and the worker who was called to this very alert, took it, or bears its link."""
    if who.sees_names or who.alert == view["id"]:
        return True
    called = {told["person"] for told in view["told"]} | {(view["owner"] or {}).get("id")}
    return who.access is Access.WORKER and who.person is not None and who.person in called


def _care(services: Services, person: Person) -> list[dict[str, Any]]:
    return [
        {"name": name, "label": services.care[name].zh, "label_en": services.care[name].en, "value": value}
        for name, value in matters(person, services.care)
    ]


def contacts_of(community: Community, person: Person) -> list[dict[str, Any]]:
    """A person's own phone, then the family: people who name him in `family_of`, and what is written at himself."""
    own = [{"name": person.name, "role": "resident", "phone": person.phone}] if person.phone else []
    family = [
        {"name": one.name, "role": "family", "phone": one.phone, "relation": str(one.attributes.get("relation", ""))}
        for one in community.family_of(person)
        if one.phone
    ]
    return [*own, *family, *_written(person)]


def _written(person: Person) -> list[dict[str, Any]]:
    """The contact that stands in the person's own row: attributes contact_name, contact_phone, contact_relation."""
    said = {name: str(person.attributes.get(f"contact_{name}", "")) for name in ("name", "phone", "relation")}
    if not said["phone"]:
        return []
    name = said["name"] or said["relation"] or said["phone"]
    return [{"name": name, "role": "family", "phone": said["phone"], "relation": said["relation"]}]

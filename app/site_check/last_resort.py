"""Whoever is called when no rung of a ladder reaches anybody: is somebody named, and can one of them be told?

`check` refuses a site without; `up` starts all the same, for it must judge, and tells of it.
"""

from __future__ import annotations

from app.config.settings import Site
from app.config.site import SiteFolder
from app.config.suggestions import missing
from app.config.yaml_files import Located
from app.site_check.escalation_coverage import can_be_told
from app.site_check.names import document
from domain import Fault, Person

FIELD = "last_resort"
NONE_NAMED = (
    "is missing: write the ids of people who are called when nobody on duty can be reached, "
    "such as `last_resort: [{who}]`"
)


def enabled(site: Site) -> tuple[str, ...]:
    """The channels by which people of this site are told. A site without any tells everybody on its screen."""
    found = [name for name, written in (("sms", site.channels.aliyun_sms), ("wecom", site.channels.wecom)) if written]
    return tuple(found) or ("logbook",)


def faults(folder: SiteFolder) -> list[Located]:
    """What is wrong with the last resort of a site; nothing where there is no site."""
    if folder.path is None:
        return []
    people = {person.id: person for person in folder.people}
    wanted, ways = folder.settings.last_resort, enabled(folder.settings)
    found = [
        Fault((FIELD, index), said)
        for index, name in enumerate(wanted)
        if (said := _wrong(name, people, ways)) is not None
    ]
    if not wanted:
        who = next((duty.person for duty in folder.duties), next(iter(people), "PERSON"))
        found.append(Fault((FIELD,), NONE_NAMED.format(who=who)))
    return document(folder.path / "site.yaml").locate_all(found)


def _wrong(name: str, people: dict[str, Person], ways: tuple[str, ...]) -> str | None:
    if name not in people:
        return missing(name, people)
    if not can_be_told(people[name], ways, ways):
        needs = " or ".join({"sms": "phone", "wecom": "WeCom id"}[way] for way in ways)
        return f"{name} cannot be told: write a {needs} in people.csv"
    return None

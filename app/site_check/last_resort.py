"""Whoever is called when no rung of a ladder reaches anybody: is somebody named, and can one of them be told?

`check` refuses a site without; `up` starts all the same, for it must judge, and tells of it.
"""

from __future__ import annotations

from app.config.faults import ConfigFault
from app.config.settings import SiteSettings
from app.config.site import SiteConfig
from app.config.suggestions import missing_reference
from app.site_check.escalation_coverage import is_reachable
from app.site_check.names import read_or_empty
from domain import Fault, Person

FIELD = "last_resort"
NOT_CONFIGURED = (
    "is missing: write the ids of people who are called when nobody on duty can be reached, "
    "such as `last_resort: [{who}]`"
)


def enabled_channels(site: SiteSettings) -> tuple[str, ...]:
    """The channels by which people of this site are told. A site without any tells everybody on its screen."""
    found = [name for name, written in (("sms", site.channels.aliyun_sms), ("wecom", site.channels.wecom)) if written]
    return tuple(found) or ("logbook",)


def last_resort_faults(folder: SiteConfig) -> list[ConfigFault]:
    """What is wrong with the last resort of a site; nothing where there is no site."""
    if folder.path is None:
        return []
    people = {person.id: person for person in folder.people}
    wanted, ways = folder.settings.last_resort, enabled_channels(folder.settings)
    found = [
        Fault((FIELD, index), said)
        for index, name in enumerate(wanted)
        if (said := _contact_fault(name, people, ways)) is not None
    ]
    if not wanted:
        who = next((duty.person for duty in folder.duties), next(iter(people), "PERSON"))
        found.append(Fault((FIELD,), NOT_CONFIGURED.format(who=who)))
    return read_or_empty(folder.path / "site.yaml").locate_all(found)


def _contact_fault(name: str, people: dict[str, Person], ways: tuple[str, ...]) -> str | None:
    if name not in people:
        return missing_reference(name, people)
    if not is_reachable(people[name], ways, ways):
        needs = " or ".join({"sms": "phone", "wecom": "WeCom id"}[way] for way in ways)
        return f"{name} cannot be told: write a {needs} in people.csv"
    return None

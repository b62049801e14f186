"""Checks the last resort: the people who are notified when no rung of a ladder reaches a person.

`check` reports a site without one as a fault; `up` starts nevertheless and opens a finding about it.
"""

from __future__ import annotations

from alerts.channel_specs import LOGBOOK, spec_of
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
    """The channels that the site has configured; without any the logbook, which is read on the screen."""
    return site.channels.configured or (LOGBOOK,)


def last_resort_faults(config: SiteConfig) -> list[ConfigFault]:
    """Faults of `last_resort` in site.yaml; none without a site folder."""
    if config.start_path is None:
        return []
    people = {person.id: person for person in config.people}
    names, channels = config.settings.last_resort, enabled_channels(config.settings)
    faults = [
        Fault((FIELD, index), message)
        for index, name in enumerate(names)
        if (message := _contact_fault(name, people, channels)) is not None
    ]
    if not names:
        example = next((duty.person for duty in config.duties), next(iter(people), "PERSON"))
        faults.append(Fault((FIELD,), NOT_CONFIGURED.format(who=example)))
    return read_or_empty(config.start_path / "site.yaml").locate_all(faults)


def _contact_fault(name: str, people: dict[str, Person], channels: tuple[str, ...]) -> str | None:
    if name not in people:
        return missing_reference(name, people)
    if not is_reachable(people[name], channels, channels):
        needs = " or ".join(dict.fromkeys(spec_of(channel).address for channel in channels))
        return f"{name} cannot be told: write a {needs} in people.csv"
    return None

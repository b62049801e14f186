"""Reports the levels of a site's place tree: role of each level, example of an address, probable mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.config.csv_files import Sheet
from app.config.faults import ConfigFault
from app.config.site import SiteConfig
from app.config.yaml_files import read_yaml
from domain import Fault
from domain.levels import AREAS, Because, LevelRole
from domain.people import Community, community

_BECAUSE = {
    Because.DECLARED: "declared in site.yaml",
    Because.NAME: "by its name",
    Because.POSITION: "guessed from its position",
    Because.UNKNOWN: "not understood",
}


def level_lines(site: SiteConfig) -> list[str]:
    """Each level with its role, the reason for it and an example of an address; then warnings."""
    tree = _community(site)
    return [*_role_lines(tree), *_unused_levels(site, tree), *_missing_roles(tree)]


def level_faults(site: SiteConfig, places: Sheet[Any] | None) -> list[ConfigFault]:
    """Levels without a role, each at the first row that has it."""
    unknown = {name for name, level in _community(site).levels.items() if level.because is Because.UNKNOWN}
    first_rows = {record.level: row for row, record in reversed([*enumerate(places.records)])} if places else {}
    roles = ", ".join(LevelRole)
    return [
        places.fault(
            first_rows[level],
            "level",
            f"{level!r} is a level whose name and position do not say what it is for: "
            f"write `levels: {{{level}: ...}}` into site.yaml, one of {roles}",
        )
        for level in sorted(unknown & first_rows.keys())
        if places is not None
    ]


def _community(site: SiteConfig) -> Community:
    return community(site.places, site.cells, site.people, levels=site.settings.levels)


def _role_lines(tree: Community) -> Iterator[str]:
    examples: dict[str, str] = {}
    parents = {place.parent for place in tree.places.values()}
    for place in tree.places.values():
        is_leaf = place.id not in parents
        if place.level not in examples or (is_leaf and not examples[place.level]):
            examples[place.level] = tree.address(place.id) if is_leaf else ""
    order = list(LevelRole)
    for name, level in sorted(tree.levels.items(), key=lambda item: (order.index(item[1].role), item[0])):
        example = f": {examples[name]}" if examples[name] else ""
        yield f"level {name} is {level.role} ({_BECAUSE[level.because]}){example}"


def _unused_levels(site: SiteConfig, tree: Community) -> Iterator[str]:
    """Levels declared in site.yaml that no place has: probably misspelt."""
    unused = [level for level in site.settings.levels if level not in tree.levels]
    if site.path is None or not unused:
        return
    document = read_yaml(site.path / "site.yaml")
    for level in unused:
        yield f"warning: {document.locate(Fault(('levels', level), 'no place in places.csv has this level'))}"


def _missing_roles(tree: Community) -> Iterator[str]:
    """Roles that no level has, so that rules about them never begin."""
    roles = {level.role for level in tree.levels.values()}
    if roles and not roles & {LevelRole.BUILDING, LevelRole.FACILITY}:
        yield "warning: no level is a building, so rules about buildings never begin (levels in site.yaml)"
    if roles and not roles & {LevelRole.HOUSEHOLD, LevelRole.ROOM} and not tree.flats:
        yield "warning: no level is a household, so rules about households never begin (levels in site.yaml)"
    if roles and roles <= AREAS:
        yield "warning: every level is an area or a grid, so no address says more than the name of one place"

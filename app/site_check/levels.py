"""What `fengshao check --site` says of a site's place tree: each level with its role and an example of its address."""

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


def level_lines(folder: SiteConfig) -> list[str]:
    """Each level with its role, why it is taken for that, and an example of an address; then what may be a mistake."""
    town = _community(folder)
    return [*_role_lines(town), *_unused_levels(folder, town), *_missing_roles(town)]


def level_faults(folder: SiteConfig, places: Sheet[Any] | None) -> list[ConfigFault]:
    """Levels of which nobody can say what they are for, each at the first row that has it."""
    unknown = {name for name, level in _community(folder).levels.items() if level.because is Because.UNKNOWN}
    rows = {record.level: row for row, record in reversed([*enumerate(places.records)])} if places else {}
    roles = ", ".join(LevelRole)
    return [
        places.fault(
            rows[level],
            "level",
            f"{level!r} is a level whose name and position do not say what it is for: "
            f"write `levels: {{{level}: ...}}` into site.yaml, one of {roles}",
        )
        for level in sorted(unknown & rows.keys())
        if places is not None
    ]


def _community(folder: SiteConfig) -> Community:
    return community(folder.places, folder.cells, folder.people, levels=folder.settings.levels)


def _role_lines(town: Community) -> Iterator[str]:
    examples: dict[str, str] = {}
    parents = {place.parent for place in town.places.values()}
    for place in town.places.values():
        is_leaf = place.id not in parents
        if place.level not in examples or (is_leaf and not examples[place.level]):
            examples[place.level] = town.address(place.id) if is_leaf else ""
    order = list(LevelRole)
    for name, level in sorted(town.levels.items(), key=lambda one: (order.index(one[1].role), one[0])):
        example = f": {examples[name]}" if examples[name] else ""
        yield f"level {name} is {level.role} ({_BECAUSE[level.because]}){example}"


def _unused_levels(folder: SiteConfig, town: Community) -> Iterator[str]:
    """A declared level that no place has: perhaps mistyped."""
    unused = [level for level in folder.settings.levels if level not in town.levels]
    if folder.path is None or not unused:
        return
    document = read_yaml(folder.path / "site.yaml")
    for level in unused:
        yield f"warning: {document.locate(Fault(('levels', level), 'no place in places.csv has this level'))}"


def _missing_roles(town: Community) -> Iterator[str]:
    """Rules about buildings or households that can never begin here."""
    roles = {level.role for level in town.levels.values()}
    if roles and not roles & {LevelRole.BUILDING, LevelRole.FACILITY}:
        yield "warning: no level is a building, so rules about buildings never begin (levels in site.yaml)"
    if roles and not roles & {LevelRole.HOUSEHOLD, LevelRole.ROOM} and not town.flats:
        yield "warning: no level is a household, so rules about households never begin (levels in site.yaml)"
    if roles and roles <= AREAS:
        yield "warning: every level is an area or a grid, so no address says more than the name of one place"

"""Reads a site's `rosters.yaml`: rotations, with the position of every fault."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import tzinfo
from pathlib import Path

from msgspec import Struct
from pydantic import Field

from app.config.faults import ConfigError, ConfigFault
from app.config.suggestions import missing_reference, unknown_name
from app.config.yaml_files import Document, read_yaml, validate
from domain import Fault, Instant
from domain.roles import Roles
from domain.roster_specs import RotationSpec
from domain.rosters import Rotation
from domain.specs import Spec
from domain.times import parse_rfc3339


class RosterSpec(Spec):
    """The file: a list of rotations."""

    rotations: list[RotationSpec] = Field(default_factory=list)


class RosterFile(Struct, frozen=True):
    """The rotations of a file; `document` is None when there is no file."""

    rotations: tuple[Rotation, ...] = ()
    document: Document | None = None

    def reference_faults(
        self, cells: Collection[str], people: Collection[str], roles: Roles | None
    ) -> list[ConfigFault]:
        """Faults of cells, people and roles that do not exist; `roles` None: they are not checked."""
        if self.document is None:
            return []
        return self.document.locate_all([*self._references(cells, people), *self._role_faults(roles)])

    def _role_faults(self, roles: Roles | None) -> Iterator[Fault]:
        for number, rotation in enumerate(self.rotations):
            if roles is not None and rotation.role not in roles:
                yield Fault(("rotations", number, "role"), unknown_name(rotation.role, roles))

    def _references(self, cells: Collection[str], people: Collection[str]) -> Iterator[Fault]:
        for number, rotation in enumerate(self.rotations):
            path = ("rotations", number)
            for index, cell in enumerate(rotation.cells):
                if cell not in cells:
                    yield Fault((*path, "cells", index), missing_reference(cell, set(cells)))
            for layer_number, layer in enumerate(rotation.layers):
                for team_number, team in enumerate(layer.teams):
                    where = (*path, "layers", layer_number, "members", team_number)
                    for person in team:
                        if person not in people:
                            yield Fault(where, missing_reference(person, set(people)))


def read_roster_file(path: Path, zone: tzinfo) -> RosterFile:
    """The file at this path; empty when it does not exist, or holds comments only. Raises ConfigError."""
    if not path.exists():
        return RosterFile()
    document = read_yaml(path)
    if document.data is None:
        return RosterFile()
    specs = validate(document, RosterSpec).rotations
    faults: list[Fault] = []
    rotations = [_rotation(spec, number, zone, faults) for number, spec in enumerate(specs)]
    faults += _repeated_ids(specs)
    if faults:
        raise ConfigError(document.locate_all(faults))
    return RosterFile(tuple(rotations), document)


def _rotation(spec: RotationSpec, number: int, zone: tzinfo, faults: list[Fault]) -> Rotation:
    times: dict[str, Instant | None] = {"since": None, "until": None}
    for name in times:
        text = getattr(spec, name)
        try:
            times[name] = parse_rfc3339(text, zone) if text else None
        except ValueError as error:
            faults.append(Fault(("rotations", number, name), str(error)))
    since, until = times["since"], times["until"]
    if since is not None and until is not None and since >= until:
        faults.append(Fault(("rotations", number, "until"), "is not after since: write a later time"))
    return spec.value(since, until)


def _repeated_ids(specs: list[RotationSpec]) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, spec in enumerate(specs):
        if spec.id in seen:
            yield Fault(("rotations", number, "id"), f"{spec.id!r} stands twice: give each rotation its own id")
        seen.add(spec.id)

"""Which version was in force when."""

from __future__ import annotations

from sqlalchemy import Connection

from domain import Place
from store.database import registry
from store.database.system import versions

T0 = 1_795_269_900_000


def test_each_change_of_the_registry_is_dated_and_a_version_already_in_force_is_not_recorded_again(
    tx: Connection,
) -> None:
    registry.put_places(tx, [Place("b3", "3栋", "building")], T0)
    registry.put_places(tx, [Place("b3", "三栋", "building")], T0 + 10)
    for at in (T0, T0 + 5):
        versions.record_version(tx, versions.LADDERS, "a1", at)
    assert versions.version_at(tx, versions.REGISTRY, T0 - 1) is None
    assert versions.versions_at(tx, T0 + 9) == {"registry": "1", "ladders": "a1"}
    assert versions.version_at(tx, versions.REGISTRY, T0 + 10) == "2"

"""What is read again after a change is what a reading of everything gives, and no more than what changed is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from domain import Cell, Device, Duty, Identity, Person, Place
from domain.rosters import Override, OverrideKind
from store.database import registry
from store.database.registry import changes, read_registry, rosters
from store.database.system import key_values

IDS = ["b", "a", "ä", "c", "一", "10", "9"]


def put(tx: Connection, table: str, ids: Sequence[str], name: str) -> None:
    if table == "places":
        registry.put_places(tx, [Place(one, name, "building", lon=1.5) for one in ids], 1)
    elif table == "cells":
        registry.put_cells(tx, [Cell(one, name, "grid") for one in ids], 1)
    elif table == "people":
        registry.put_people(tx, [Person(one, name, attributes={"age": 80, "near": 1.0}) for one in ids], 1)
    elif table == "duties":
        registry.put_duties(tx, [Duty(one, "g", "worker", name, weekdays=(1, 2)) for one in ids], 1)
    elif table == "overrides":
        kind = OverrideKind.LEAVE
        rosters.add_overrides(tx, [Override(one, kind, name, 0, 10, None) for one in ids], 1)
    else:
        registry.put_devices(tx, [Device(one, "door", name, None, (Identity("shelly", one),)) for one in ids], 1)


def remove(tx: Connection, table: str, ids: Sequence[str]) -> None:
    if table == "devices":
        for one in ids:
            registry.delete_device(tx, one, 1)
    elif table == "overrides":
        for one in ids:
            rosters.remove_override(tx, one, 1)
    else:
        registry.remove_records(tx, table, ids, 1)


TABLES = st.sampled_from(["places", "cells", "people", "duties", "overrides", "devices"])
STEPS = st.lists(
    st.tuples(TABLES, st.lists(st.sampled_from(IDS), unique=True, max_size=3), st.sampled_from(["x", "y", ""])),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=STEPS, then=STEPS)
def test_what_changed_is_read_as_everything_would_be(tx: Connection, first: Any, then: Any) -> None:
    with tx.begin_nested() as undone:
        for steps in (first, then):
            before = read_registry(tx, None)
            for table, ids, name in steps:
                if name:
                    put(tx, table, ids, name)
                else:
                    remove(tx, table, ids)
            found, whole = read_registry(tx, before), read_registry(tx, None)
            assert found == whole
            for field in ("places", "cells", "people", "duties", "overrides", "devices"):
                assert list(getattr(found, field)) == list(getattr(whole, field)) == sorted(getattr(whole, field))
        undone.rollback()


def selects(tx: Connection) -> list[str]:
    """The tables of the registry from which rows are read from now on."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.extend(name for name in ("places", "people", "devices", "duties") if f"FROM {name}" in statement)

    event.listen(tx.engine, "before_cursor_execute", note)
    return found


def test_only_tables_with_a_change_are_read_and_the_others_stay_the_same_object(tx: Connection) -> None:
    put(tx, "places", IDS, "x")
    put(tx, "people", IDS, "x")
    before = read_registry(tx, None)
    put(tx, "people", ["a"], "王芳")
    read = selects(tx)

    after = read_registry(tx, before)

    assert set(read) == {"people"}
    assert after.places is before.places
    assert (after.people["a"].name, before.people["a"].name) == ("王芳", "x")


def test_without_a_change_nothing_is_read(tx: Connection) -> None:
    put(tx, "devices", IDS, "x")
    before = read_registry(tx, None)
    read = selects(tx)

    after = read_registry(tx, before)

    assert (read, after.devices is before.devices) == ([], True)


def test_a_change_of_very_many_rows_and_changes_that_are_not_known_read_the_whole(
    tx: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "IDS_MAX", 2)
    monkeypatch.setattr(changes, "ENTRIES_MAX", 2)
    put(tx, "people", ["a"], "x")
    before = read_registry(tx, None)
    put(tx, "people", ["a", "b", "c"], "y")
    assert changes.changed_since(tx, before.version) == {"people": None}
    assert list(read_registry(tx, before).people) == ["a", "b", "c"]

    put(tx, "places", ["p"], "x")
    assert changes.changed_since(tx, before.version) == {"people": None, "places": {"p"}}
    put(tx, "places", ["q"], "x")
    assert changes.changed_since(tx, before.version) is None
    assert list(read_registry(tx, before).places) == ["p", "q"]


def test_a_ledger_whose_changes_were_written_by_an_earlier_version_is_read_as_a_whole(tx: Connection) -> None:
    put(tx, "people", ["a"], "x")
    before = read_registry(tx, None)
    key_values.put(tx, "registry_version", before.version + 1, 2)
    assert changes.changed_since(tx, before.version) is None

    put(tx, "people", ["a"], "y")
    assert read_registry(tx, before).people["a"].name == "y"

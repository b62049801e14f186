"""What is read again after a change is what a reading of everything gives, and no more than what changed is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection, event

import store
from domain import Cell, Device, Duty, Identity, Person, Place
from domain.rosters import Override, OverrideKind
from store.database import registry
from store.database.registry import changes, read_registry, reading, rosters
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
    monkeypatch.setattr(changes, "ENTRIES_MAX", 3)
    put(tx, "people", ["a"], "x")
    before = read_registry(tx, None)
    put(tx, "people", ["a", "b", "c"], "y")
    assert changes.changed_since(tx, before.version, before.token) == {"people": None}
    assert list(read_registry(tx, before).people) == ["a", "b", "c"]

    put(tx, "places", ["p"], "x")
    assert changes.changed_since(tx, before.version, before.token) == {"people": None, "places": {"p"}}
    put(tx, "places", ["q"], "x")
    assert changes.changed_since(tx, before.version, before.token) is None
    assert list(read_registry(tx, before).places) == ["p", "q"]


def test_a_ledger_whose_changes_were_written_by_an_earlier_version_is_read_as_a_whole(tx: Connection) -> None:
    put(tx, "people", ["a"], "x")
    before = read_registry(tx, None)
    key_values.put(tx, "registry_version", before.version + 1, 2)
    assert changes.changed_since(tx, before.version, before.token) is None

    put(tx, "people", ["a"], "y")
    assert read_registry(tx, before).people["a"].name == "y"


def test_after_the_server_was_put_back_to_an_earlier_instant_everything_is_read_again(tx: Connection) -> None:
    """The next change has the number of the lost one, and the person who was added in it was called by nobody."""
    put(tx, "people", ["a"], "x")
    with tx.begin_nested() as lost:
        put(tx, "people", ["b"], "x")
        before = read_registry(tx, None)
        lost.rollback()
    put(tx, "people", ["c"], "x")

    after = read_registry(tx, before)

    assert after.version == before.version
    assert list(after.people) == ["a", "c"]


def test_the_log_of_changes_stays_small_after_an_import_in_batches(tx: Connection) -> None:
    before = read_registry(tx, None)
    for batch in range(8):
        put(tx, "people", [f"p{batch}-{number}" for number in range(changes.IDS_MAX)], "x")

    log = changes._log(tx)

    assert sum(len(ids) for _, _, ids, _ in log.entries) <= changes.LOGGED_IDS_MAX
    assert changes.changed_since(tx, before.version, before.token) is None
    assert len(read_registry(tx, before).people) == 8 * changes.IDS_MAX


def test_a_change_by_a_program_that_records_none_ends_the_lineage(tx: Connection) -> None:
    put(tx, "people", ["a"], "x")
    first = changes.change_lineage(tx)
    put(tx, "people", ["b"], "x")
    assert changes.change_lineage(tx) == first

    key_values.put(tx, "registry_version", registry.registry_version(tx) + 1, 2)
    assert changes.change_lineage(tx) is None
    put(tx, "people", ["c"], "x")
    assert changes.change_lineage(tx) not in (None, first)


def test_what_is_erased_or_deleted_by_its_age_is_not_kept_in_memory(tx: Connection) -> None:
    leave = Override("o1", OverrideKind.LEAVE, "a", 0, 10, None, leave="病假", reason="手术")
    rosters.add_overrides(tx, [leave, replace(leave, id="o2", until=90)], 1)
    before = read_registry(tx, None)

    rosters.purge_overrides(tx, 50, 60)
    rosters.erase_reasons(tx, "a", 60)

    after = read_registry(tx, before)
    assert [(one.id, one.leave, one.reason) for one in after.overrides.values()] == [("o2", "", "")]


@pytest.mark.parametrize("form", [[[2, "people", ["b"]]], {"entries": [[2, "people"]]}, {"lineage": 3}, "x"], ids=repr)
def test_a_log_of_another_form_is_none_and_everything_is_read(tx: Connection, form: Any) -> None:
    """A service whose ledger had such a log did not start any more."""
    put(tx, "people", ["a"], "x")
    before = read_registry(tx, None)
    key_values.put(tx, "registry_version", before.version + 1, 2)
    key_values.put(tx, "registry_change_log", form, 2)

    assert changes.change_lineage(tx) is None
    put(tx, "people", ["b"], "y")
    assert list(read_registry(tx, before).people) == ["a", "b"]


def test_rows_of_the_registry_are_written_where_the_change_is_recorded() -> None:
    """A row that is written elsewhere is not read again: the person it adds would be called by nobody."""
    root, here = Path(store.__file__).parents[1], Path(reading.__file__).parent
    writes = re.compile(
        r"\b(insert|update|delete)\((places|cells|people|duties|rotations|overrides|devices|identities)\b"
    )
    files = [file for package in ("alerts", "app", "console", "store") for file in (root / package).rglob("*.py")]
    assert len(files) > 300
    assert [str(file) for file in files if file.parent != here and writes.search(file.read_text("utf-8"))] == []

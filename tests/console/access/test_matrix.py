"""Nobody reads or acts outside his place: every operation, each role, the own place, one below and a foreign one.

The expected statuses stand in `matrix.txt`. A new operation without a line there fails, and so does a changed answer.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from tests.console.access.matrix import ROLES, SKIPPED, close_world, observed, open_world, operations, read_matrix
from tests.support.documented_responses import document

DECIDED_BY_THE_ENDPOINT = {
    ("post", "/api/v1/alerts/{alert_id}/{action}"): "by the action: `x-permission-of`",
    ("post", "/api/v1/people/{person_id}/calendar-link"): "the own calendar, or with the permission of rosters",
    ("delete", "/api/v1/people/{person_id}/calendar-link"): "as above",
}
WITHOUT_A_PLACE = ("/api/v1/cells/{row_id}", "/api/v1/rosters/{row_id}")
"""Grid cells cut across places, and a line of the roster names a cell, a role and a person on duty."""
HOW = "write the matrix anew with `python -m tests.console.access.matrix`, and read what changed"


def test_every_operation_of_the_document_has_a_line() -> None:
    assert set(read_matrix()) == set(operations()) - set(SKIPPED), HOW


def test_no_role_changes_anything_in_a_foreign_place() -> None:
    allowed = [
        (role, *operation)
        for operation, cells in read_matrix().items()
        for role, (_own, _below, foreign) in cells.items()
        if foreign < 400 and operation[0] != "get"
    ]
    assert allowed == []


def test_what_the_own_place_answers_the_place_below_answers_too() -> None:
    differing = [
        (role, *operation)
        for operation, cells in read_matrix().items()
        for role, (own, below, _foreign) in cells.items()
        if own != below
    ]
    assert differing == []


def test_a_role_may_do_what_the_role_below_it_may() -> None:
    """Viewer, operator, dispatcher, administrator; a worker acts on alerts and is no step of this ladder."""
    ladder = [role for role in ROLES if role != "worker"]
    less = [
        (lower, higher, *operation)
        for operation, cells in read_matrix().items()
        for lower, higher in pairwise(ladder)
        if cells[lower][0] != 403 and cells[higher][0] == 403
    ]
    assert less == []


def test_the_matrix_is_what_the_requirements_in_the_document_say() -> None:
    """A role without the permission, and a limited token where the whole site is acted on, are refused everywhere; all
    others are not refused; and what the path names in a foreign place is not there."""
    paths, differing = document()["paths"], []
    for (method, path), cells in read_matrix().items():
        operation = paths[path][method]
        if "x-credential" in operation:
            continue
        place = operation["x-place"]
        for role, (own, _below, foreign) in cells.items():
            if role not in operation["x-roles"] or place == "site":
                is_right = own == foreign == 403
            elif (method, path) in DECIDED_BY_THE_ENDPOINT:
                is_right = True
            else:
                reaches_foreign = place.startswith("{") and own < 300 and foreign < 400
                is_right = own != 403 and (not reaches_foreign or path in WITHOUT_A_PLACE)
            if not is_right:
                differing.append((role, method, path, own, foreign))
    assert differing == []


async def test_the_answers_are_those_of_the_matrix_and_tell_nothing_of_a_foreign_place(tmp_path: Path) -> None:
    world = await open_world(tmp_path)
    try:
        rows, leaks = await observed(world)
    finally:
        await close_world(world)
    assert leaks == []
    expected = read_matrix()
    changed = {
        operation: (expected.get(operation), cells)
        for operation, cells in rows.items()
        if expected.get(operation) != cells
    }
    assert changed == {}, HOW

"""What each scope of a token opens, operation by operation: a new operation without a line in `scopes.txt` fails.

`python -m tests.console.access.test_scopes` writes the file anew: read its difference before it is committed.
"""

from __future__ import annotations

import re
from pathlib import Path

from console.security.scopes import TokenScope, is_in_scope
from tests.console.access.matrix import operations, read_matrix
from tests.support.documented_responses import document

SCOPES = Path(__file__).with_name("scopes.txt")
HOW = "write the file anew with `python -m tests.console.access.test_scopes`, and read what changed"


def opened() -> dict[tuple[str, str], str]:
    """The scopes that open each operation; a hyphen where none does."""
    found = {}
    for method, path in operations():
        asked = re.sub(r"{\w+}", "x", path)
        scopes = [scope.value for scope in TokenScope if is_in_scope(scope, method.upper(), asked)]
        found[method, path] = " ".join(scopes) or "-"
    return found


def test_the_document_says_the_same() -> None:
    paths, scopes = document()["paths"], read_scopes()
    said = {(method, path): paths[path][method].get("x-scopes") for method, path in operations()}
    assert {
        one: found for one, found in said.items() if found is not None and " ".join(found) != scopes[one].strip("-")
    } == {}


def read_scopes() -> dict[tuple[str, str], str]:
    lines = [line.split(None, 2) for line in SCOPES.read_text("utf-8").splitlines() if not line.startswith("#")]
    return {(method, path): scopes for method, path, scopes in lines}


def test_every_operation_has_a_line_and_opens_to_these_scopes_only() -> None:
    assert opened() == read_scopes(), HOW


def test_a_scope_that_reads_changes_nothing_and_devices_reach_no_people() -> None:
    for (method, path), scopes in read_scopes().items():
        granted = set(scopes.split())
        if method != "get" and path != "/api/v1/session":
            assert "read" not in granted, path
        if re.match(r"/api/v1/(people|alerts|reports|users|tokens|audit|imports|rosters|stream)", path):
            assert "devices" not in granted, path


def test_what_only_an_administrator_may_do_is_in_no_scope_of_actions() -> None:
    """By the matrix of permissions: where a dispatcher of a whole site is refused, acting on alerts is not meant."""
    administrator_only = {
        operation
        for operation, roles in read_matrix().items()
        if operation[0] != "get" and roles["dispatcher"][0] == 403 and roles["administrator"][0] != 403
    }
    scopes = read_scopes()
    assert [one for one in administrator_only if "actions" in scopes.get(one, "").split()] == []


if __name__ == "__main__":
    rows = [f"{method:<7}{path:<73} {scopes}" for (method, path), scopes in opened().items()]
    SCOPES.write_text("# Scopes of a token that open an operation.\n" + "\n".join(rows) + "\n", "utf-8")

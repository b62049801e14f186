"""`/ladders` and `/roles`: who is notified of which alerts, as data."""

from __future__ import annotations

from tests.support.console_harness import Client


async def test_ladders_are_listed_as_rows_of_who_and_when(admin: Client) -> None:
    response = await admin.get("/api/v1/ladders")
    assert response.status_code == 200, response.text
    critical = response.json()["items"][0]
    assert (critical["ledger"], critical["severities"], critical["take_within_ms"]) == ("danger", ["critical"], 60_000)
    first = critical["recipients"][0]
    assert (first["role"], first["responsibility"], first["rung"], first["when"]) == ("worker", "responsible", 0, None)
    gas = next(one for one in critical["recipients"] if one["role"] == "gas_company")
    assert (gas["rung"], gas["responsibility"], gas["when"]["hazards"]) == (None, "inform", ["gas"])


async def test_roles_are_listed_with_their_names_and_kinds(admin: Client) -> None:
    items = (await admin.get("/api/v1/roles")).json()["items"]
    assert {"id": "volunteer", "name": {"zh": "志愿者", "en": "Volunteer"}, "kind": "volunteer"} in items

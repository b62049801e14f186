"""The examples of the OpenAPI document are accepted as they are."""

from __future__ import annotations

from console.http import examples
from tests.support.console_harness import Client, ConsoleHarness


async def test_the_examples_of_the_documents_are_accepted(harness: ConsoleHarness, admin: Client) -> None:
    top = {"id": "g01", "name": "一", "level": "grid"}
    compound = {"id": "c1", "name": "苑", "level": "compound"}
    flat = {"id": "c1-3-2-402", "name": "402", "level": "household", "parent": "c1-3"}
    for path, example in (
        ("cells", [top, examples.CELL]),
        ("places", [compound, examples.PLACE, flat]),
        ("people", examples.PERSON),
        ("rosters", examples.DUTY),
        ("devices", examples.DEVICE),
        ("tokens", examples.TOKEN),
    ):
        response = await admin.post(f"/api/v1/{path}", json=example)
        assert response.status_code == 201, response.text
    assert (await admin.post("/api/v1/readings", json=examples.READING)).status_code == 200
    number = await harness.alert()
    act = {**examples.ACTION, "to": "w-li"}
    assert (await admin.post(f"/api/v1/alerts/{number}/acknowledge", json=act)).status_code == 200
    assert (await admin.post(f"/api/v1/alerts/{number}/link", json=examples.LINK)).status_code == 201
    document = (await admin.get("/api/v1/openapi.json")).text
    assert "0x00158d0004a1b2c3" in document
    assert "acknowledge、arrive" in document

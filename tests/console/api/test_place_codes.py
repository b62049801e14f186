"""QR codes of places: one code a place, on a sheet to print, made and revoked by an administrator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from store.database.system import audit
from tests.support.console_harness import Client, ConsoleHarness


async def test_a_place_has_one_code_and_a_picture_of_it(harness: ConsoleHarness, admin: Client) -> None:
    first = (await admin.get("/api/v1/places/b3/qr")).json()
    picture = await admin.get("/api/v1/places/b3/qr.svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    root = ElementTree.fromstring(picture.text)
    assert (root.tag, root.findtext("{http://www.w3.org/2000/svg}title")) == (
        "{http://www.w3.org/2000/svg}svg",
        "枫林苑3栋",
    )
    assert (await admin.get("/api/v1/places/b3/qr")).json() == first
    await admin.delete("/api/v1/places/b3/qr")
    assert (await admin.get("/api/v1/places/b3/qr")).json()["path"] != first["path"]
    actions = [entry.action for entry in (await harness.database.read(lambda tx: audit.list_entries(tx, 9))).items]
    assert actions == ["place codes made", "place codes revoked", "place codes made"]


async def test_a_sheet_has_a_card_for_each_place_a_resident_may_name(admin: Client) -> None:
    sheet = await admin.get("/api/v1/places-qr-sheet", params={"place": "garden"})
    assert (sheet.status_code, sheet.text.count("<figure"), sheet.text.count("<svg")) == (200, 2, 2)
    assert "枫林苑3栋" in sheet.text
    assert "<script" not in sheet.text
    flats = await admin.get("/api/v1/places-qr-sheet", params={"place": "garden", "level": "household"})
    assert flats.text.count("<figure") == 1


async def test_codes_are_for_administrators_and_known_places(admin: Client, bearer: Callable[..., Any]) -> None:
    operator = await bearer("operator")
    assert (await operator.get("/api/v1/places/b3/qr.svg")).status_code == 403
    assert (await admin.get("/api/v1/places/nowhere/qr.svg")).status_code == 404
    assert (await admin.get("/api/v1/places-qr-sheet", params={"place": "nowhere"})).status_code == 404

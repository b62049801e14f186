"""Dead letters, targets, and the export for a care platform."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from domain import Evidence, Subject
from store.database import registry
from tests.support.console_harness import PEOPLE, T0, Client, ConsoleHarness
from tests.support.exchange_harness import ExchangeHarness, exchange_harness

CARE = "/api/v1/exchange/care/events"


@pytest.fixture
async def exchanged(tmp_path: Path, blank: Path) -> AsyncIterator[ExchangeHarness]:
    async with exchange_harness(shutil.copytree(blank, tmp_path / "data")) as harness:
        yield harness


async def consent(exchanged: ExchangeHarness) -> None:
    wang = replace(PEOPLE[2], attributes={**PEOPLE[2].attributes, "care_consent": True, "care_id": "YL-1"})
    await exchanged.console.database.write(lambda tx: registry.put_people(tx, [wang], T0))
    await exchanged.console.load_community()


async def test_events_of_a_person_are_exported_once_he_consented(exchanged: ExchangeHarness) -> None:
    evidence = (Evidence("heart_rate_bpm", 150, "bpm", at=T0),)
    person = {"hazard": "person", "subject": Subject("person", "r-wang"), "place": "b3-402", "evidence": evidence}
    await exchanged.console.alert("band-101", "band-heart-rate", **person)
    assert (await exchanged.api.get(CARE)).json()["items"] == []
    await consent(exchanged)
    exchanged.console.now += 60_000
    await exchanged.console.alert("band-101", "band-sos", **{**person, "evidence": (), "place": "court-101"})
    token = (await exchanged.api.post("/api/v1/tokens", json={"role": "exchange", "platform": "care"})).json()["token"]
    bearer = {"authorization": f"Bearer {token}"}
    items = (await exchanged.api.get(CARE, headers=bearer)).json()["items"]
    table = await exchanged.api.get(f"{CARE}?format=csv&limit=1", headers=bearer)
    later = (await exchanged.api.get(f"{CARE}?since=2026-11-21T22:05:30%2B08:00", headers=bearer)).json()["items"]
    await exchanged.exchange.sender.send_due()

    assert [(item["person_id"], item["event_type"]) for item in items] == [("YL-1", "vitals"), ("YL-1", "sos")]
    assert "王小明" not in str(items) + table.text
    assert [item["event_type"] for item in later] == ["sos"]
    assert [row["measurements"] for row in csv.DictReader(io.StringIO(table.text))] == ["heart_rate_bpm=150 bpm"]
    assert 'rel="next"' in table.headers["link"]
    pushed = [each.event for each in exchanged.board.events if each.event["type"] == "cn.fengshao.care.event.v1"]
    assert [event["data"]["event_type"] for event in pushed] == ["sos"]


async def test_pages_of_the_export_follow_each_other(exchanged: ExchangeHarness) -> None:
    await consent(exchanged)
    person = {"hazard": "person", "subject": Subject("person", "r-wang")}
    for number in range(3):
        await exchanged.console.alert(f"d{number}", f"band-{number}", **{**person, "place": f"p{number}"})
    seen, address = [], f"{CARE}?limit=2"
    while address:
        page = (await exchanged.api.get(address)).json()
        seen += [item["event_id"] for item in page["items"]]
        address = f"{CARE}?limit=2&next={page['next']}" if page["next"] else ""

    assert len(seen) == len(set(seen)) >= 1
    assert (await exchanged.api.get(f"{CARE}?since=yesterday")).status_code == 422


async def test_tokens_of_a_system_name_a_known_system(exchanged: ExchangeHarness) -> None:
    for body in ({"role": "exchange"}, {"role": "exchange", "platform": "atlantis"}):
        refused = await exchanged.api.post("/api/v1/tokens", json=body)
        assert refused.status_code == 422
        assert "hotline、city、care" in refused.json()["errors"][0]["detail"]


async def test_dispatchers_and_administrators_see_what_was_given_up(exchanged: ExchangeHarness) -> None:
    viewer = (await exchanged.api.post("/api/v1/tokens", json={"role": "viewer"})).json()["token"]
    bearer = {"authorization": f"Bearer {viewer}"}

    for path in ("/api/v1/exchange/targets", "/api/v1/exchange/dead-letters", CARE):
        assert (await exchanged.api.get(path, headers=bearer)).status_code == 403
    assert (await exchanged.api.post("/api/v1/exchange/dead-letters/abc/resend")).status_code == 404
    assert (await exchanged.api.get("/api/v1/exchange/systems", headers=bearer)).status_code == 403
    dispatcher = (await exchanged.api.post("/api/v1/tokens", json={"role": "dispatcher"})).json()["token"]
    bearer = {"authorization": f"Bearer {dispatcher}"}
    targets = (await exchanged.api.get("/api/v1/exchange/targets", headers=bearer)).json()["items"]
    assert [(one["id"], one["kind"], one["name"]["zh"]) for one in targets] == [
        ("board", "subscriber", "board"), ("system:hotline", "system", "12345热线")
    ]  # fmt: skip
    assert (await exchanged.api.get("/api/v1/exchange/dead-letters", headers=bearer)).json()["items"] == []
    assert (await exchanged.api.get(CARE, headers=bearer)).status_code == 403


async def test_whoever_returns_an_alert_is_offered_the_systems_that_take_it(exchanged: ExchangeHarness) -> None:
    operator = (await exchanged.api.post("/api/v1/tokens", json={"role": "operator"})).json()["token"]
    systems = await exchanged.api.get("/api/v1/exchange/systems", headers={"authorization": f"Bearer {operator}"})

    assert [(one["name"]["zh"], one["body"]) for one in systems.json()["items"]] == [
        ("城市运行管理服务平台", None), ("12345热线", "system:hotline")
    ]  # fmt: skip


async def test_without_partners_there_is_no_exchange(harness: ConsoleHarness, admin: Client, anyone: Client) -> None:
    assert harness.deps.exchange is None
    assert (await admin.get("/api/v1/exchange/targets")).status_code == 404
    assert (await admin.get("/api/v1/exchange/systems")).json()["items"] == []
    assert (await admin.get("/api/v1/exchange/hotline/cases/1")).status_code == 404
    assert (await admin.get("/api/v1/exchange/dead-letters")).json()["items"] == []
    assert (await anyone.get("/api/v1/exchange/hotline/cases/1")).status_code == 401

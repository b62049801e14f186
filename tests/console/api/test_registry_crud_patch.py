"""Changing some fields of a record, and refusing a change of a record that somebody else changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.console_harness import Client, ConsoleHarness

PERSON = "/api/v1/people/r-wang"


async def test_away_is_written_without_the_rest_of_the_person(harness: ConsoleHarness, admin: Client) -> None:
    changed = await admin.patch(PERSON, json={"attributes": {"away": "2026-12-01"}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["attributes"] == {"age": 81, "lives_alone": True, "away": "2026-12-01"}
    assert (changed.json()["name"], changed.json()["home"]) == ("王小明", "b3-402")
    assert harness.community.people["r-wang"].attributes["away"] == "2026-12-01"

    removed = await admin.patch(PERSON, json={"attributes": {"away": None, "age": 82}, "phone": None})
    assert removed.json()["attributes"] == {"age": 82, "lives_alone": True}
    assert removed.json()["phone"] is None


async def test_a_duty_is_changed_by_field_and_keeps_its_dates(admin: Client) -> None:
    dated = {
        "id": "d-9", "cell": "grid-3", "role": "worker", "person": "w-li",
        "since": "2026-12-01T00:00:00+08:00", "until": "2026-12-05T00:00:00+08:00",
    }  # fmt: skip
    assert (await admin.post("/api/v1/rosters", json=dated)).status_code == 201
    changed = await admin.patch("/api/v1/rosters/d-9", json={"hazards": ["fire"], "from": "08:00"})
    assert changed.status_code == 200, changed.text
    body = changed.json()
    assert (body["hazards"], body["from"], body["to"]) == (["fire"], "08:00", "24:00")
    assert body["until"].startswith("2026-12-05T00:00:00")


async def test_a_record_that_changed_meanwhile_is_not_overwritten(admin: Client) -> None:
    tag = (await admin.get(PERSON)).headers["etag"]
    assert (await admin.patch(PERSON, json={"name": "王大明"}, headers={"If-Match": tag})).status_code == 200
    for refused in (
        await admin.patch(PERSON, json={"name": "王二明"}, headers={"If-Match": tag}),
        await admin.put(PERSON, json={"name": "王二明"}, headers={"If-Match": tag}),
        await admin.delete(PERSON, headers={"If-Match": tag}),
    ):
        assert (refused.status_code, refused.json()["title"]) == (412, "已被别人修改")
    read = await admin.get(PERSON)
    assert read.json()["name"] == "王大明"
    both = f'"other", {read.headers["etag"]}'
    assert (await admin.put(PERSON, json={"name": "王三明"}, headers={"If-Match": both})).status_code == 200
    assert (await admin.delete(PERSON, headers={"If-Match": "*"})).status_code == 204
    assert (await admin.put(PERSON, json={"name": "王三明"}, headers={"If-Match": "*"})).status_code == 412


async def test_a_record_that_changed_since_it_was_loaded_is_not_patched(harness: ConsoleHarness, admin: Client) -> None:
    before = harness.community
    await admin.patch(PERSON, json={"name": "王大明"})
    harness.community = before  # another writer's change is not loaded yet
    assert (await admin.patch(PERSON, json={"phone": None})).status_code == 409


@pytest.mark.parametrize(
    ("body", "status"), [({"nome": "x"}, 422), ([1], 422), ({"id": "r-li"}, 422), ({"name": None}, 422)]
)
async def test_a_patch_is_validated_like_the_record(admin: Client, body: object, status: int) -> None:
    assert (await admin.patch(PERSON, json=body)).status_code == status


async def test_only_the_registry_administrator_patches_and_only_what_exists(
    admin: Client, bearer: Callable[..., Any]
) -> None:
    assert (await (await bearer("viewer")).patch(PERSON, json={"name": "x"})).status_code == 403
    assert (await admin.patch("/api/v1/people/unknown", json={"name": "x"})).status_code == 404

"""Who needs help at an alert, for those who go there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from console.security.auth import AccessRole, Principal
from console.views.people_at_risk import without_resident_names
from domain import Device, Person, Subject
from store.database import registry
from store.database.alerts import queries
from tests.support.console_harness import T0, Client, ConsoleHarness

ELDER = Person(
    "elder",
    "王桂芳",
    "19900002222",
    home="b3-402",
    attributes={"age": 82, "lives_alone": True, "illness": "糖尿病", "hearing": "重听", "away": False, "shoe_size": 37},
)


FAMILY = (
    Person("son", "王建国", "19900003333", attributes={"family_of": "elder", "relation": "儿子"}),
    Person("far", "王远", attributes={"family_of": "elder"}),
)


NEEDED = [
    ("age", "年龄", 82),
    ("illness", "病史", "糖尿病"),
    ("lives_alone", "独居", True),
    ("hearing", "听力", "重听"),
]


RINGABLE = [
    {"name": "王桂芳", "role": "resident", "phone": "19900002222"},
    {"name": "王建国", "role": "family", "phone": "19900003333", "relation": "儿子"},
]


BAND = Device("band-9", "wristband", attributes={"person": "elder"})


async def with_elder(harness: ConsoleHarness, **changes: Any) -> str:
    def put(tx: Any) -> None:
        registry.put_people(tx, [ELDER, *FAMILY], T0)
        registry.put_devices(tx, [BAND], T0)

    harness.database.write_blocking(put)
    await harness.load_community()
    about = {
        "subject": Subject("person", "elder"),
        "place": "b3-402",
        "hazard": "person",
        "title": "求救",
        "rule": "sos",
    }
    return await harness.alert(**{"device": "band-9", **about, **changes})


def people_and_contacts(detail: dict[str, Any]) -> tuple[list[str], list[Any], list[Any]]:
    care = [(one["name"], one["label"], one["value"]) for who in detail["concerned"] for one in who["care"]]
    return [one["name"] for one in detail["concerned"]], care, detail["contacts"]


@pytest.mark.parametrize(
    "about",
    [
        {"subject": Subject("person", "elder")},
        {"subject": Subject("device", "band-9")},
        {"subject": Subject("device", "band-9"), "place": None},
    ],
    ids=["subject person", "device of the person", "device without a place"],
)
async def test_an_sos_shows_the_person_care_notes_and_contacts(
    harness: ConsoleHarness, admin: Client, about: dict[str, Any]
) -> None:
    number = await with_elder(harness, **about)
    detail = (await admin.get(f"/api/v1/alerts/{number}")).json()

    assert people_and_contacts(detail) == (["王桂芳"], NEEDED, RINGABLE)
    assert detail["concerned"][0]["care"][0]["label_en"] == "age"


async def test_a_leak_in_a_flat_shows_its_residents(harness: ConsoleHarness, admin: Client) -> None:
    number = await with_elder(harness, device=None, subject=Subject("household", "b3-402"))

    assert people_and_contacts((await admin.get(f"/api/v1/alerts/{number}")).json())[0] == ["王桂芳", "王小明"]


async def test_a_workers_link_shows_care_notes_and_contacts_of_the_family(
    harness: ConsoleHarness, admin: Client, anyone: Client
) -> None:
    """The contacts of the page that a worker opens from his card were always empty."""
    number = await with_elder(harness)
    link = (await admin.post(f"/api/v1/alerts/{number}/link", json={"person": "w-zhang"})).json()["link"]
    await anyone.post("/api/v1/session", json={"link": link})

    assert people_and_contacts((await anyone.get(f"/api/v1/alerts/{number}")).json()) == (["王桂芳"], NEEDED, RINGABLE)


async def test_a_viewer_and_a_worker_who_was_not_called_see_a_masked_name_only(
    harness: ConsoleHarness, bearer: Callable[..., Any]
) -> None:
    number = await with_elder(harness)
    masked = (["王**"], [], [])

    for role, limits in (("viewer", {}), ("worker", {"person": "far"}), ("worker", {})):
        reader = await bearer(role, **limits)
        response = await reader.get(f"/api/v1/alerts/{number}")
        assert people_and_contacts(response.json()) == masked
        assert "19900002222" not in response.text
        assert "王桂芳" not in response.text


async def test_the_called_worker_and_the_owner_see_the_person(
    harness: ConsoleHarness, admin: Client, bearer: Any
) -> None:
    number = await with_elder(harness)
    called, other = await bearer("worker", person="w-zhang"), await bearer("worker", person="w-li")

    assert people_and_contacts((await called.get(f"/api/v1/alerts/{number}")).json())[0] == ["王桂芳"]
    await admin.post(f"/api/v1/alerts/{number}/acknowledge", json={"person": "w-li"})
    assert people_and_contacts((await other.get(f"/api/v1/alerts/{number}")).json())[0] == ["王桂芳"]


async def test_a_contact_in_the_persons_attributes_is_listed_and_none_twice(
    harness: ConsoleHarness, admin: Client
) -> None:
    number = await with_elder(harness)
    rows = {"contact_phone": 19900004444, "contact_relation": "女儿", "care": "一级"}
    again = {"contact_phone": "19900002222"}
    people = [
        Person("elder", "王桂芳", "19900002222", home="b3-402", attributes=rows),
        Person("r-wang", "王小明", home="b3-402", attributes=again),
    ]
    harness.database.write_blocking(lambda tx: registry.put_people(tx, people, T0))
    await harness.load_community()
    detail = (await admin.get(f"/api/v1/alerts/{number}")).json()

    assert detail["contacts"][-1] == {"name": "女儿", "role": "family", "phone": "19900004444", "relation": "女儿"}
    flat = await harness.alert(device="gas-402", rule="gas")
    phones = [one["phone"] for one in (await admin.get(f"/api/v1/alerts/{flat}")).json()["contacts"]]
    assert len(phones) == len(set(phones)) == 3


@pytest.mark.parametrize(
    ("role", "shown"), [(AccessRole.VIEWER, False), (AccessRole.WORKER, False), (AccessRole.OPERATOR, True)]
)
async def test_names_of_residents_in_a_timeline_and_among_the_notified_are_masked_by_role(
    harness: ConsoleHarness, admin: Client, role: AccessRole, shown: bool
) -> None:
    number = await with_elder(harness)
    words = {"comment": "王桂芳的儿子王建国说马上到，王远联系不上", "person": "w-zhang"}
    assert (await admin.post(f"/api/v1/alerts/{number}/comment", json=words)).status_code == 200
    view = await harness.database.read(lambda tx: queries.alert_detail(tx, number))
    assert view is not None
    (worker,) = view["told"]
    view["told"].append({**worker, "person": "son", "name": "王建国", "role": "family"})

    seen = without_resident_names(harness.deps, Principal(role, "t"), view)
    assert [one["name"] for one in seen["told"]] == ["张三", "王建国" if shown else "王**"]
    texts = [entry["text"] for entry in seen["timeline"]]
    assert "呼叫网格员 张三" in texts
    assert (words["comment"] if shown else "王**的儿子王**说马上到，王*联系不上") in texts[-1]

"""`/reports` for the office: masked lists, two verifications by role, answer, proposals, erasure, figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, update

from domain import DAY, Duty
from store.database import registry
from store.database.exchange.tables import exchange_events
from store.database.reports.tables import reports
from store.database.system import audit
from tests.console.api.test_report_intake import REPORT, files, submit
from tests.support.console_harness import T0, Client, ConsoleHarness
from tests.support.photos import jpeg

PHONE = "19911112222"


@pytest.fixture
async def report(anyone: Client) -> None:
    """One report with a phone number."""
    made = await submit(anyone, jpeg(), phone=PHONE, consent=True, text=f"请找我 {PHONE}")
    assert made.status_code == 201


@pytest.mark.usefixtures("report")
async def test_a_viewer_sees_no_number_and_no_photo(admin: Client, bearer: Callable[..., Any]) -> None:
    viewer = await bearer("viewer")
    (masked,) = (await viewer.get("/api/v1/reports")).json()["items"]
    assert (masked["phone"], masked["text"], masked["anonymous"]) == ("199****2222", "请找我 199****2222", False)
    assert masked["photos_count"] == 1
    of_viewer = (await viewer.get("/api/v1/reports/1")).json()
    assert (of_viewer["photos"], of_viewer["may_merge"]) == ([], False)
    assert (await viewer.get("/api/v1/photos/1")).status_code == 403
    assert (await viewer.get("/api/v1/alerts/1")).json()["description"] == "请找我 199****2222"
    shown = (await admin.get("/api/v1/reports/1")).json()
    assert (shown["phone"], len(shown["photos"])) == (PHONE, 1)
    assert (await admin.get(shown["photos"][0]["path"])).headers["content-type"] == "image/jpeg"


@pytest.mark.usefixtures("report")
async def test_a_number_that_a_list_shows_is_a_read_of_personal_data(admin: Client, bearer: Callable[..., Any]) -> None:
    viewer, clerk = await bearer("viewer"), await bearer("operator", person="w-li")
    for client in (viewer, clerk, clerk):
        assert (await client.get("/api/v1/reports")).status_code == 200
    entries = (await admin.get("/api/v1/audit?action=personal data read")).json()["items"]
    assert [(one["actor"], one["detail"]) for one in entries] == [("w-li", {"people": "report:1", "fields": "phone"})]


async def numbered(client: Client, query: str) -> list[str]:
    """The ids of every page of two reports."""
    found, cursor = [], ""
    while True:
        answer = (await client.get(f"/api/v1/reports?limit=2&{query}{cursor}")).json()
        found += [one["id"] for one in answer["items"]]
        if answer["next"] is None:
            return found
        cursor = f"&next={answer['next']}"


async def test_pages_of_reports_have_the_overdue_first_and_keep_their_filter(
    harness: ConsoleHarness, anyone: Client, admin: Client
) -> None:
    for text in ("第一件", "第二件", "第三件", "第四件", "第五件"):
        assert (await submit(anyone, jpeg(), text=text)).status_code == 201
    late, day = T0 - 4 * DAY, reports.c.id.in_([1, 2])
    await harness.database.write(lambda tx: tx.execute(update(reports).where(day).values(created_at=late)))
    answered = reports.c.id.in_([3])
    await harness.database.write(lambda tx: tx.execute(update(reports).where(answered).values(answered_at=T0)))

    assert await numbered(admin, "order=urgent") == ["2", "1", "5", "4", "3"]
    assert await numbered(admin, "order=urgent&show=open") == ["2", "1", "5", "4"]
    assert await numbered(admin, "") == ["5", "4", "3", "2", "1"]
    assert await numbered(admin, "show=answered") == ["3"]
    assert await numbered(admin, "q=第四") == ["4"]
    page = (await admin.get("/api/v1/reports?limit=2&show=open&order=urgent")).json()
    assert (page["total"], page["late"]) == (4, 2)
    assert page["counts"] == {"open": 4, "verify": 0, "answer": 0, "reopened": 0, "answered": 1}
    assert {"id": "exit", "label": page["items"][0]["label"]} in page["categories"]
    assert (await admin.get("/api/v1/reports?show=lost")).status_code == 422


@pytest.mark.usefixtures("report")
async def test_who_reads_texts_masked_cannot_search_in_them(admin: Client, bearer: Callable[..., Any]) -> None:
    for client, found in ((admin, 1), (await bearer("viewer"), 0)):
        assert len((await client.get(f"/api/v1/reports?q={PHONE[-4:]}")).json()["items"]) == found


async def step(client: Client) -> tuple[str | None, bool, str]:
    """What the report lacks, and whether this user may do it."""
    shown = (await client.get("/api/v1/reports/1")).json()
    return shown["next_step"], shown["may_step"], shown["obstacle"]


@pytest.mark.usefixtures("report")
async def test_each_level_is_verified_by_a_person_of_that_level(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    duties = [Duty("d-8", "grid-3", "community", "w-li"), Duty("d-9", "grid-3", "street", "r-wang")]  # type: ignore[arg-type]
    await harness.database.write(lambda tx: registry.put_duties(tx, duties, T0))
    await harness.load_community()
    worker, community, street = [await bearer("dispatcher", person=who) for who in ("w-zhang", "w-li", "r-wang")]
    assert (await community.post("/api/v1/reports/1/verify")).status_code == 409
    assert await step(community) == (None, False, "")
    for action in ("arrive", "resolve"):
        assert (await worker.post(f"/api/v1/alerts/1/{action}")).status_code == 200
    assert (await street.post("/api/v1/reports/1/verify")).status_code == 403
    assert await step(street) == ("community", False, "这一级由社区人员核实。")
    assert await step(await bearer("operator")) == ("community", False, "您的角色（值班员）不能做这件事。")
    assert await step(community) == ("community", True, "")
    assert (await street.post("/api/v1/reports/1/answer", json={"text": "已清理"})).status_code == 409
    first = await community.post("/api/v1/reports/1/verify", json={"comment": "现场已看"})
    assert (first.status_code, first.json()["stage"]) == (200, "community_verified"), first.text
    assert (await community.post("/api/v1/reports/1/verify")).status_code == 403
    assert first.json()["community"]["name"] == "李四"
    assert await step(community) == ("street", False, "这一级由街道人员核实。")
    second = await street.post("/api/v1/reports/1/verify", json={"comment": "通道已清空"})
    assert (second.json()["stage"], second.json()["street"]["name"]) == ("street_verified", "王小明")
    assert await step(community) == ("answer", True, "")
    timeline = [entry["text"] for entry in (await admin.get("/api/v1/alerts/1")).json()["timeline"]]
    assert [sum(word in text for text in timeline) for word in ("现场已看", "通道已清空")] == [1, 1]
    done = (await community.post("/api/v1/reports/1/answer", json={"text": "已清理"})).json()
    assert (done["stage"], done["state"], done["answered_by"]["name"]) == ("answered", "closed", "李四")
    actions = [entry.action for entry in (await harness.database.read(lambda tx: audit.list_entries(tx, 9))).items]
    assert {"report verified by community", "report verified by street", "report answered"} <= set(actions)
    figures = (await admin.get("/api/v1/statistics/reports", params={"place": "garden"})).json()
    assert (figures["closing_rate"], figures["verified_by_street"], figures["by_category"]) == (1.0, 1, {"exit": 1})
    assert (await admin.get("/api/v1/statistics/reports", params={"place": "court"})).json()["closing_rate"] is None


async def test_a_gas_alarm_beside_a_report_is_proposed_on_both_and_kept_apart(
    harness: ConsoleHarness, admin: Client, anyone: Client
) -> None:
    await submit(anyone, category="gas")
    device = await harness.alert()  # a flat of the same building, later than the report
    await harness.alert(rule="water-leak", id="w", hazard="water")
    proposed = (await admin.get("/api/v1/alerts/1")).json()["proposals"]
    assert [(one["alert"], one["nearness"], one["source"]) for one in proposed] == [(device, "building", "device")]
    from_device = (await admin.get(f"/api/v1/alerts/{device}")).json()["proposals"]
    assert [one["alert"] for one in from_device] == ["1"]
    apart = await admin.post("/api/v1/reports/1/separate", json={"alert": device, "person": "w-li"})
    assert (apart.status_code, apart.json()["proposals"]) == (200, [])
    assert (await admin.get(f"/api/v1/alerts/{device}")).json()["proposals"] == []
    assert (await admin.post("/api/v1/reports/1/separate", json={"alert": "1"})).status_code == 422
    assert (await admin.post("/api/v1/reports/1/separate", json={"alert": "99"})).status_code == 404


async def test_two_neighbours_who_report_one_thing_are_proposed(admin: Client, anyone: Client) -> None:
    await submit(anyone, category="flood")
    await submit(anyone, category="flood", text="水更深了")
    assert [one["alert"] for one in (await admin.get("/api/v1/reports/2")).json()["proposals"]] == ["1"]


@pytest.mark.usefixtures("report")
async def test_a_number_is_erased_by_an_administrator(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    operator = await bearer("operator")
    assert (await operator.post("/api/v1/reports/erase", json={"phone": PHONE})).status_code == 403
    assert (await admin.post("/api/v1/reports/erase", json={"phone": f"+86 {PHONE}"})).json() == {"reports": 1}
    erased = (await admin.get("/api/v1/reports/1")).json()
    assert (erased["phone"], erased["erased"], erased["photos"]) == (None, True, [])
    entries = (await harness.database.read(lambda tx: audit.list_entries(tx, 1))).items
    assert (entries[0].action, entries[0].detail) == ("reports erased", {"reports": 1})


async def test_an_erased_reporter_leaves_no_word_in_the_database(
    harness: ConsoleHarness, admin: Client, anyone: Client, bearer: Callable[..., Any]
) -> None:
    duties = [Duty("d-8", "grid-3", "community", "w-li"), Duty("d-9", "grid-3", "street", "r-wang")]  # type: ignore[arg-type]
    await harness.database.write(lambda tx: registry.put_duties(tx, duties, T0))
    await harness.load_community()
    made = await submit(anyone, phone=PHONE, consent=True, text="张先生家门口", address="老槐树旁")
    worker, community, street = [await bearer("dispatcher", person=who) for who in ("w-zhang", "w-li", "r-wang")]
    for client, path in (
        (worker, "alerts/1/arrive"), (worker, "alerts/1/resolve"), (community, "reports/1/verify"),
        (street, "reports/1/verify"),
    ):  # fmt: skip
        assert (await client.post(f"/api/v1/{path}")).status_code == 200, path
    assert (await community.post("/api/v1/reports/1/answer", json={"text": "已清理"})).status_code == 200
    rating = f"/api/v1/report/status/{made.json()['path'].rpartition('/')[2]}/rating"
    assert (await anyone.post(rating, json={"satisfied": True, "text": "谢谢小李"})).status_code == 200
    event = {"type": "t", "subject": "case:1", "alert": 1, "at": T0, "data": {"text": "张先生家门口"}}
    await harness.database.write(lambda tx: tx.execute(insert(exchange_events), event))
    assert (await admin.post("/api/v1/reports/erase", json={"phone": PHONE})).json() == {"reports": 1}

    def everything(tx: Any) -> str:
        tables = [name for (name,) in tx.exec_driver_sql("select name from sqlite_master where type = 'table'")]
        rows = [tuple(row) for name in tables for row in tx.exec_driver_sql(f'select * from "{name}"')]
        return str(rows).encode().decode("unicode_escape").encode("utf-8", "replace").decode() + str(rows)

    left = await harness.database.read(everything)
    assert [word for word in (PHONE, "张先生家门口", "老槐树旁", "谢谢小李") if word in left] == []
    assert "（已按本人要求删除）" in left


async def test_lists_are_filtered_and_limited_to_a_place(anyone: Client, bearer: Callable[..., Any]) -> None:
    await submit(anyone)
    await submit(anyone, category="lamp", place="court")
    here = await bearer("operator", place="court")
    assert [one["id"] for one in (await here.get("/api/v1/reports")).json()["items"]] == ["2"]
    assert (await here.get("/api/v1/reports/1")).status_code == 404
    all_of = await bearer("operator")
    for query, expected in (
        ({"category": "lamp"}, ["2"]),
        ({"state": "open"}, ["2", "1"]),
        ({"answered": "true"}, []),
        ({"answered": "false", "limit": "1"}, ["2"]),
        ({"since": "2026-11-22T00:00:00+08:00"}, []),
    ):
        listed = (await all_of.get("/api/v1/reports", params=query)).json()
        assert [one["id"] for one in listed["items"]] == expected, query
    page = (await all_of.get("/api/v1/reports", params={"limit": 1})).json()
    rest = (await all_of.get("/api/v1/reports", params={"limit": 1, "next": page["next"]})).json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (["1"], None)
    assert (await all_of.get("/api/v1/reports/x")).status_code == 404


async def test_a_report_that_nobody_answers_is_counted_as_overdue(
    harness: ConsoleHarness, anyone: Client, admin: Client
) -> None:
    await anyone.post("/api/v1/report", json=REPORT)
    harness.now += 4 * DAY
    assert (await admin.get("/api/v1/statistics/reports")).json()["overdue"] == 1
    assert [one["overdue"] for one in (await admin.get("/api/v1/reports")).json()["items"]] == [True]


async def test_an_answer_with_a_photo_that_is_none_is_refused(anyone: Client, admin: Client) -> None:
    await submit(anyone)
    refused = await admin.post("/api/v1/reports/1/answer", data={"text": "已清理"}, files=files(b"none"))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "photos[0]")


async def test_a_report_merged_into_the_gas_alarm_is_verified_and_answered_with_it(
    harness: ConsoleHarness, admin: Client, anyone: Client
) -> None:
    made = await submit(anyone, category="gas", place="b3")
    device = await harness.alert()
    merged = await admin.post("/api/v1/reports/1/merge", json={"alert": device, "person": "w-li"})
    assert (merged.status_code, merged.json()["work"], merged.json()["alert"]) == (200, device, "1"), merged.text
    assert (await admin.get("/api/v1/alerts/1")).json()["merged_into"] == device
    assert (await admin.post("/api/v1/reports/1/merge", json={"alert": "1"})).status_code == 409
    await admin.post(f"/api/v1/alerts/{device}/arrive", json={"person": "w-zhang"})
    status = await anyone.get(f"/api/v1/report/status/{made.json()['path'].rpartition('/')[2]}")
    assert status.json()["stage"] == "on_site"
    assert (await admin.get("/api/v1/statistics/reports")).json()["merged"] == 1

"""A spreadsheet is shown before it is imported: what it changes, its faults, the gaps it brings, and in whose name."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from console import import_messages_zh as words
from tests.support.console_harness import Client, ConsoleHarness

DUTIES, PEOPLE = "/api/v1/imports/duties", "/api/v1/imports/people"
LINES = "网格,岗位,人员,上班,下班\n第三网格,网格员,李四,08:00,20:00\n"


def file(text: str, **more: Any) -> dict[str, Any]:
    return {"name": "12月.csv", "content": base64.b64encode(text.encode()).decode(), **more}


async def test_the_preview_changes_nothing_and_the_import_does_what_it_showed(
    harness: ConsoleHarness, admin: Client
) -> None:
    seen = (await admin.post(f"{DUTIES}/preview", json=file(LINES, replace_lines=True))).json()
    assert (seen["created"], seen["removed"], seen["unchanged"], seen["faults"]) == (1, 1, 0, [])
    added, removed = seen["changes"]
    assert (added["change"], added["title"]) == ("created", "第三网格 网格员 李四")
    assert {"field": "上班", "before": "", "after": "08:00"} in added["fields"]
    assert (removed["change"], removed["id"]) == ("removed", "d-1")
    assert {(one["cell"], one["role"]) for one in seen["gaps"]} == set()
    assert len((await admin.get("/api/v1/rosters")).json()["items"]) == 2

    body = file(LINES, replace_lines=True, preview=seen["preview"])
    imported = await admin.post(DUTIES, json=body)
    assert (imported.status_code, imported.json()["created"], imported.json()["removed"]) == (200, 1, 1), imported.text
    lines = {one["id"]: one["person"] for one in (await admin.get("/api/v1/rosters")).json()["items"]}
    assert lines == {"d-2": "w-li", "grid-3-worker-w-li": "w-li"}
    (entry,) = (await admin.get("/api/v1/audit", params={"action": "duties imported"})).json()["items"]
    assert (entry["detail"]["file"], entry["detail"]["created"], entry["detail"]["removed"]) == ("12月.csv", 1, 1)
    again = await admin.post(DUTIES, json=body)
    assert (again.status_code, again.json()["detail"]) == (409, words.NOTHING_TO_DO)


async def test_an_import_that_would_leave_hours_without_anybody_shows_them(admin: Client) -> None:
    away = "编号,网格,岗位,人员,截止\nd-1,第三网格,网格员,张三,2026-11-24\n"
    seen = (await admin.post(f"{DUTIES}/preview", json=file(away))).json()
    assert [(one["change"], one["id"]) for one in seen["changes"]] == [("updated", "d-1")]
    assert [(one["cell"], one["role"], one["from"][:16]) for one in seen["gaps"]] == [
        ("grid-3", "worker", "2026-11-25T00:00")
    ]


async def test_an_import_reads_only_what_it_changes_while_alerts_wait_for_its_transaction(
    harness: ConsoleHarness, admin: Client
) -> None:
    proof = (await admin.post(f"{DUTIES}/preview", json=file(LINES, replace_lines=True))).json()["preview"]
    in_writes: list[str] = []

    def note(_tx: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if threading.current_thread().name.startswith("database-write"):
            in_writes.append(statement)

    event.listen(harness.database._engine, "before_cursor_execute", note)
    imported = await admin.post(DUTIES, json=file(LINES, replace_lines=True, preview=proof))
    assert imported.status_code == 200
    assert any("duties" in statement for statement in in_writes)
    reads = [one for one in in_writes if one.startswith("SELECT") and "WHERE" not in one]
    assert reads == []


async def test_what_changed_between_preview_and_import_is_refused(admin: Client) -> None:
    proof = (await admin.post(f"{DUTIES}/preview", json=file(LINES, replace_lines=True))).json()["preview"]
    await admin.patch("/api/v1/rosters/d-1", json={"rank": 1})
    stale = await admin.post(DUTIES, json=file(LINES, replace_lines=True, preview=proof))
    assert (stale.status_code, stale.json()["detail"]) == (409, words.CHANGED_SINCE)
    unseen = await admin.post(DUTIES, json=file(LINES))
    assert unseen.status_code == 409
    other = await admin.post(DUTIES, json=file(LINES.replace("李四", "张三"), preview=proof))
    assert other.status_code == 409


async def test_faults_are_shown_at_their_cells_and_nothing_can_be_imported(admin: Client) -> None:
    wrong = file("编号,姓名,手机\nw-9,赵六,abc\n")
    seen = (await admin.post(f"{PEOPLE}/preview", json=wrong)).json()
    assert seen["preview"] is None
    assert [(one["cell"], one["field"]) for one in seen["faults"]] == [("C2", "手机")]
    refused = await admin.post(PEOPLE, json=wrong)
    assert (refused.status_code, [one["field"] for one in refused.json()["errors"]]) == (422, ["C2 手机"])
    assert (await admin.post(f"{PEOPLE}/preview", json={"name": "x", "content": "%"})).status_code == 422


async def test_people_are_added_and_the_reading_of_residents_is_audited(admin: Client) -> None:
    text = "编号,姓名,手机\nw-9,赵六,19900000009\nr-wang,王小明,19900002222\n"
    seen = (await admin.post(f"{PEOPLE}/preview", json=file(text))).json()
    assert [(one["change"], one["title"]) for one in seen["changes"]] == [("created", "赵六"), ("updated", "王小明")]
    assert seen["changes"][1]["fields"] == [{"field": "手机", "before": "19900001111", "after": "19900002222"}]
    reads = (await admin.get("/api/v1/audit", params={"action": "personal data read"})).json()["items"]
    assert [entry["detail"]["people"] for entry in reads] == ["r-wang"]
    assert (await admin.post(PEOPLE, json=file(text, preview=seen["preview"]))).json()["created"] == 1
    assert (await admin.get("/api/v1/people/w-9")).json()["phone"] == "19900000009"


async def test_a_dispatcher_imports_lines_in_his_name_and_no_people(admin: Client, bearer: Callable[..., Any]) -> None:
    shared = (await admin.post("/api/v1/tokens", json={"role": "dispatcher", "people": ["w-li"]})).json()
    dispatcher = await bearer("dispatcher")
    assert (await dispatcher.post(f"{PEOPLE}/preview", json=file(LINES))).status_code == 403
    assert (await (await bearer("operator")).post(f"{DUTIES}/preview", json=file(LINES))).status_code == 403
    desk = {"authorization": f"Bearer {shared['token']}"}
    proof = (await dispatcher.post(f"{DUTIES}/preview", json=file(LINES), headers=desk)).json()["preview"]
    body = file(LINES, preview=proof, person="w-li")
    wrong = await dispatcher.post(DUTIES, json={**body, "pin": "00000000"}, headers=desk)
    assert wrong.status_code == 403
    done = await dispatcher.post(DUTIES, json={**body, "pin": shared["pins"]["w-li"]}, headers=desk)
    assert (done.status_code, done.json()["by"]) == (200, "李四"), done.text

"""A person is erased everywhere his data stands, and not while it is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from sqlalchemy import insert

from app.cli.main import main
from store.database.alerts.tables import reply_codes
from store.database.metadata import metadata
from store.database.registry.tables import calendar_links
from store.database.system import users
from store.database.system.tables import rulebook_versions
from tests.support.console_harness import Client, ConsoleHarness, client_of


async def test_a_person_is_erased_from_registry_alerts_and_messages(harness: ConsoleHarness, admin: Client) -> None:
    alert = await harness.alert()
    comment = {"comment": "王小明已撤出，电话19900001111"}
    assert (await admin.post(f"/api/v1/alerts/{alert}/comment", json=comment)).status_code == 200
    refused = await admin.post("/api/v1/people/r-wang/erase")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        f"编号为{alert}的告警还没有办结，和这个人有关，办结后再删除。",
    )
    for action in ("acknowledge", "resolve"):
        done = await admin.post(f"/api/v1/alerts/{alert}/{action}", json={"person": "w-li", "disposition": "real"})
        assert done.status_code == 200, done.text
    erased = await admin.post("/api/v1/people/r-wang/erase")
    assert erased.json() == {"id": "r-wang", "alerts": 1}
    for table in ("people", "alerts", "timeline", "deliveries", "audit"):
        rows = await harness.database.read(lambda tx, table=table: list(tx.exec_driver_sql(f"select * from {table}")))
        assert not [row for row in rows if "王小明" in str(row) or "19900001111" in str(row)], table
    timeline = (await admin.get(f"/api/v1/alerts/{alert}")).json()["timeline"]
    assert any("（已删除）已撤出，电话（已删除）" in entry["text"] for entry in timeline), timeline
    assert (await admin.get("/api/v1/people/r-wang")).status_code == 404
    assert (await admin.post("/api/v1/people/r-wang/erase")).status_code == 404
    trail = (await admin.get("/api/v1/audit?about=r-wang&action=personal data erased")).json()["items"]
    assert [one["detail"] for one in trail] == [{"people": "r-wang", "alerts": 1}]


async def test_nothing_of_a_worker_who_left_opens_anything_or_names_him(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    left = {"id": "w-sun", "name": "孙悟空", "phone": "19955556666"}
    assert (await admin.post("/api/v1/people", json=left)).status_code == 201
    account = {"id": "sun", "name": "孙悟空", "role": "operator", "person": "w-sun"}
    assert (await admin.post("/api/v1/users", json=account)).status_code == 201
    own = await bearer("worker", person="w-sun")
    shared = (await admin.post("/api/v1/tokens", json={"role": "operator", "people": ["w-sun", "w-li"]})).json()

    def leave_traces(tx: Any) -> None:
        users.change(tx, "sun", subject="sub-of-sun")
        rows: list[tuple[Any, dict[str, Any]]] = [
            (reply_codes, {"phone": "19955556666", "number": 1, "alert": int(alert), "person": "w-sun", "since": 1}),
            (calendar_links, {"token": "x", "person": "w-sun", "made_at": 1, "made_by": "admin"}),
            (rulebook_versions, {"book": "gas", "at": 1, "action": "published", "by": "w-sun", "by_name": "孙悟空",
                                 "reason": "误报", "etag": "", "text": "", "trials": ""}),
        ]  # fmt: skip
        for table, values in rows:
            tx.execute(insert(table).values(**values))

    alert = await harness.alert()
    await harness.database.write(leave_traces)
    silence = {"matchers": {"device": "gas-402"}, "until": "2026-11-21T23:00:00+08:00", "reason": "换电池"}
    silence |= {"person": "w-sun"}
    assert (await admin.post("/api/v1/silences", json=silence)).status_code == 201
    time_off = {"kind": "leave", "person": "w-sun", "from": "2026-12-01T08:00:00+08:00", "leave": "病假"}
    time_off |= {"until": "2026-12-02T08:00:00+08:00", "reason": "腰椎手术"}
    assert (await admin.post("/api/v1/rosters/overrides", json=time_off)).status_code == 201

    assert (await admin.post("/api/v1/people/w-sun/erase")).status_code == 200
    traces = ("孙悟空", "19955556666", "sub-of-sun", "病假", "腰椎手术")
    tables = await harness.database.read(lambda tx: list(tx.exec_driver_sql("select name from sqlite_master")))
    for (table,) in tables:
        if table == "people" or table in metadata.tables:
            rows = await harness.database.read(
                lambda tx, table=table: list(tx.exec_driver_sql(f'select * from "{table}"'))
            )
            assert not [word for word in traces if word in str(rows)], (table, rows)
    assert (await own.get("/api/v1/alerts")).status_code == 401
    (user,) = (await admin.get("/api/v1/users")).json()["items"]
    assert (user["disabled_at"] is None, user["person"]) == (False, None)
    await admin.post("/api/v1/people", json={**left, "name": "另一个人"})
    async with client_of(harness.app, authorization=f"Bearer {shared['token']}") as desk:
        acting = {"person": "w-sun", "pin": shared["pins"]["w-sun"]}
        assert (await desk.post(f"/api/v1/alerts/{alert}/acknowledge", json=acting)).status_code == 403
        acting = {"person": "w-li", "pin": shared["pins"]["w-li"]}
        assert (await desk.post(f"/api/v1/alerts/{alert}/acknowledge", json=acting)).status_code == 200


async def test_who_has_taken_an_alert_that_is_not_settled_stays(harness: ConsoleHarness, admin: Client) -> None:
    """He stands on no roster any more, and everybody reads that he is on his way."""
    left = {"id": "w-sun", "name": "孙悟空", "phone": "19955556666"}
    assert (await admin.post("/api/v1/people", json=left)).status_code == 201
    alert = await harness.alert()
    taken = await admin.post(f"/api/v1/alerts/{alert}/acknowledge", json={"person": "w-sun"})
    assert taken.status_code == 200, taken.text
    refused = await admin.post("/api/v1/people/w-sun/erase")
    assert (refused.status_code, f"编号为{alert}的告警还没有办结" in refused.json()["detail"]) == (409, True)


async def test_the_last_administrator_is_not_erased(harness: ConsoleHarness, admin: Client) -> None:
    boss = users.User("boss", "主任", "administrator", person="r-wang")
    await harness.database.write(lambda tx: users.create(tx, boss))
    refused = await admin.post("/api/v1/people/r-wang/erase")
    assert (refused.status_code, "最后一个" in refused.json()["detail"]) == (409, True)
    assert (await admin.get("/api/v1/people/r-wang")).status_code == 200
    await harness.database.write(lambda tx: users.create(tx, users.User("other", "副主任", "administrator")))
    assert (await admin.post("/api/v1/people/r-wang/erase")).status_code == 200


async def test_who_is_on_a_roster_stays(admin: Client) -> None:
    refused = await admin.post("/api/v1/people/w-zhang/erase")
    assert (refused.status_code, "先换人" in refused.json()["detail"]) == (409, True)


def test_the_command_needs_a_service(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["people", "erase", "r-wang", "--data", str(tmp_path)])
    assert (result.exit_code, "no service runs" in result.output) == (1, True)

"""`/drills`: start, result, end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.config.catalog import load_roles
from domain import SECOND
from tests.support.console_harness import T0, Client, ConsoleHarness


async def test_a_drill_is_started_answered_and_ended_and_its_result_lists_who_answered_when(
    harness: ConsoleHarness, admin: Client
) -> None:
    harness.desk.escalator.outbox.roles = load_roles()
    names = [one["name"] for one in (await admin.get("/api/v1/drills/scenarios")).json()["items"]]
    assert names[0] == "gas-leak"
    started = await admin.post("/api/v1/drills", json={"hazard": "gas", "place": "b3-402", "text": "十一月演练"})
    assert started.status_code == 201, started.text
    drill = started.json()
    assert (drill["title"], drill["ended_at"]) == ("演练：燃气泄漏", None)
    assert [(one["name"], one["role"]) for one in drill["responses"]] == [("张三", "worker")]

    harness.now = T0 + 45 * SECOND
    alert = drill["id"]
    assert (await admin.post(f"/api/v1/alerts/{alert}/acknowledge", json={"person": "w-zhang"})).status_code == 200
    harness.now = T0 + 300 * SECOND
    ended = (await admin.post(f"/api/v1/drills/{alert}/end")).json()
    assert ended["state"] == "closed"
    assert ended["acknowledged_ms"] == 45_000
    assert ended["responses"][0]["answer"] == "acknowledge"
    assert ended["responses"][0]["answer_ms"] == 45_000
    assert ended["ended_at"] == "2026-11-21T22:10:00.000+08:00"
    assert (await admin.get(f"/api/v1/drills/{alert}")).json() == ended
    statistics = (await admin.get("/api/v1/statistics", params={"from": "2026-11-21T00:00:00+08:00"})).json()
    assert (statistics["cases"]["opened"], statistics["exercises"]["opened"]) == (0, 1)


async def test_what_is_no_scenario_no_place_or_no_drill_is_refused(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    real = await harness.alert()
    assert (await admin.get(f"/api/v1/drills/{real}")).status_code == 404
    assert (await admin.post(f"/api/v1/drills/{real}/end")).status_code == 404
    assert (await admin.post("/api/v1/drills", json={"scenario": "earthquake"})).status_code == 422
    assert (await admin.post("/api/v1/drills", json={"hazard": "gas", "place": "nowhere"})).status_code == 422
    dispatcher, operator = await bearer("dispatcher", place="court"), await bearer("operator")
    assert (await dispatcher.post("/api/v1/drills", json={"hazard": "gas", "place": "b3-402"})).status_code == 403
    assert (await dispatcher.post("/api/v1/drills", json={"hazard": "gas"})).status_code == 422
    assert (await operator.post("/api/v1/drills", json={"hazard": "gas"})).status_code == 403

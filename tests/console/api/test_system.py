"""`/system`: the health of the service, for those who run it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.console_harness import Client, ConsoleHarness


async def test_the_health_of_the_service_names_what_is_wrong(harness: ConsoleHarness, admin: Client) -> None:
    state = (await admin.get("/api/v1/system")).json()
    wrong = [check["name"] for check in state["checks"] if check["state"] != "good"]
    assert wrong == ["drill"]
    assert (state["version"], state["rulebooks"], state["registry_version"]) == ("0.1.0", "gas@3", 7)
    assert (state["devices_total"], state["devices"]["offline"], state["last_drill_at"]) == (2, 0, None)
    await harness.alert()
    messages = {check["name"]: check for check in (await admin.get("/api/v1/system")).json()["checks"]}
    assert messages["outbox"]["state"] == "good"


async def test_a_message_that_waits_for_minutes_is_bad(harness: ConsoleHarness, admin: Client) -> None:
    await harness.alert()
    harness.now += 6 * 60_000
    checks = {check["name"]: check for check in (await admin.get("/api/v1/system")).json()["checks"]}
    assert (checks["outbox"]["state"], checks["outbox"]["value"]) == ("bad", 360)


async def test_only_dispatchers_and_administrators_of_the_whole_site_may_see_it(bearer: Callable[..., Any]) -> None:
    statuses = {}
    for role in ("viewer", "worker", "operator", "dispatcher", "administrator"):
        statuses[role] = (await (await bearer(role)).get("/api/v1/system")).status_code
    assert statuses == {"viewer": 403, "worker": 403, "operator": 403, "dispatcher": 200, "administrator": 200}
    assert (await (await bearer("dispatcher", place="garden")).get("/api/v1/system")).status_code == 403

"""`/rules` and `/kinds`."""

from __future__ import annotations

from msgspec.structs import replace

from tests.support.console_harness import ADMIN, Client, ConsoleHarness, client_of, gas_rule


async def test_rules_have_their_source_and_kinds_their_units(admin: Client) -> None:
    rules = (await admin.get("/api/v1/rules")).json()["items"]
    kinds = {one["kind"]: one for one in (await admin.get("/api/v1/kinds")).json()["items"]}

    assert [(one["name"], one["source"], one["state"]) for one in rules] == [
        ("gas-alarm", "device's own verdict", "active")
    ]
    assert (await admin.get("/api/v1/rules?kind=bin")).json()["items"] == []
    assert (await admin.get("/api/v1/rules?hazard=gas&kind=gas_alarm")).json()["items"] == rules
    assert kinds["gas_alarm"]["quantities"]["lel_pct"]["unit"] == "%LEL"
    assert "battery_pct" in kinds["door"]["quantities"]


async def test_a_rule_about_every_kind_is_listed_for_each(harness: ConsoleHarness) -> None:
    app = harness.app_with(rules={"summaries": lambda: (replace(gas_rule(), kinds=("any",)),)})
    async with client_of(app, authorization=f"Bearer {ADMIN}") as client:
        assert len((await client.get("/api/v1/rules?kind=bin")).json()["items"]) == 1


async def test_for_a_device_only_rules_that_may_start_are_listed(harness: ConsoleHarness) -> None:
    async with client_of(
        harness.app_with(rules={"startable": lambda device: {"gas-alarm"} if device == "gas-402" else set()}),
        authorization=f"Bearer {ADMIN}",
    ) as client:
        found = [
            [rule["name"] for rule in (await client.get(f"/api/v1/rules?device={device}")).json()["items"]]
            for device in ("gas-402", "band-101")
        ]
        assert found == [["gas-alarm"], []]
        assert (await client.get("/api/v1/rules?device=nobody")).status_code == 404


async def test_how_often_a_rule_reported_is_counted_with_what_it_reported_in_shadow(harness: ConsoleHarness) -> None:
    await harness.load_community()
    await harness.alert()
    app = harness.app_with(rules={"shadow_counts": lambda: {"gas-alarm": {"began": 2}}})
    async with client_of(app, authorization=f"Bearer {ADMIN}") as client:
        (gas,) = (await client.get("/api/v1/rules/activity?days=7")).json()["items"]
        assert (gas["rule"], gas["found"], gas["active"], gas["latched"]) == ("gas-alarm", 1, 1, 0)
        assert (gas["shadow"], gas["last_at"][:10]) == ({"began": 2}, "2026-11-21")
        assert (await client.get("/api/v1/rules/activity?days=0")).status_code == 422

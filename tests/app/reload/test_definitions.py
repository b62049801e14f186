"""A new kind, its mapping and its rules are added while the service runs; a faulty file blocks no other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.config.faults import ConfigError
from rules.tools.explain import explain
from tests.conftest import Broker
from tests.support.rulebook_harness import GAS, RulebookHarness

KIND = """\
kind: tunnel
name: {zh: 隧道积水, en: Tunnel}
urgent: true
report_every: 1h
quantities:
  flooded: {type: bool, danger: true, name: {zh: 积水, en: Flooded}}
  depth_mm: {type: number, unit: mm, min: 0, max: 5000, name: {zh: 水深, en: Depth}}
"""
MAPPING = "platform: zigbee2mqtt\nversion: 1\nmodels:\n- models: [TN-1]\n  kind: tunnel\n  fields: {wet: flooded}\n"
BOOK = """\
hazard: manhole
version: 1
rules:
- name: tunnel-flooded
  title: {zh: 隧道积水, en: Tunnel flooded}
  kind: tunnel
  severity: high
  when: flooded or depth_mm >= 300
  source: test
"""
TUNNEL = {
    "id": "tn-1",
    "kind": "tunnel",
    "model": "TN-1",
    "place": "h402",
    "identities": [{"platform": "zigbee2mqtt", "id": "tunnel one"}],
}


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[RulebookHarness]:
    async with RulebookHarness(tmp_path / "data", broker.port, free_port()) as running:
        yield running


def add_tunnel_kind(harness: RulebookHarness) -> None:
    harness.save_file(KIND, "../kinds/tunnel.yaml")
    harness.save_file(MAPPING, "../mappings/tunnel.yaml")
    harness.save_file(BOOK, "tunnel.yaml")


async def send(harness: RulebookHarness, **values: object) -> None:
    before = harness.service.processing.pipeline.counters.readings
    await harness.publish("zigbee2mqtt/tunnel one", values)
    await harness.until(lambda: harness.service.processing.pipeline.counters.readings > before, "the reading")


async def rules(harness: RulebookHarness) -> set[str]:
    return {alert["rule"] for alert in await harness.items("/api/v1/alerts")}


async def test_a_rulebook_for_a_new_kind_blocked_every_edit_of_rules_until_a_restart(harness: RulebookHarness) -> None:
    add_tunnel_kind(harness)
    assert "tunnel-flooded" in (await harness.service.rulebook_reloader.poll()).added
    assert "tunnel" in {kind["kind"] for kind in await harness.items("/api/v1/kinds")}
    assert (await harness.api.put("/api/v1/devices/tn-1", json=TUNNEL)).status_code == 201
    await send(harness, wet=True)
    await harness.until_items("/api/v1/alerts")
    assert await rules(harness) == {"tunnel-flooded"}
    assert "tunnel" in harness.service.processing.decoder.urgent_kinds


async def test_a_device_registered_before_its_kind_is_evaluated_when_the_kind_is_added(
    harness: RulebookHarness,
) -> None:
    add_tunnel_kind(harness)
    await harness.service.rulebook_reloader.poll()
    await harness.api.put("/api/v1/devices/tn-1", json=TUNNEL)
    harness.save_file(KIND.replace("max: 5000", "max: 9000"), "../kinds/tunnel.yaml")
    await harness.service.rulebook_reloader.poll()
    await send(harness, depth_mm=7000)
    await harness.until_items("/api/v1/alerts")
    assert await rules(harness) == {"tunnel-flooded"}


async def test_a_faulty_file_keeps_its_last_good_version_and_blocks_no_other(harness: RulebookHarness) -> None:
    add_tunnel_kind(harness)
    await harness.service.rulebook_reloader.poll()
    harness.save_file(KIND.replace("type: bool", "type: boll"), "../kinds/tunnel.yaml")
    harness.save_file(MAPPING.replace("wet: flooded", "wet: flooded, deep: depth_mmm"), "../mappings/tunnel.yaml")
    harness.save_file(GAS.replace("when: co_ppm >= 50", "when: co_ppm >= 60"))
    with pytest.raises(ConfigError) as refused:
        await harness.service.rulebook_reloader.reload()
    assert {Path(fault.file).parent.name for fault in refused.value.faults} == {"kinds", "mappings"}
    assert "60" in str(harness.service.processing.engine.rulesets["gas_alarm"].by_name["gas-co"].rule.when)
    await harness.api.put("/api/v1/devices/tn-1", json=TUNNEL)
    await send(harness, wet=True)
    await harness.until_items("/api/v1/alerts", 2)
    assert await rules(harness) == {"tunnel-flooded", "rulebook-refused"}


async def test_a_kind_that_a_rule_still_needs_stays_and_is_reported(harness: RulebookHarness) -> None:
    add_tunnel_kind(harness)
    await harness.service.rulebook_reloader.poll()
    harness.save_file(KIND.replace("depth_mm:", "depth_cm:"), "../kinds/tunnel.yaml")
    with pytest.raises(ConfigError, match=r"the kind before it stays, for tunnel\.yaml asks of it"):
        await harness.service.rulebook_reloader.reload()
    assert "depth_mm" in harness.service.processing.kinds["tunnel"].quantities

    harness.save_file(BOOK.replace("depth_mm", "depth_cm"), "tunnel.yaml")
    harness.save_file(MAPPING.replace("wet: flooded", "wet: flooded, deep: depth_cm"), "../mappings/tunnel.yaml")
    assert "tunnel-flooded" in (await harness.service.rulebook_reloader.reload()).changed


async def test_a_kind_removed_with_its_rules_ends_active_findings_and_evaluates_nothing(
    harness: RulebookHarness,
) -> None:
    add_tunnel_kind(harness)
    await harness.service.rulebook_reloader.poll()
    await harness.api.put("/api/v1/devices/tn-1", json=TUNNEL)
    await send(harness, wet=True)
    await harness.until_items("/api/v1/alerts")
    for file in ("kinds/tunnel.yaml", "mappings/tunnel.yaml", "rules/tunnel.yaml"):
        (harness.rules.parent / file).unlink()
    assert "tunnel-flooded" in (await harness.service.rulebook_reloader.poll()).removed
    await harness.until_timeline_has("unjudged")
    assert harness.service.processing.engine.states["tn-1"].ruleset.by_name == {}


async def test_two_rulebooks_with_the_same_rule_are_not_both_applied(harness: RulebookHarness) -> None:
    harness.save_file(BOOK.replace("tunnel-flooded", "gas-low").replace("kind: tunnel", "kind: manhole"), "x.yaml")
    with pytest.raises(ConfigError, match="gas-low is already a rule"):
        await harness.service.rulebook_reloader.reload()
    assert "gas-low" in harness.service.processing.engine.rulesets["gas_alarm"].by_name


async def test_after_kill_9_the_journal_is_evaluated_by_the_kinds_of_its_day(harness: RulebookHarness) -> None:
    add_tunnel_kind(harness)
    await harness.service.rulebook_reloader.poll()
    await harness.api.put("/api/v1/devices/tn-1", json=TUNNEL)
    await send(harness, wet=True)
    await harness.crash()
    for file in ("../kinds/tunnel.yaml", "../mappings/tunnel.yaml"):
        harness.save_file("kind: [", file)
    await harness.start()
    await harness.until_items("/api/v1/alerts", 2)
    assert await rules(harness) == {"tunnel-flooded", "rulebook-refused"}
    await send(harness, wet=False, depth_mm=0)
    assert explain(harness.service.processing.engine, "tunnel-flooded", "tn-1")["phase"] in ("clearing", "quiet")

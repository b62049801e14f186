"""Rulebooks are changed while the service runs: on a real broker, real files, with a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.config.catalog import RULEBOOKS
from app.config.faults import ConfigError
from rules.rulebook.diff import RulebookDiff
from store.journal import MarkKind
from tests.conftest import Broker
from tests.support.rulebook_harness import GAS, RulebookHarness


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[RulebookHarness]:
    async with RulebookHarness(tmp_path / "data", broker.port, free_port()) as running:
        yield running


def limit(text: str, of: int, version: int = 2) -> str:
    """The gas book with another limit for gas-low."""
    lines = f"  when: lel_pct >= {of}\n  clear: lel_pct < {of - 4}\n"
    changed = text.replace("version: 1", f"version: {version}")
    return changed.replace("  when: lel_pct >= 10\n  clear: lel_pct < 6\n", lines)


async def stands(harness: RulebookHarness, lel_pct: float = 12) -> None:
    """Thirty seconds over the limit: gas-low is notified."""
    await harness.receives(lel_pct=lel_pct)
    await harness.fast_forward(minutes=0.6)
    await harness.until_items("/api/v1/alerts")


async def test_a_limit_is_raised_during_an_alarm_and_the_next_reading_decides(harness: RulebookHarness) -> None:
    await stands(harness)
    harness.save_file(limit(GAS, 20))
    assert "gas-low" in (await harness.service.rulebook_reloader.poll()).changed
    assert harness.phase("gas-low") == "firing"
    assert "recovered" not in await harness.timeline()

    await harness.receives(lel_pct=15)
    assert harness.phase("gas-low") == "clearing"
    marks = [mark for mark in harness.stores.journal.marks() if mark.kind is MarkKind.RULEBOOK]
    assert "gas@2" in marks[-1].detail


async def test_a_hold_continues_over_a_change_of_another_rule(harness: RulebookHarness) -> None:
    await harness.receives(lel_pct=12)
    await harness.fast_forward(minutes=0.3)
    harness.save_file(GAS.replace("when: co_ppm >= 50", "when: co_ppm >= 60"))
    assert (await harness.service.rulebook_reloader.poll()).changed == ("gas-co",)
    assert harness.phase("gas-low") == "pending"
    await harness.fast_forward(minutes=0.3)
    (alert,) = await harness.until_items("/api/v1/alerts")
    assert alert["rule"] == "gas-low"


async def test_a_rulebook_with_faults_is_reported_and_not_applied_until_it_is_corrected(
    harness: RulebookHarness,
) -> None:
    harness.save_file(GAS.replace("lel_pct >= 25", "lel_pct > = 25").replace("hold: 30s", "hold: soon", 1))
    with pytest.raises(ConfigError) as refused:
        await harness.service.rulebook_reloader.reload()
    assert [Path(fault.file).name for fault in refused.value.faults] == ["gas.yaml"] * 2
    (alert,) = await harness.until_items("/api/v1/alerts?ledger=health")
    assert (alert["rule"], alert["title"]) == ("rulebook-refused", "规则文件有错，仍按旧规则判断")
    assert "gas.yaml:" in alert["evidence"][0]["value"]

    await harness.receives(lel_pct=40)
    await harness.fast_forward(minutes=0.3)
    assert {"gas-high"} == {one["rule"] for one in await harness.until_items("/api/v1/alerts?ledger=danger")}
    assert await harness.service.rulebook_reloader.poll() == RulebookDiff((), (), ())

    harness.save_file(GAS)
    await harness.service.rulebook_reloader.poll()
    await harness.until_state(alert["id"], "closed")


async def test_corrected_rulebooks_and_a_writable_disk_after_a_restart_end_their_alerts(
    harness: RulebookHarness,
) -> None:
    await harness.receives(lel_pct=1)
    harness.save_file(GAS.replace("hold: 30s", "hold: soon", 1))
    await harness.service.rulebook_reloader.poll()
    harness.service.self_monitoring.journal_write_failed(harness.clock.now, None, "disk full")
    both = await harness.until_items("/api/v1/alerts?ledger=health", 2)
    await harness.stop()
    await harness.start()
    await harness.until_state(next(one["id"] for one in both if one["rule"] == "journal-refused"), "closed")
    books = next(one["id"] for one in both if one["rule"] == "rulebook-refused")
    assert (await harness.get(f"/api/v1/alerts/{books}"))["state"] == "open"

    await harness.stop()
    harness.save_file(GAS)
    await harness.start()
    await harness.until_state(books, "closed")
    assert len(await harness.items("/api/v1/alerts?ledger=health")) == 2


async def test_a_new_rulebook_is_evaluated_and_a_removed_one_ends_its_findings(harness: RulebookHarness) -> None:
    book = GAS.split("rules:\n")[0] + (
        "rules:\n- {name: kitchen, title: {zh: 厨房, en: kitchen}, kind: gas_alarm, severity: high, when: lel_pct >= 3,"
        " source: test}\n"
    )
    harness.save_file(book, "kitchen.yaml")
    assert (await harness.service.rulebook_reloader.poll()).added == ("kitchen",)
    await harness.receives(lel_pct=4)
    (alert,) = await harness.until_items("/api/v1/alerts")
    assert alert["rule"] == "kitchen"
    assert "kitchen" in {rule["name"] for rule in await harness.items("/api/v1/rules")}

    (harness.rules / "kitchen.yaml").unlink()
    assert (await harness.service.rulebook_reloader.poll()).removed == ("kitchen",)
    assert {"unjudged"} == {"unjudged", "recovered"} & set(await harness.timeline())
    assert "kitchen" not in {rule["name"] for rule in await harness.items("/api/v1/rules")}


async def test_a_rulebook_may_not_refer_to_a_finding_that_no_rulebook_makes(harness: RulebookHarness) -> None:
    (harness.rules / "fire.yaml").write_text(
        (RULEBOOKS / "fire.yaml").read_text("utf-8").replace("[ebike-lift]", "[ebike-lifts]"), "utf-8"
    )
    with pytest.raises(ConfigError, match="no rule ebike-lifts in any book: write ebike-lift"):
        await harness.service.rulebook_reloader.reload()


async def test_a_change_that_fails_in_the_engine_is_reported_and_ends_no_evaluation(
    harness: RulebookHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_books: object) -> None:
        raise TypeError("nobody thought of this")

    with monkeypatch.context() as broken:
        broken.setattr(harness.service.processing.engine, "reload", breaks)
        harness.save_file(limit(GAS, 20))
        assert await harness.service.rulebook_reloader.poll() == RulebookDiff((), (), ())
    (alert,) = await harness.until_items("/api/v1/alerts?ledger=health")
    assert "nobody thought of this" in alert["evidence"][0]["value"]
    await stands(harness)


async def test_after_a_crash_active_findings_are_evaluated_by_the_reloaded_rulebooks(harness: RulebookHarness) -> None:
    await stands(harness)
    harness.save_file(limit(GAS, 20))
    await harness.service.rulebook_reloader.poll()
    await harness.receives(lel_pct=21)
    await harness.crash()
    await harness.start()
    await harness.until(lambda: harness.service.processing.pipeline.caught_up.is_set(), "the backlog")
    assert harness.phase("gas-low") == "firing"
    assert (await harness.service.rulebook_reloader.poll(force=True)) == RulebookDiff((), (), ())
    assert len(await harness.items("/api/v1/alerts")) == 1
    await harness.receives(lel_pct=15)
    assert harness.phase("gas-low") == "clearing"


async def test_rulebooks_changed_while_the_service_was_down_are_applied_like_any_others(
    harness: RulebookHarness,
) -> None:
    await stands(harness)
    await harness.stop()
    lines = GAS.split("\n- name: gas-low\n")
    harness.save_file(lines[0] + "\n" + "- name: gas-high\n" + lines[1].split("- name: gas-high\n")[1])
    await harness.start()
    await harness.until(
        lambda: "gas-low" not in harness.service.processing.engine.rulesets["gas_alarm"].by_name, "the new books"
    )
    await harness.until_timeline_has("unjudged")
    assert harness.phase("gas-low") == "quiet"


async def test_a_service_restarted_with_a_faulty_rulebook_evaluates_by_the_previous_rulebooks(
    harness: RulebookHarness,
) -> None:
    await harness.receives(lel_pct=1)
    await harness.stop()
    harness.save_file("rules: [")
    await harness.start()
    (alert,) = await harness.until_items("/api/v1/alerts?ledger=health")
    assert alert["rule"] == "rulebook-refused"
    await stands(harness)

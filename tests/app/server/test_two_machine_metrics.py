"""Metrics of two machines on one ledger."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app.datadir.copied_journal import CopiedJournal
from app.server.two_machine_metrics import two_machine_metrics
from domain import Lane


def samples(leadership: Any, journal: Any, now: int) -> dict[str, float]:
    return {
        sample.name: sample.value
        for family in two_machine_metrics(leadership, journal, now)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_the_active_machine_says_how_long_its_standby_and_its_lease_are_silent_and_how_far_the_copies_lag(
    tmp_path: Path,
) -> None:
    leadership = SimpleNamespace(silent_s=0.5, standby_silent_ms=2_000)
    database: Any = None
    journal = CopiedJournal(tmp_path / "journal.db", database)
    expected = {
        "fengshao_active": 1.0,
        "fengshao_lease_silent_seconds": 0.5,
        "fengshao_standby_silent_seconds": 2.0,
        "fengshao_journal_copy_lag_seconds": 0.0,
        "fengshao_journal_not_copied_total": 0.0,
    }
    assert samples(leadership, journal, 9_000) == expected
    journal._add((1, Lane.BULK, 4_000, 1, b""))
    leadership.standby_silent_ms = None
    assert samples(leadership, journal, 9_000) == {
        name: value for name, value in expected.items() if name != "fengshao_standby_silent_seconds"
    } | {"fengshao_journal_copy_lag_seconds": 5.0}
    journal.close()


def test_a_ledger_in_a_file_has_no_such_metrics() -> None:
    journal: Any = object()
    assert samples(None, journal, 0) == {}

"""Metrics of the machine: clock, disk, certificates, watchdog."""

from __future__ import annotations

import shutil
from pathlib import Path

from app.server.machine_metrics import backup_metrics, machine_metrics, watchdog_metrics


def test_clock_disk_and_certificates_are_those_of_this_machine(tmp_path: Path) -> None:
    families = machine_metrics(tmp_path, {"broker": 1_800_000_000_000}, 1_700_000_000_500)
    values = {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}
    assert values["fengshao_clock_seconds",] == 1_700_000_000.5
    assert values["fengshao_data_disk_size_bytes",] == shutil.disk_usage(tmp_path).total
    assert 0 < values["fengshao_data_disk_free_bytes",] < values["fengshao_data_disk_size_bytes",]
    assert values["fengshao_certificate_expiry_timestamp_seconds", "broker"] == 1_800_000_000


def test_signals_are_counted_only_where_a_watchdog_is_configured() -> None:
    assert list(watchdog_metrics({"ok": 0, "refused": 0}, is_configured=False)) == []
    (family,) = watchdog_metrics({"ok": 3, "refused": 1}, is_configured=True)
    assert {one.labels["outcome"]: one.value for one in family.samples} == {"ok": 3, "refused": 1}


def test_the_last_backup_has_a_time_once_there_is_one() -> None:
    assert list(backup_metrics(None)) == []
    (family,) = backup_metrics(1_700_000_000_000)
    assert family.samples[0].value == 1_700_000_000

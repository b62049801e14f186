"""kill -9 of a process that receives findings: each acknowledged finding has one alert with its message."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from store.database import database
from store.database.alerts.queries import AlertFilter, alert_timeline, alerts_of_finding, list_alerts
from store.database.alerts.repository import READER, SqlAlertStore
from store.database.system.journal_positions import positions

CHILD = """
    import asyncio, importlib.util, itertools, sys
    spec = importlib.util.spec_from_file_location("conftest", sys.argv[2])
    harness = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(harness)
    from alerts.service import AlertService
    from alerts.settings import AlertSettings
    from domain import Lane, Subject
    from store.database.alerts.transactions import Transactions

    async def main():
        db = harness.database.Database(harness.database.sqlite_url(sys.argv[1]))
        replies = harness.load_reply_grammar()
        settings = AlertSettings(sign=harness.SIGN, tz=harness.SHANGHAI, replies=replies, channels=("sms",))
        people = harness.small_community()
        service = AlertService(
            Transactions(db), harness.load_policy(), harness.load_catalog(), settings, lambda: people, harness.Clock()
        )
        for n in itertools.count():
            finding = harness.gas_finding(
                id=f"f{n}", rule=f"rule-{n}", device=f"d{n}", subject=Subject("device", f"d{n}")
            )  # more alerts of one rule in one building would join
            await service.process_findings([finding], Lane.URGENT, n)
            print(n, flush=True)

    asyncio.run(main())
"""


def test_after_kill_9_every_acknowledged_finding_has_one_alert_with_its_message(
    tmp_path: Path, empty_database: Path
) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(empty_database.read_bytes())
    conftest = Path(__file__).parents[1] / "conftest.py"
    script = textwrap.dedent(CHILD)
    command = [sys.executable, "-c", script, str(path), str(conftest)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 12:
                child.kill()
                break
        acknowledged = int(line)
    ledger = database.Database(database.sqlite_url(path))
    try:
        shown: Any = ledger.write_blocking(lambda tx: list_alerts(tx, AlertFilter(), 1000)).items
        last = next(iter(ledger.write_blocking(lambda tx: positions(tx, READER)).values()))
        assert last in (acknowledged, acknowledged + 1, acknowledged + 2)
        assert len(shown) == last + 1, "the position and the alerts are written together"
        for n in range(acknowledged + 1):
            alerts = ledger.write_blocking(lambda tx, n=n: alerts_of_finding(tx, f"f{n}"))
            assert len(alerts) == 1
            assert len(ledger.write_blocking(lambda tx, a=alerts[0]: SqlAlertStore(tx).deliveries(int(a)))) == 1
            assert len(ledger.write_blocking(lambda tx, a=alerts[0]: alert_timeline(tx, int(a)))) == 2
    finally:
        ledger.close()

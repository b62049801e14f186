"""kill -9 of a process that hears findings: what it said it heard is there, once, with its message and its story."""

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
    spec = importlib.util.spec_from_file_location("town", sys.argv[2])
    town = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(town)
    from alerts.service import AlertService, AlertSettings
    from domain import Lane, Subject
    from store.database.alerts.repository import Transactions

    async def main():
        db = town.database.Database(town.database.sqlite_url(sys.argv[1]))
        settings = AlertSettings(sign=town.SIGN, tz=town.SHANGHAI, replies=town.read_replies(), channels=("sms",))
        people = town.small_town()
        service = AlertService(
            Transactions(db), town.read_ladders(), town.read_words(), settings, lambda: people, town.Clock()
        )
        for n in itertools.count():
            heard = town.a_finding(id=f"f{n}", device=f"d{n}", subject=Subject("device", f"d{n}"))
            await service.process_findings([heard], Lane.URGENT, n)
            print(n, flush=True)

    asyncio.run(main())
"""


def test_after_kill_9_everything_heard_is_there_once_with_its_message(tmp_path: Path, empty_ledger: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(empty_ledger.read_bytes())
    conftest = Path(__file__).parents[1] / "conftest.py"
    script = textwrap.dedent(CHILD)
    command = [sys.executable, "-c", script, str(path), str(conftest)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 12:
                child.kill()
                break
        said = int(line)
    ledger = database.Database(database.sqlite_url(path))
    try:
        shown: Any = ledger.write_blocking(lambda tx: list_alerts(tx, AlertFilter(), 1000)).items
        last = next(iter(ledger.write_blocking(lambda tx: positions(tx, READER)).values()))
        assert last in (said, said + 1, said + 2)
        assert len(shown) == last + 1, "the position and the alerts were written together"
        for n in range(said + 1):
            alerts = ledger.write_blocking(lambda tx, n=n: alerts_of_finding(tx, f"f{n}"))
            assert len(alerts) == 1
            assert len(ledger.write_blocking(lambda tx, a=alerts[0]: SqlAlertStore(tx).deliveries(int(a)))) == 1
            assert len(ledger.write_blocking(lambda tx, a=alerts[0]: alert_timeline(tx, int(a)))) == 2
    finally:
        ledger.close()

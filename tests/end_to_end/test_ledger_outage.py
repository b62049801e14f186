"""PostgreSQL is killed under the whole service under load. The long form is `python -m benchmarks.ledger_outage`."""

from __future__ import annotations

import pytest

from benchmarks.ledger_outage import Load, service_on_server
from tests.support.postgresql import PostgresServer, own_server


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_every_worker_gets_one_call_though_the_server_of_the_ledger_is_killed_under_load(
    postgres: PostgresServer,
) -> None:
    del postgres  # skips where PostgreSQL is not installed
    with own_server() as server, service_on_server(1, server) as trial:
        load = Load(trial.running.mqtt, 100, trial.workers)
        load.start()
        seen = trial.round(server.kill, server.start, away_s=3)
        load.end()
        assert seen["same_process"]
        assert not seen["ready_while_away"]["ready"]
        assert trial.faults(settled_s=0) == []
        assert len(trial.alerts()) == trial.published == 12

"""A real takeover: the active machine is paused under load with its connections open, and wakes up too late.

The long form, with kill -9 too, is `python -m benchmarks.takeover`.
"""

from __future__ import annotations

import pytest

from benchmarks.takeover import two_machines
from tests.support.postgresql import PostgresServer


@pytest.mark.thorough
@pytest.mark.timeout(300)
def test_every_worker_gets_one_text_though_the_active_machine_is_paused_and_resumes_too_late(
    postgres: PostgresServer,
) -> None:
    del postgres  # skips where PostgreSQL is not installed
    with two_machines(rounds=1) as trial:
        trial.round("pause")
        assert trial.faults(settled_s=0) == []
        assert trial.published == 12

"""Active and standby: who takes over, what it takes over, and when a machine stops."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from app.config.settings import LedgerSettings
from app.datadir.credentials import mqtt_client_id
from app.datadir.stores import JOURNAL_FILE
from app.server import two_machines
from app.server.two_machines import (
    ALONE_AFTER_S,
    AloneOnLedger,
    LeadershipLost,
    become_active,
    keep_leading,
    leadership_of,
    may_connect,
    renewing,
)
from domain import Lane
from ingest.frame import Frame
from store.database.database import Database
from store.database.journal_copies import add_entries
from store.database.leadership import Lease
from store.journal import SqliteJournal, encode_frames
from tests.support.timeouts import LONG_TIMEOUT_S

NO_ANSWER = OperationalError("SELECT 1", {}, Exception("no answer"))


class Machine:
    """Leadership as a list of answers."""

    def __init__(self, *answers: Any, valid: bool = True, has_standby: bool = False) -> None:
        self.answers, self.valid, self.has_standby = list(answers), valid, has_standby

    def _next(self) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    try_lead = _next

    def renew(self) -> Any:
        """The next answer; after the last one another machine is active."""
        return self._next() if self.answers else False

    def is_valid(self) -> bool:
        return self.valid


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_machines, "POLL_S", 0.0)
    monkeypatch.setattr(two_machines, "RENEW_S", 0.0)


def test_a_machine_that_loads_a_district_keeps_its_lease_though_its_event_loop_stands_still(
    tmp_path: Path, empty_ledger: str
) -> None:
    """The lease lasts six seconds and a district loads for a minute: the other one could take it, and lose it alike."""
    ledger = LedgerSettings(url=empty_ledger)
    machines = [leadership_of(tmp_path / name, ledger, f"http://{name}") for name in "ab"]
    active, other = [one for one in machines if one is not None]
    lease = active.try_lead()
    assert lease is not None

    def renewed_at() -> int:
        found = other.active()
        assert found is not None
        assert found.token == lease.token
        return found.renewed_at

    with renewing(active):
        seen = {renewed_at()}
        deadline = monotonic() + LONG_TIMEOUT_S
        while len(seen) < 3:
            assert monotonic() < deadline, "the lease was not renewed"
            seen.add(renewed_at())
        assert other.try_lead() is None
    ended = renewed_at()
    assert renewed_at() == ended
    assert not [thread for thread in threading.enumerate() if thread.name == "lease"]
    for one in (active, other):
        one.release()


def test_renewing_goes_on_without_an_answer_and_ends_where_another_machine_is_active() -> None:
    machine = Machine(NO_ANSWER, True, False)
    with renewing(machine):  # type: ignore[arg-type]
        deadline = monotonic() + LONG_TIMEOUT_S
        while machine.answers:
            assert monotonic() < deadline, machine.answers
    with renewing(None):
        pass


def test_a_ledger_in_a_file_has_one_machine(tmp_path: Path) -> None:
    assert leadership_of(tmp_path, LedgerSettings(), "http://a") is None


async def test_the_standby_takes_journal_keys_and_last_sign_of_life_over(tmp_path: Path, empty_ledger: str) -> None:
    """It waits while the ledger does not answer, or another machine is active, and serves the standby's page."""
    ledger = LedgerSettings(url=empty_ledger)
    (tmp_path / "signing.key").write_text("own\n")
    database = Database(empty_ledger)
    frame = Frame("fengshao/v1/gas-1/alarm", b"{}", 5000, "urgent")
    database.write_blocking(lambda tx: add_entries(tx, [(41, Lane.URGENT, 5000, 1, encode_frames([frame]))]))
    leader = leadership_of(tmp_path, ledger, "http://b")
    assert leader is not None
    lease = leader.try_lead()
    assert lease is not None
    answers = Machine(None, NO_ANSWER, None, Lease(lease.token, "b", "", 9000, previous_renewed_at=6000))
    served = []

    @contextlib.asynccontextmanager
    async def serve() -> AsyncIterator[None]:
        served.append("standby")
        yield

    assert await become_active(answers, tmp_path, ledger, lambda: 9000, asyncio.Event(), serve)  # type: ignore[arg-type]
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    assert [entry.frames for entry in journal.read(Lane.URGENT, 40)] == [[frame]]
    assert journal.last_seen_alive() == 6000
    assert served == ["standby"]
    journal.close()
    leader.release()
    database.close()


async def test_all_machines_on_one_ledger_have_one_session_at_the_broker(tmp_path: Path, empty_ledger: str) -> None:
    ledger, ids = LedgerSettings(url=empty_ledger), []
    for name in ("a", "b"):
        data = tmp_path / name
        leader = leadership_of(data, ledger, "")
        assert leader is not None
        lease = leader.try_lead()
        assert lease is not None
        await two_machines.take_over(data, ledger, lease, 0)
        ids.append(mqtt_client_id(data))
        leader.release()
    assert ids[0] == ids[1]


async def test_a_stop_while_waiting_ends_the_wait(tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    waits: Any = Machine(None)
    nothing = contextlib.nullcontext
    assert await become_active(waits, tmp_path, LedgerSettings(), lambda: 0, stop, nothing) is None  # type: ignore[arg-type]


async def test_a_machine_that_finds_another_one_active_stops() -> None:
    with pytest.raises(LeadershipLost, match="another machine has become active"):
        await keep_leading(Machine(True, NO_ANSWER, True, False), lambda: True)  # type: ignore[arg-type]


async def test_a_machine_without_its_ledger_goes_on_hearing_until_the_broker_has_given_its_session_away() -> None:
    machine: Any = Machine(*[NO_ANSWER] * 20)
    with pytest.raises(LeadershipLost, match="neither ledger nor broker"):
        await keep_leading(machine, lambda: len(machine.answers) > 5)
    assert len(machine.answers) == 5, "it goes on while renewals fail, and ends with the session"


async def test_a_machine_whose_renewal_gets_no_answer_stops_when_the_broker_has_given_its_session_away() -> None:
    """A server that keeps the connection open and answers nothing: the renewal neither fails nor succeeds."""
    answered = threading.Event()
    machine: Any = SimpleNamespace(renew=answered.wait)
    connected = [True, True, False]
    with pytest.raises(LeadershipLost, match="neither ledger nor broker"):
        await keep_leading(machine, lambda: connected.pop(0))
    answered.set()


def test_the_session_of_the_broker_is_taken_under_a_valid_lease_or_without_a_standby() -> None:
    """The second: a lone machine whose ledger and broker are both restarted goes on."""
    machines: list[Any] = [
        Machine(valid=valid, has_standby=standby) for valid, standby in ((True, True), (False, False), (False, True))
    ]
    assert [may_connect(machine) for machine in machines] == [True, True, False]


def test_a_machine_is_alone_without_a_standby_and_when_the_broker_has_given_its_session_to_none_for_a_minute() -> None:
    lead: Any = SimpleNamespace(token=1, has_standby=False, silent_s=ALONE_AFTER_S + 1)
    alone = AloneOnLedger(lead)
    assert AloneOnLedger(None)()
    assert alone()
    lead.has_standby = True
    assert not alone()
    alone.holds_session = lambda: True
    assert alone()
    lead.silent_s = 1
    assert not alone()
    lead.token = None
    assert not alone()

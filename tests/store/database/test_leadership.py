"""Which of two machines is active: one killed, one paused with its sessions open, a server that restarts."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url

from store.database import leadership
from store.database.database import Database
from store.database.leadership import Leadership
from store.database.system import key_values
from store.errors import Superseded


@pytest.fixture
def first(empty_ledger: str) -> Iterator[Leadership]:
    machine = Leadership(make_url(empty_ledger), "box-a", "http://a")
    yield machine
    machine.release()


@pytest.fixture
def second(empty_ledger: str) -> Iterator[Leadership]:
    machine = Leadership(make_url(empty_ledger), "box-b", "http://b")
    yield machine
    machine.release()


def silent_for(ledger: str, ms: int) -> None:
    """The active machine's last renewal was so long ago."""
    with psycopg.connect(ledger) as connection:
        connection.execute("UPDATE service_leases SET renewed_at = renewed_at - %s", [ms])


def test_the_first_machine_is_active_and_the_second_knows_where(first: Leadership, second: Leadership) -> None:
    lease = first.try_lead()
    assert lease is not None
    assert (lease.token, lease.previous_renewed_at) == (1, None)
    assert first.is_valid()
    assert second.try_lead() is None
    assert not second.is_valid()
    active = second.active()
    assert active is not None
    assert (active.holder, active.address) == ("box-a", "http://a")
    assert first.renew()


def test_the_active_machine_knows_whether_another_one_waits(
    first: Leadership, second: Leadership, empty_ledger: str
) -> None:
    first.try_lead()
    assert first.renew()
    assert not first.has_standby
    second.try_lead()
    assert first.renew()
    assert first.has_standby
    assert first.standby_silent_ms is not None
    silent_for(empty_ledger, leadership.STANDBY_MS)
    assert first.renew()
    assert not first.has_standby
    assert first.standby_silent_ms is not None
    silent_for(empty_ledger, leadership.KNOWN_STANDBY_MS)
    assert first.renew()
    assert first.standby_silent_ms is None


def test_a_machine_that_stops_gives_its_lease_back(first: Leadership, second: Leadership) -> None:
    first.try_lead()
    first.release()
    lease = second.try_lead()
    assert lease is not None
    assert lease.token == 2


def test_a_killed_machine_is_superseded_after_three_seconds(
    first: Leadership, second: Leadership, empty_ledger: str
) -> None:
    first.try_lead()
    first._drop_session()  # as the kernel does for a killed process
    assert second.try_lead() is None  # a server that restarts ends the session of a healthy machine too
    silent_for(empty_ledger, leadership.MISSED_MS)
    lease = second.try_lead()
    assert lease is not None
    assert lease.previous_renewed_at is not None
    assert not first.renew()
    assert not first.is_valid()


def test_a_paused_machine_is_superseded_when_its_lease_has_expired_though_its_sessions_live(
    first: Leadership, second: Leadership, empty_ledger: str
) -> None:
    first.try_lead()
    silent_for(empty_ledger, leadership.MISSED_MS)
    assert second.try_lead() is None
    silent_for(empty_ledger, leadership.LEASE_MS)
    lease = None
    for _ in range(100):  # the sessions of the paused machine end a moment after they are told to
        lease = lease or second.try_lead()
    assert lease is not None
    assert lease.token == 2
    with pytest.raises(Exception, match=r"terminat|closed"):
        first.renew()
    assert not first.renew()


def test_a_machine_that_was_superseded_writes_nothing_more(
    first: Leadership, second: Leadership, empty_ledger: str
) -> None:
    """It claims messages in write transactions: after a takeover it can claim none."""
    old, new = Database(empty_ledger), Database(empty_ledger)
    old_lease = first.try_lead()
    assert old_lease is not None
    old.fence(old_lease.token)
    old.write_blocking(lambda tx: key_values.put(tx, "by", "first", now=0))
    silent_for(empty_ledger, 2 * leadership.LEASE_MS)
    first._drop_session()
    new_lease = second.try_lead()
    assert new_lease is not None
    new.fence(new_lease.token)
    with pytest.raises(Superseded):
        old.write_blocking(lambda tx: key_values.put(tx, "by", "first again", now=0))
    assert new.write_blocking(lambda tx: key_values.get(tx, "by")) == "first"
    old.close()
    new.close()


def test_after_the_server_was_away_the_active_machine_may_renew_its_lease_before_another_takes_it(
    first: Leadership, second: Leadership, empty_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr(leadership, "monotonic", lambda: clock[0])
    first.try_lead()
    first._drop_session()
    silent_for(empty_ledger, leadership.LEASE_MS)
    second._answers_since = None  # the server refused its last question
    assert second.try_lead() is None
    clock[0] += 1
    assert first.silent_s == 1
    assert first.renew()
    assert first.silent_s == 0
    assert second.try_lead() is None
    first._drop_session()
    silent_for(empty_ledger, leadership.LEASE_MS)
    clock[0] += leadership.LEASE_MS / 1000
    assert second.try_lead() is not None


def test_two_machines_that_start_at_once_do_not_both_become_active(
    first: Leadership, second: Leadership, empty_ledger: str
) -> None:
    """Both saw the same former lease: the second one to write finds another token."""
    former = Leadership(make_url(empty_ledger), "box-c", "")
    former.try_lead()
    seen = first.active()
    former.release()
    assert first._take(seen) is not None
    assert second._take(seen) is None


def test_a_lease_that_was_not_renewed_is_not_valid_by_our_own_clock(
    first: Leadership, monkeypatch: pytest.MonkeyPatch
) -> None:
    first.try_lead()
    monkeypatch.setattr(leadership, "monotonic", lambda: first._valid_until + 0.1)
    assert not first.is_valid()

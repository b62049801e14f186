"""Which machines there are on a ledger, seen by their leases."""

from __future__ import annotations

from contextlib import closing

from sqlalchemy import make_url

from domain import DAY
from store.database.database import Database
from store.database.leadership import Leadership
from store.database.system.machines import FORGOTTEN_MS, Machine, forget_old, list_machines, seen


def test_active_and_standby_are_listed_with_version_and_the_dead_one_with_its_last_sign(empty_ledger: str) -> None:
    url = make_url(empty_ledger)
    first, second = Leadership(url, "甲", "http://a", "1.0"), Leadership(url, "乙", "http://b", "1.1")
    with closing(Database(empty_ledger)) as database:

        def roles() -> dict[str, tuple[str, str]]:
            found = database.read_blocking(list_machines)
            return {machine.name: (machine.role, machine.version) for machine in found}

        assert first.try_lead()
        assert second.try_lead() is None
        assert roles() == {"甲": ("active", "1.0"), "乙": ("standby", "1.1")}
        assert first.renew()
        first.release()
        before = {machine.name: machine.seen_at for machine in database.read_blocking(list_machines)}
        assert second.try_lead()
        assert roles()["乙"] == ("active", "1.1")
        after = {machine.name: machine for machine in database.read_blocking(list_machines)}
        assert after["甲"].seen_at == before["甲"], "a machine that gives no sign of life is not seen"
        assert after["乙"].since >= before["乙"]
        second.release()


def test_a_machine_of_long_ago_is_forgotten(empty_ledger: str) -> None:
    with closing(Database(empty_ledger)) as database:
        now = 100 * DAY
        old, present = Machine("旧", "", "standby", "1", 1, 0), Machine("新", "", "active", "1", 1, 0)
        database.write_blocking(lambda tx: seen(tx, old, now - FORGOTTEN_MS - 1))
        database.write_blocking(lambda tx: seen(tx, present, now))
        database.write_blocking(lambda tx: forget_old(tx, now))
        assert [machine.name for machine in database.read_blocking(list_machines)] == ["新"]

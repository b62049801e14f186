"""The health of the service as checks: each threshold from both sides, each fault named."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from console.system_interface import ProviderFacts, ServiceFacts
from console.views import system_checks as module
from console.views.system_checks import system_checks
from domain import DAY, HOUR, MINUTE, SECOND
from store.database.system.jobs import Job
from tests.support.console_harness import SYSTEM_FACTS, T0


def states(facts: ServiceFacts = SYSTEM_FACTS, **others: Any) -> dict[str, str]:
    values = {"unsent_since": None, "last_drill": T0 - DAY, "jobs": [], **others}
    checks = system_checks(facts, T0, values["unsent_since"], values["last_drill"], values["jobs"])
    return {check["name"]: check["state"] for check in checks if check["state"] != "good"}


def test_a_service_that_does_well_has_no_check_to_look_at() -> None:
    assert states() == {}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"connected": False, "connection_error": "refused"}, {"broker": "bad"}),
        ({"refused_filters": ("tele/#: not authorised",)}, {"subscriptions": "watch"}),
        ({"journal_error": "disk full"}, {"journal": "bad"}),
        ({"paused": True}, {"intake": "watch"}),
        ({"last_reading_at": None}, {"readings": "watch"}),
        ({"last_reading_at": T0 - 11 * MINUTE}, {"readings": "watch"}),
        ({"backlog": {"bulk": module.BACKLOG_WATCH}}, {"backlog": "watch"}),
        ({"backlog": {"bulk": module.BACKLOG_BAD, "urgent": 0}}, {"backlog": "bad"}),
        ({"internal_errors": 1}, {"rules": "watch"}),
        ({"history_behind": True}, {"history": "watch"}),
        ({"providers": (ProviderFacts("sms", "aliyun", True, 1, 9),)}, {"providers": "bad"}),
        ({"audit_faults": 1}, {"audit": "bad"}),
        ({"audit_at": None}, {"audit": "watch"}),
        ({"audit_at": T0 - 6 * MINUTE}, {"audit": "watch"}),
        ({"canary_problem": "not accepted"}, {"canary": "bad"}),
        ({"canary_at": None}, {"canary": "watch"}),
        ({"canary_at": T0 - 27 * HOUR}, {"canary": "watch"}),
        ({"disk_free": 10, "disk_total": 100}, {"disk": "watch"}),
        ({"disk_free": 5, "disk_total": 100}, {"disk": "bad"}),
        ({"disk_total": 0}, {}),
        ({"backup_at": T0 - 40 * DAY}, {}),
        ({"backup_max_age_ms": DAY}, {"backup": "watch"}),
        ({"backup_max_age_ms": DAY, "backup_at": T0 - DAY}, {}),
        ({"backup_max_age_ms": DAY, "backup_at": T0 - DAY - 1}, {"backup": "watch"}),
    ],
)
def test_each_fault_is_one_check(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert states(structs.replace(SYSTEM_FACTS, **changes)) == expected


def test_messages_that_wait_drills_that_are_old_and_jobs_that_failed() -> None:
    assert states(unsent_since=T0 - MINUTE) == {"outbox": "watch"}
    assert states(unsent_since=T0 - 5 * MINUTE) == {"outbox": "bad"}
    assert states(unsent_since=T0 + SECOND) == {}
    assert states(last_drill=None) == {"drill": "watch"}
    assert states(last_drill=T0 - 100 * DAY) == {"drill": "watch"}
    jobs = [Job("roll-up", "5 * * * *", last_run_at=T0, last_outcome="failed: no space"), Job("digest", "30 8 * * *")]
    assert states(jobs=jobs) == {"jobs": "watch"}


def test_what_is_at_fault_is_named() -> None:
    facts = structs.replace(SYSTEM_FACTS, connected=False, connection_error="refused", backlog={"bulk": 3, "urgent": 0})
    checks = {check["name"]: check for check in system_checks(facts, T0, None, None, [])}
    assert (checks["broker"]["detail"], checks["backlog"]["detail"], checks["backlog"]["value"]) == (
        ["refused"],
        ["bulk: 3"],
        3,
    )

"""Nothing of an exercise enters the outbox for residents, family, volunteers or bodies outside, whatever its kind."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from alerts.alert import Alert
from alerts.cases.exercise_scenarios import SCENARIOS
from alerts.drills import Drills
from alerts.message import PERSONAL_KINDS, Delivery, MessageKind
from alerts.ports import Transaction
from app.config.catalog import load_roles
from domain import Person
from domain.roles import RoleKind
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.conftest import ALERTS_FOLDER, PEOPLE, AlertHarness
from tests.alerts.test_drills import OFFICE

ROLES = load_roles()
KINDS = [kind for kind in MessageKind if kind not in PERSONAL_KINDS]
RESIDENT = Person("wang-guiying", "王桂英", phone="19900000011", home="402")
DAUGHTER = Person("daughter", "王丽", phone="19900000012", attributes={"family_of": "wang-guiying", "consent": True})
VOLUNTEER = Person("volunteer", "何平", phone="19900000013", attributes={"consent": True})
RECIPIENTS = (PEOPLE["wang"], PEOPLE["sun"], RESIDENT, DAUGHTER, VOLUNTEER)


async def exercise(harness: AlertHarness) -> Alert:
    harness.service.escalator.outbox.roles = ROLES
    people = {**PEOPLE, **{person.id: person for person in (RESIDENT, DAUGHTER, VOLUNTEER)}}
    harness.people = structs.replace(harness.people, people=people)
    return await Drills(harness.service).start(SCENARIOS[0], "402", OFFICE)


def enqueue(harness: AlertHarness, rows: list[Delivery]) -> tuple[set[str], set[str]]:
    """The ids that the admission returned, and those in the outbox."""

    def work(tx: Any) -> tuple[set[str], set[str]]:
        store = SqlAlertStore(tx)
        admission = harness.service.escalator.outbox.admission
        admitted = {row.id for row in admission.enqueue(Transaction(store, harness.clock.now), rows)}
        stored = {row.id for row in rows if store.delivery(row.id) is not None}
        store.flush()
        return admitted, stored

    return harness.database.write_blocking(work)


rows = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.sampled_from(RECIPIENTS),
        st.sampled_from([*ROLES, "unknown_role", "上报人"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=rows)
async def test_a_message_of_any_kind_is_admitted_for_staff_without_a_home_only(
    harness: AlertHarness, drawn: list[tuple[MessageKind, Person, str, bool]]
) -> None:
    alert = await exercise(harness)
    first = harness.deliveries(alert.id)[0]
    made = [
        structs.replace(
            first,
            id=f"{alert.id}-{number}",
            key=f"{alert.id}-{number}",
            kind=kind,
            person=person.id if known else "nobody",
            role=role,
        )
        for number, (kind, person, role, known) in enumerate(drawn)
    ]
    admitted, stored = enqueue(harness, made)
    allowed = {
        row.id
        for row, (_, person, role, known) in zip(made, drawn, strict=True)
        if known and person in (PEOPLE["wang"], PEOPLE["sun"], VOLUNTEER)
        if role in ROLES and ROLES[role].kind is RoleKind.STAFF
    }
    assert admitted == stored == allowed


async def test_a_refusal_is_counted_and_the_timeline_of_the_drill_names_it(harness: AlertHarness) -> None:
    alert = await exercise(harness)
    first = harness.deliveries(alert.id)[0]
    row = structs.replace(
        first, id="x", key="x", kind=MessageKind.INFORM, person="daughter", name="王丽", role="family"
    )
    assert enqueue(harness, [row]) == (set(), set())
    assert harness.service.escalator.outbox.admission.refused == {MessageKind.INFORM: 1}
    assert "演练不通知王丽（家属）" in harness.timeline(alert.id)


async def test_the_same_people_are_notified_of_a_real_danger(harness: AlertHarness) -> None:
    alert = await exercise(harness)
    real = structs.replace(alert, id=0, exercise=False, case_key=None)
    number = harness.database.write_blocking(lambda tx: SqlAlertStore(tx).add_alert(real)).id
    row = structs.replace(
        harness.deliveries(alert.id)[0], id="y", key="y", alert=number, person="daughter", role="family"
    )
    assert enqueue(harness, [row]) == ({"y"}, {"y"})


def test_every_message_enters_the_outbox_through_the_admission() -> None:
    writers = {
        file.relative_to(ALERTS_FOLDER).as_posix()
        for file in ALERTS_FOLDER.rglob("*.py")
        if re.search(r"\bstore\.enqueue\(", file.read_text("utf-8"))
    }
    assert writers == {"messages/admission.py"}

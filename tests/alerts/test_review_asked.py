"""Nobody is skipped: who was assigned and cannot be reached, whose call was called off, who answers at night."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from alerts.alert import Actor, Via
from domain import Person
from domain.people import community

WANG = Actor("wang", "王芳", Via.SCREEN)
LI = Actor("li", "李强", Via.SCREEN)


async def test_an_alert_assigned_to_a_person_without_a_phone_calls_the_rung_at_once(town: Any, finding: Any) -> None:
    before = town.people
    town.people = community(
        before.places.values(),
        before.cells.values(),
        [*before.people.values(), Person("mute", "周某")],
        before.duties,
    )
    await town.desk.hear([finding()])
    await town.send()
    await town.desk.act(1, "assign", LI, to="mute")
    await town.send()
    assert len(town.texts("wang")) == 2


async def test_a_colleague_whose_call_was_called_off_is_called_when_the_one_who_took_it_passes(
    town: Any, finding: Any
) -> None:
    town.people = structs.replace(
        town.people,
        duties=tuple(structs.replace(duty, rank=0) if duty.person == "deputy" else duty for duty in town.people.duties),
    )
    await town.desk.hear([finding()])
    await town.desk.act(1, "acknowledge", WANG)
    await town.send()
    assert town.texts("deputy") == [], "called off before it left"
    await town.desk.act(1, "pass", WANG)
    await town.send()
    assert len(town.texts("deputy")) == 1
    assert town.texts("li") == []

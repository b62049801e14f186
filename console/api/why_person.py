"""`/why?person=`: why a person was told of an alert, or was not: the roster, the calls, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from alerts.channel_specs import CHANNELS, stored_address
from alerts.message import Delivery
from alerts.messages.exercise import FORBIDDEN_RECIPIENT
from alerts.roster.on_duty import Assignment, assignments
from alerts.roster.on_duty import absent_people as absent
from console import messages_zh, why_zh
from console.api.alerts import require_visible_alert
from console.http.authorization import reject_worker_link
from console.http.personal_data import record_personal_reads
from console.http.problems import Problem, not_found
from console.http.requests import Deps
from console.schemas.service import Why
from console.security.auth import Principal
from console.security.masking import mask_name
from console.timestamps import to_schema
from console.views.figure_names import FigureNames
from console.views.why_steps import with_steps
from domain import HOUR, Instant, Person
from store.database.alerts import delivery_trails
from store.database.system import versions

_BUDGET: Final = "budget"
_FAILED: Final = ("failed", "expired", "dead")
_SEEN: Final = ("accepted", "delivered", "sending", "unknown", "pending")


async def why_person_alert(deps: Deps, user: Principal, person_id: str, alert_id: str) -> Why:
    """Why this person was told of this alert, or was not."""
    person = _person(deps, user, person_id)
    await _record_read(deps, user, person, alert_id)
    view = await require_visible_alert(deps, user, alert_id)
    rows = await deps.database.read(lambda tx: delivery_trails.deliveries_of_alert(tx, alert_id))
    own = [row for row in rows if row["person"] == person_id]
    name, title = _shown_name(user, person), view["title"]
    facts = _roster_facts(deps, view, person, name)
    facts += [fact for row in own for fact in _call_facts(deps, row, name)]
    facts += [line for line in view["timeline"] if line["person"] == person_id and line["kind"] != "message"]
    call = next((row for row in own if row["state"] in _SEEN), None)
    if call is not None:
        state = messages_zh.DELIVERY_STATES[call["state"]]
        answer = why_zh.WHY_PERSON_NOTIFIED.format(name=name, title=title, state=state)
    else:
        reason = why_zh.WHY_REASONS[_reason(deps, view, person, own)]
        answer = why_zh.WHY_PERSON_NOT_NOTIFIED.format(name=name, title=title, reason=reason)
    decided = await deps.database.read(lambda tx: versions.versions_at(tx, view["opened_at"]))
    current = await deps.database.read(lambda tx: versions.version_at(tx, versions.REGISTRY, deps.clock()))
    if decided.get(versions.REGISTRY) != current:
        then = decided.get(versions.REGISTRY, "?")
        text = why_zh.WHY_REGISTRY_CHANGED.format(then=then, now=current)
        facts.append({"at": view["opened_at"], "kind": "registry", "text": text})
    about = {"alert": alert_id, "person": person_id}
    return _view(answer, facts, about, {"rule": view["rule"], **decided})


async def why_person(deps: Deps, user: Principal, person_id: str, at: Instant) -> Why:
    """What this person was told within an hour of an instant; without anything, why not."""
    person = _person(deps, user, person_id)
    await _record_read(deps, user, person)
    rows = await deps.database.read(
        lambda tx: delivery_trails.deliveries_to_person(tx, person_id, at - HOUR, at + HOUR)
    )
    visible = [row for row in rows if row["alert"] is None or await _may_see(deps, user, str(row["alert"]))]
    name = _shown_name(user, person)
    facts = [fact for row in visible for fact in _call_facts(deps, row, name)]
    if visible:
        answer = why_zh.WHY_PERSON.format(name=name, count=len(visible))
    else:
        away = person_id in absent(deps.registry.community(), at, deps.site.zone)
        key = "absent" if away else "nothing" if _has_address(person) else "no_address"
        answer = why_zh.WHY_PERSON_QUIET.format(name=name, reason=why_zh.WHY_REASONS[key])
    decided = await deps.database.read(lambda tx: versions.versions_at(tx, at))
    return _view(answer, facts, {"person": person_id}, decided)


async def why_personal_message(deps: Deps, user: Principal, delivery: Delivery) -> Why:
    """What became of a message that belongs to a person and to no alert."""
    person = _person(deps, user, delivery.person)
    trails = await deps.database.read(lambda tx: delivery_trails.trail_of(tx, delivery.id))
    name = _shown_name(user, person)
    answer = why_zh.WHY_PERSONAL_MESSAGE.format(
        name=name, kind=why_zh.WHY_CALL_KINDS[delivery.kind], state=messages_zh.DELIVERY_STATES[delivery.state]
    )
    facts = [fact for row in trails for fact in _call_facts(deps, row, name)]
    return _view(answer, facts, {"message": delivery.id, "person": delivery.person, "state": delivery.state}, {})


async def _record_read(deps: Deps, user: Principal, person: Person, alert: str | None = None) -> None:
    """What a resident was told, and where, is personal; what staff were told is work."""
    if person.id != user.person and person.id not in deps.registry.community().workers:
        more = {} if alert is None else {"alert": alert}
        await record_personal_reads(deps, user, [person.id], "messages", more)


def _person(deps: Deps, user: Principal, person_id: str) -> Person:
    reject_worker_link(user)
    if not user.sees_names and user.person != person_id:
        raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ROLES[user.role]))
    person = deps.registry.community().people.get(person_id)
    if person is None:
        raise not_found("person", person_id)
    return person


def _shown_name(user: Principal, person: Person) -> str:
    return person.name if user.sees_names or user.person == person.id else mask_name(person.name)


async def _may_see(deps: Deps, user: Principal, alert: str) -> bool:
    try:
        await require_visible_alert(deps, user, alert)
    except Problem:
        return False
    return True


def _reason(deps: Deps, view: Mapping[str, Any], person: Person, own: Sequence[Mapping[str, Any]]) -> str:
    """Why nothing reached the person, as a key of the texts; the first that holds."""
    codes = {row["code"] for row in own}
    on_duty = bool(_assignments_of(deps, view, person))
    candidates = (
        ("exercise", FORBIDDEN_RECIPIENT in codes or _has_line(view, person, FORBIDDEN_RECIPIENT)),
        (_BUDGET, _BUDGET in codes),
        ("failed", any(row["state"] in _FAILED for row in own)),
        ("passed", _has_line(view, person, "pass")),
        ("absent", person.id in absent(deps.registry.community(), view["opened_at"], deps.site.zone)),
        ("no_address", not _has_address(person)),
        ("not_reached", on_duty),
    )
    return next((key for key, holds in candidates if holds), "not_on_duty")


def _has_line(view: Mapping[str, Any], person: Person, kind: str) -> bool:
    """Whether the timeline has an entry of this kind about the person."""
    return any(line["kind"] == kind and line["person"] == person.id for line in view["timeline"])


def _has_address(person: Person) -> bool:
    return any(stored_address(person, channel) for channel in CHANNELS if channel != "logbook")


def _assignments_of(deps: Deps, view: Mapping[str, Any], person: Person) -> list[tuple[str, Assignment]]:
    """Role and line of the roster by which the person was on duty for the alert's place when it was opened."""
    community, cell = deps.registry.community(), view["cell"]
    return [
        (role, one)
        for role in deps.registry.roles
        for one in assignments(community, cell, role, view["opened_at"], deps.site.zone, view["hazard"])
        if one.person.id == person.id
    ]


def _roster_facts(deps: Deps, view: Mapping[str, Any], person: Person, name: str) -> list[dict[str, Any]]:
    """The person's own duty, or who was on duty in the roles that were called."""
    at, roles = view["opened_at"], deps.registry.roles
    own = _assignments_of(deps, view, person)
    facts = [
        {
            "at": at,
            "kind": "roster",
            "text": why_zh.WHY_ROSTER_LINE.format(
                name=name, role=roles[role].zh, rank=one.rank + 1, source=_source(one)
            ),
        }
        for role, one in own
    ]
    if own:
        return facts
    called: dict[str, list[str]] = {}
    for row in view["told"]:
        called.setdefault(row["role"], []).append(row["name"])
    return [
        {
            "at": at,
            "kind": "roster",
            "text": why_zh.WHY_ON_DUTY.format(
                role=roles[role].zh if role in roles else role, names="、".join(dict.fromkeys(names))
            ),
        }
        for role, names in called.items()
    ]


def _source(one: Assignment) -> str:
    texts = why_zh.WHY_ROSTER_SOURCES
    if one.overrides:
        return texts["override"].format(scheduled=one.scheduled)
    return texts["duty"].format(id=one.duty) if one.duty else texts["rotation"].format(id=one.rotation)


def _call_facts(deps: Deps, row: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The call, and each step of its delivery."""
    names = FigureNames("zh", deps.registry.community(), deps.registry.roles)
    kind = why_zh.WHY_CALL_KINDS.get(row["kind"], row["kind"])
    role = deps.registry.roles.get(row["role"])
    line = why_zh.WHY_CALLED_LINE if row["alert"] is not None else why_zh.WHY_PERSONAL_LINE
    text = line.format(
        channel=names.channel(row["channel"]),
        name=name,
        role=row["role"] if role is None else role.zh,
        rung=row["rung"] + 1,
        why=kind,
    )
    called = {"at": row["created_at"], "kind": "told", "text": text, "channel": row["channel"]}
    return [called, *(step_fact(step) for step in row["trail"])]


def step_fact(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step of a delivery."""
    before, after = messages_zh.DELIVERY_STATES[step["from"]], messages_zh.DELIVERY_STATES[step["to"]]
    detail = " ".join(part for part in (step["code"], step["detail"]) if part)
    text = why_zh.WHY_STEP.format(before=before, after=after, detail=f"（{detail}）" if detail else "")
    return {"at": step["at"], "kind": "message", "text": text, "state": step["to"]}


def _view(answer: str, facts: Sequence[Mapping[str, Any]], about: dict[str, str], decided: Mapping[str, str]) -> Why:
    view = {"about": about, "answer": answer, "items": with_steps(facts), "next": None, "versions": dict(decided)}
    return to_schema(Why, view)

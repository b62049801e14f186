"""`/why`: why people were notified of something, or were not, from the database and the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Query

from alerts.silence import HeldFinding, HeldState
from console import messages_zh, why_zh
from console.api.alerts import require_visible_alert
from console.api.devices import visible_places
from console.api.readings import readable_device, readable_since
from console.api.refusals import refusal_view
from console.api.why_person import step_fact, why_person, why_person_alert, why_personal_message
from console.http.openapi import JsonResponse, documented_router
from console.http.personal_data import gathered_reads
from console.http.problems import FieldError, Problem, invalid
from console.http.requests import Deps, OptionalText, item_response, parse_time_field
from console.http.requirements import CurrentUser
from console.schemas.service import Why
from console.security.auth import Principal
from console.timestamps import to_schema
from console.views.why_steps import with_steps
from domain import DAY, HOUR, Device, FindingPhase, Identity, Instant
from ingest.decoding.device_index import NATIVE
from store.database.alerts import delivery_trails, queries, silences
from store.database.alerts.repository import SqlAlertStore
from store.database.refusals import refusals
from store.database.system import versions

router = documented_router(tags=["why"])

ROWS_MAX: Final = 200

_SILENCED: Final = {
    HeldState.HELD: why_zh.WHY_SILENCED,
    HeldState.ENDED: why_zh.WHY_SILENCED_ENDED,
    HeldState.RELEASED: why_zh.WHY_SILENCED_NOTIFIED,
}


@router.get(
    "/why",
    summary="Why people were notified, or were not: alert=, finding=, message=, or device= with at=",
    dependencies=[gathered_reads("address, health, messages")],
)
async def why(
    deps: Deps,
    user: CurrentUser,
    alert: OptionalText = None,
    finding: OptionalText = None,
    message: Annotated[str | None, Query(description="the id of a delivery")] = None,
    device: OptionalText = None,
    at: OptionalText = None,
    person: Annotated[str | None, Query(description="with alert= or at=: why this person was told, or was not")] = None,
) -> JsonResponse[Why]:
    if alert and person:
        return item_response(deps, await why_person_alert(deps, user, person, alert))
    if alert:
        return item_response(deps, await _why_alert(deps, user, alert))
    if finding:
        return item_response(deps, await _why_finding(deps, user, finding))
    if message:
        return item_response(deps, await _why_message(deps, user, message))
    instant = parse_time_field(deps, "at", at)
    if person and instant is not None:
        return item_response(deps, await why_person(deps, user, person, instant))
    if device and instant is not None:
        return item_response(deps, await _why_device(deps, user, device, instant))
    raise invalid(FieldError("alert", why_zh.WHY_PARAMETERS))


async def _why_alert(deps: Deps, user: Principal, alert_id: str) -> Why:
    view = await require_visible_alert(deps, user, alert_id)
    notified = view.get("told", ())
    answer = why_zh.WHY_NOTIFIED if notified else why_zh.WHY_NOT_NOTIFIED
    findings = await deps.database.read(lambda tx: queries.findings_of_alert(tx, alert_id))
    facts = with_steps([*_finding_facts(view, findings), *view["timeline"]])
    decided = await versions_of(deps, view, findings)
    return _why_view(answer.format(count=len(notified), title=view["title"]), facts, decided, alert=view["id"])


def _finding_facts(view: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """When the message behind the first finding was received, and which rule in which version judged it by what."""
    first = next((row for row in findings if row["phase"] == FindingPhase.BEGAN.value), None)
    if first is None:
        return []
    at, device = min(first["heard_at"], view["opened_at"]), view["device"] or why_zh.WHY_NO_DEVICE
    evidence = "，".join(line["text"] for line in view["evidence"])
    rule = first["finding"].partition("/")[0]
    judged = why_zh.WHY_JUDGED.format(rule=rule, evidence=f"（{evidence}）" if evidence else "")
    received = why_zh.WHY_RECEIVED.format(device=device)
    return [
        {"at": at, "kind": "heard", "text": received},
        {"at": at, "kind": "judged", "text": judged, "rule": rule.partition("@")[0]},
    ]


async def versions_of(
    deps: Deps, view: Mapping[str, Any], findings: Sequence[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """Version of the rule, and of registry, ladders and budgets when the alert was opened."""
    known = await deps.database.read(lambda tx: versions.versions_at(tx, view["opened_at"]))
    rule = next((row["finding"].partition("/")[0] for row in findings), view["rule"])
    return {"rule": rule, **known}


async def _why_finding(deps: Deps, user: Principal, finding: str) -> Why:
    alerts = await deps.database.read(lambda tx: queries.alerts_of_finding(tx, finding))
    if user.alert is not None:
        _reject_other_link(user, alerts)
        return await _why_alert(deps, user, user.alert)
    if alerts:
        return await _why_alert(deps, user, alerts[0])
    held = await deps.database.read(lambda tx: silences.get_held(tx, finding))
    if held is None or not await _is_visible(deps, user, held):
        raise Problem(404, why_zh.WHY_NO_FINDING)
    fact = await _silenced_fact(deps, held)
    return _why_view(fact["text"], [fact], finding=finding, silence=str(held.silence))


async def _is_visible(deps: Deps, user: Principal, held: HeldFinding) -> bool:
    places = visible_places(deps, user, None)
    return places is None or held.finding.place in places


async def _silenced_fact(deps: Deps, held: HeldFinding) -> dict[str, Any]:
    """The silence that kept a finding from notifying: who planned it, and the reason."""
    silence = await deps.database.read(lambda tx: silences.get_silence(tx, held.silence))
    assert silence is not None  # a row of it refers to it
    text = _SILENCED[held.state].format(
        title=held.finding.title, silence=silence.id, by=silence.by_name, reason=silence.reason
    )
    return {"at": held.finding.begin, "kind": "silenced", "text": text, "silence": str(silence.id)}


async def _why_message(deps: Deps, user: Principal, message: str) -> Why:
    delivery = await deps.database.read(lambda tx: SqlAlertStore(tx).delivery(message))
    if user.alert is not None:
        _reject_other_link(user, [] if delivery is None else [str(delivery.alert)])
    if delivery is None:
        raise Problem(404, why_zh.WHY_NO_MESSAGE)
    if delivery.alert is None:
        return await why_personal_message(deps, user, delivery)
    alert = str(delivery.alert)
    view = await require_visible_alert(deps, user, alert)
    messages = await deps.database.read(lambda tx: delivery_trails.deliveries_of_alert(tx, alert))
    trail = next(row["trail"] for row in messages if row["id"] == message)
    answer = why_zh.WHY_MESSAGE.format(
        name=delivery.name, title=view["title"], state=messages_zh.DELIVERY_STATES[delivery.state]
    )
    facts = with_steps([step_fact(step) for step in trail])
    decided = await versions_of(deps, view)
    return _why_view(answer, facts, decided, alert=alert, message=message, state=delivery.state)


async def _why_device(deps: Deps, user: Principal, device_id: str, at: Instant) -> Why:
    device = await readable_device(deps, user, device_id)
    since = max(at - HOUR, await readable_since(deps, user))
    facts = [*await _alert_facts(deps, user, device, at), *await _reading_facts(deps, device, since, at)]
    rule_facts: list[dict[str, Any]] = []
    if user.alert is None:
        facts += await _refusal_facts(deps, user, device, at)
        held_findings = await deps.database.read(
            lambda tx: silences.list_held(tx, device=device.id, since=at - DAY, until=at + DAY)
        )
        facts += [await _silenced_fact(deps, held) for held in held_findings]
        rule_facts = _rule_facts(deps, device)
    answer = why_zh.WHY_DEVICE if any(fact["kind"] == "alert" for fact in facts) else why_zh.WHY_DEVICE_QUIET
    return _why_view(answer.format(device=device.id), [*with_steps(facts), *rule_facts], device=device.id)


def _reject_other_link(user: Principal, alerts: Sequence[str]) -> None:
    """403 for a worker's link unless its alert is among these, also for alerts that do not exist."""
    if user.alert not in alerts:
        raise Problem(403, messages_zh.OTHER_ALERT)


async def _alert_facts(deps: Deps, user: Principal, device: Device, at: Instant) -> list[dict[str, Any]]:
    alerts = await deps.database.read(lambda tx: queries.alerts_of_device(tx, device.id, at - DAY, at + DAY))
    return [
        {
            "at": row["at"],
            "kind": "alert",
            "text": (why_zh.WHY_JOINED_LINE if row["joined"] else why_zh.WHY_ALERT_LINE).format(
                id=row["alert"], title=row["title"]
            ),
            "alert": row["alert"],
        }
        for row in alerts
        if user.alert in (None, row["alert"])
    ]


async def _refusal_facts(deps: Deps, user: Principal, device: Device, at: Instant) -> list[dict[str, Any]]:
    names = [Identity(NATIVE, device.id), *device.identities]
    filters = refusals.RefusalFilter(named=names, since=at - HOUR, until=at + HOUR)
    page = await deps.database.read(lambda tx: refusals.list_refusals(tx, ROWS_MAX, filters=filters))
    views = [refusal_view(kept, user) for kept in page.items]
    return [
        {
            "at": view["at"],
            "kind": "refusal",
            "text": why_zh.WHY_REFUSAL_LINE.format(reason=view["reason"], detail=view["detail"]),
        }
        for view in views
    ]


async def _reading_facts(deps: Deps, device: Device, since: Instant, at: Instant) -> list[dict[str, Any]]:
    """The last readings of the device before the instant; a fact too when there were none."""
    points = await deps.history.series(device.id, None, min(since, at), at + 1, None, ROWS_MAX)
    points = [point for point in points if point.at >= since]
    if not points:
        return [{"at": at, "kind": "silence", "text": why_zh.WHY_SILENT}]
    newest = max(point.at for point in points)
    values = "，".join(f"{_quantity_name(deps, device, p.quantity)} {p.value}" for p in points if p.at == newest)
    return [{"at": newest, "kind": "reading", "text": why_zh.WHY_READING_LINE.format(values=values)}]


def _rule_facts(deps: Deps, device: Device) -> list[dict[str, Any]]:
    """The present phase of each rule that applies to the device's kind."""
    if deps.rules.explain is None:
        return []
    now, facts = deps.clock(), []
    for rule in deps.rules.summaries():
        explanation = deps.rules.explain(rule.name, device.id)
        if explanation.get("applies_to_kind"):
            phase = messages_zh.RULE_PHASES[str(explanation["phase"])]
            text = why_zh.WHY_RULE_LINE.format(title=rule.title, phase=phase)
            facts.append({"at": now, "kind": "rule", "text": text, "rule": rule.name})
    return facts


def _quantity_name(deps: Deps, device: Device, quantity: str) -> str:
    kind = deps.registry.kinds.get(device.kind)
    declared = kind.quantities.get(quantity) if kind else None
    return declared.name.zh if declared else quantity


def _why_view(
    answer: str, facts: Sequence[dict[str, Any]], decided: Mapping[str, str] | None = None, **about: str
) -> Why:
    known = {} if decided is None else {"versions": dict(decided)}
    return to_schema(Why, {"about": about, "answer": answer, "items": list(facts), "next": None, **known})

"""`/why`: why was I told, or not told? Answered from what the ledger and the history hold, and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Query

from alerts.silence import HeldFinding, HeldState
from console import messages_zh
from console.api.alerts import visible_alert
from console.api.devices import visible_places
from console.api.readings import readable_device, readable_since
from console.api.refusals import refusal_view
from console.http.authorization import CurrentUser
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid
from console.http.requests import Deps, OptionalText, item_response, parse_time_field
from console.schemas.service import Why
from console.security.auth import Principal
from console.timestamps import to_schema
from domain import DAY, HOUR, Device, Identity, Instant
from ingest.decoding.device_index import NATIVE
from store.database.alerts import queries, silences
from store.database.alerts.repository import SqlAlertStore
from store.database.refusals import refusals

router = documented_router(tags=["why"])

ROWS_MAX: Final = 200

_SILENCED: Final = {
    HeldState.HELD: messages_zh.WHY_SILENCED,
    HeldState.ENDED: messages_zh.WHY_SILENCED_ENDED,
    HeldState.RELEASED: messages_zh.WHY_SILENCED_NOTIFIED,
}


@router.get("/why", summary="Why somebody was told, or was not: alert=, finding=, message=, or device= with at=")
async def why(
    deps: Deps,
    user: CurrentUser,
    alert: OptionalText = None,
    finding: OptionalText = None,
    message: Annotated[str | None, Query(description="the id of a delivery")] = None,
    device: OptionalText = None,
    at: OptionalText = None,
) -> JsonResponse[Why]:
    if alert:
        return item_response(deps, await _why_alert(deps, user, alert))
    if finding:
        return item_response(deps, await _why_finding(deps, user, finding))
    if message:
        return item_response(deps, await _why_message(deps, user, message))
    instant = parse_time_field(deps, "at", at)
    if device and instant is not None:
        return item_response(deps, await _why_device(deps, user, device, instant))
    raise invalid(FieldError("alert", messages_zh.WHY_PARAMETERS))


async def _why_alert(deps: Deps, user: Principal, alert_id: str) -> Why:
    view = await visible_alert(deps, user, alert_id)
    told = view.get("told", ())
    answer = messages_zh.WHY_NOTIFIED if told else messages_zh.WHY_NOT_NOTIFIED
    return _why_view(answer.format(count=len(told), title=view["title"]), view["timeline"], alert=view["id"])


async def _why_finding(deps: Deps, user: Principal, finding: str) -> Why:
    alerts = await deps.database.read(lambda tx: queries.alerts_of_finding(tx, finding))
    if user.alert is not None:
        _reject_other_link(user, alerts)
        return await _why_alert(deps, user, user.alert)
    if alerts:
        return await _why_alert(deps, user, alerts[0])
    held = await deps.database.read(lambda tx: silences.get_held(tx, finding))
    if held is None or not await _is_visible(deps, user, held):
        raise Problem(404, messages_zh.WHY_NO_FINDING)
    line = await _silenced_fact(deps, held)
    return _why_view(line["text"], [line], finding=finding, silence=str(held.silence))


async def _is_visible(deps: Deps, user: Principal, held: HeldFinding) -> bool:
    places = visible_places(deps, user, None)
    return places is None or held.finding.place in places


async def _silenced_fact(deps: Deps, held: HeldFinding) -> dict[str, Any]:
    """Why nobody was told of a finding: who planned which silence, and for what."""
    silence = await deps.database.read(lambda tx: silences.get_silence(tx, held.silence))
    assert silence is not None  # a row of it refers to it
    text = _SILENCED[held.state].format(
        title=held.finding.title, silence=silence.id, by=silence.by_name, reason=silence.reason
    )
    return {"at": held.finding.begin, "kind": "silenced", "text": text, "silence": str(silence.id)}


async def _why_message(deps: Deps, user: Principal, message: str) -> Why:
    found = await deps.database.read(lambda tx: SqlAlertStore(tx).delivery(message))
    if user.alert is not None:
        _reject_other_link(user, [] if found is None else [str(found.alert)])
    if found is None:
        raise Problem(404, messages_zh.WHY_NO_MESSAGE)
    alert = str(found.alert)
    view = await visible_alert(deps, user, alert)
    messages = await deps.database.read(lambda tx: queries.deliveries_of_alert(tx, alert))
    trail = next(one["trail"] for one in messages if one["id"] == message)
    answer = messages_zh.WHY_MESSAGE.format(
        name=found.name, title=view["title"], state=messages_zh.DELIVERY_STATES[found.state]
    )
    return _why_view(answer, [_delivery_fact(step) for step in trail], alert=alert, message=message, state=found.state)


def _delivery_fact(step: dict[str, Any]) -> dict[str, Any]:
    before, after = messages_zh.DELIVERY_STATES[step["from"]], messages_zh.DELIVERY_STATES[step["to"]]
    detail = " ".join(part for part in (step["code"], step["detail"]) if part)
    text = messages_zh.WHY_STEP.format(before=before, after=after, detail=f"（{detail}）" if detail else "")
    return {"at": step["at"], "kind": "message", "text": text, "state": step["to"]}


async def _why_device(deps: Deps, user: Principal, device_id: str, at: Instant) -> Why:
    device = await readable_device(deps, user, device_id)
    since = max(at - HOUR, await readable_since(deps, user))
    lines = [*await _alert_facts(deps, user, device, at), *await _reading_facts(deps, device, since, at)]
    standing: list[dict[str, Any]] = []
    if user.alert is None:
        lines += await _refusal_facts(deps, user, device, at)
        held = await deps.database.read(
            lambda tx: silences.list_held(tx, device=device.id, since=at - DAY, until=at + DAY)
        )
        lines += [await _silenced_fact(deps, one) for one in held]
        standing = _rule_facts(deps, device)
    answer = messages_zh.WHY_DEVICE if any(line["kind"] == "alert" for line in lines) else messages_zh.WHY_DEVICE_QUIET
    lines.sort(key=lambda line: line["at"])
    return _why_view(answer.format(device=device.id), [*lines, *standing], device=device.id)


def _reject_other_link(user: Principal, alerts: Sequence[str]) -> None:
    """403 for a worker's link unless its alert is among these. What does not exist is refused alike."""
    if user.alert not in alerts:
        raise Problem(403, messages_zh.OTHER_ALERT)


async def _alert_facts(deps: Deps, user: Principal, device: Device, at: Instant) -> list[dict[str, Any]]:
    found = await deps.database.read(lambda tx: queries.alerts_of_device(tx, device.id, at - DAY, at + DAY))
    return [
        {
            "at": one["at"],
            "kind": "alert",
            "text": (messages_zh.WHY_JOINED_LINE if one["joined"] else messages_zh.WHY_ALERT_LINE).format(
                id=one["alert"], title=one["title"]
            ),
            "alert": one["alert"],
        }
        for one in found
        if user.alert in (None, one["alert"])
    ]


async def _refusal_facts(deps: Deps, user: Principal, device: Device, at: Instant) -> list[dict[str, Any]]:
    names = [Identity(NATIVE, device.id), *device.identities]
    page = await deps.database.read(
        lambda tx: refusals.list_refusals(tx, ROWS_MAX, named=names, since=at - HOUR, until=at + HOUR)
    )
    views = [refusal_view(kept, user) for kept in page.items]
    return [
        {
            "at": view["at"],
            "kind": "refusal",
            "text": messages_zh.WHY_REFUSAL_LINE.format(reason=view["reason"], detail=view["detail"]),
        }
        for view in views
    ]


async def _reading_facts(deps: Deps, device: Device, since: Instant, at: Instant) -> list[dict[str, Any]]:
    """What the device last said before the instant; that it said nothing is an answer too."""
    points = await deps.history.series(device.id, None, min(since, at), at + 1, None, ROWS_MAX)
    points = [point for point in points if point.at >= since]
    if not points:
        return [{"at": at, "kind": "silence", "text": messages_zh.WHY_SILENT}]
    newest = max(point.at for point in points)
    said = "，".join(f"{_quantity_name(deps, device, p.quantity)} {p.value}" for p in points if p.at == newest)
    return [{"at": newest, "kind": "reading", "text": messages_zh.WHY_READING_LINE.format(said=said)}]


def _rule_facts(deps: Deps, device: Device) -> list[dict[str, Any]]:
    """Where each rule about this kind stands at present: a quiet rule that watched is an answer too."""
    if deps.rules.explain is None:
        return []
    now, lines = deps.clock(), []
    for rule in deps.rules.summaries():
        story = deps.rules.explain(rule.name, device.id)
        if story.get("applies_to_kind"):
            phase = messages_zh.RULE_PHASES[str(story["phase"])]
            text = messages_zh.WHY_RULE_LINE.format(title=rule.title, phase=phase)
            lines.append({"at": now, "kind": "rule", "text": text, "rule": rule.name})
    return lines


def _quantity_name(deps: Deps, device: Device, quantity: str) -> str:
    kind = deps.registry.kinds.get(device.kind)
    declared = kind.quantities.get(quantity) if kind else None
    return declared.name.zh if declared else quantity


def _why_view(answer: str, lines: Sequence[dict[str, Any]], **about: str) -> Why:
    return to_schema(Why, {"about": about, "answer": answer, "items": list(lines), "next": None})

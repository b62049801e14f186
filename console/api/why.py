"""`/why`: why was I told, or not told? Answered from what the ledger and the history hold, and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Query

from alerts.silence import HeldFinding, HeldState
from console import messages_zh
from console.api.alerts import seen_alert
from console.api.devices import seen_places
from console.api.readings import readable_device, readable_since
from console.api.refusals import refusal_view
from console.dependencies import Services
from console.http.authorization import Who
from console.http.openapi import Answer, described_router
from console.http.problems import FieldFault, Problem, faulty
from console.http.requests import Asked, Text, asked_instant, shown
from console.schemas.service import Why
from console.security.auth import Principal
from console.timestamps import typed
from domain import DAY, HOUR, Device, Identity, Instant
from ingest.decoding.device_index import NATIVE
from store.database.alerts import queries, silences
from store.database.alerts.repository import SqlBook
from store.database.refusals import refusals

router = described_router(tags=["why"])

ROWS_LOOKED_AT: Final = 200

_SILENCED: Final = {
    HeldState.HELD: messages_zh.WHY_SILENCED,
    HeldState.ENDED: messages_zh.WHY_SILENCED_ENDED,
    HeldState.RELEASED: messages_zh.WHY_SILENCED_TOLD,
}


@router.get("/why", summary="Why somebody was told, or was not: alert=, finding=, message=, or device= with at=")
async def why(
    services: Asked,
    who: Who,
    alert: Text = None,
    finding: Text = None,
    message: Annotated[str | None, Query(description="the id of a delivery")] = None,
    device: Text = None,
    at: Text = None,
) -> Answer[Why]:
    if alert:
        return shown(services, await _of_alert(services, who, alert))
    if finding:
        return shown(services, await _of_finding(services, who, finding))
    if message:
        return shown(services, await _of_message(services, who, message))
    instant = asked_instant(services, "at", at)
    if device and instant is not None:
        return shown(services, await _of_device(services, who, device, instant))
    raise faulty(FieldFault("alert", messages_zh.NEED_ONE))


async def _of_alert(services: Services, who: Principal, alert_id: str) -> Why:
    view = await seen_alert(services, who, alert_id)
    told = view.get("told", ())
    answer = messages_zh.WHY_TOLD if told else messages_zh.WHY_NOBODY_TOLD
    return _answer(answer.format(count=len(told), title=view["title"]), view["timeline"], alert=view["id"])


async def _of_finding(services: Services, who: Principal, finding: str) -> Why:
    alerts = await services.ledger.read(lambda tx: queries.of_finding(tx, finding))
    if who.alert is not None:
        _refuse_other(who, alerts)
        return await _of_alert(services, who, who.alert)
    if alerts:
        return await _of_alert(services, who, alerts[0])
    held = await services.ledger.read(lambda tx: silences.held(tx, finding))
    if held is None or not await _sees(services, who, held):
        raise Problem(404, messages_zh.WHY_NO_FINDING)
    line = await _silenced_line(services, held)
    return _answer(line["text"], [line], finding=finding, silence=str(held.silence))


async def _sees(services: Services, who: Principal, held: HeldFinding) -> bool:
    places = seen_places(services, who, None)
    return places is None or held.finding.place in places


async def _silenced_line(services: Services, held: HeldFinding) -> dict[str, Any]:
    """Why nobody was told of a finding: who planned which silence, and for what."""
    silence = await services.ledger.read(lambda tx: silences.one(tx, held.silence))
    assert silence is not None  # a row of it refers to it
    text = _SILENCED[held.state].format(
        title=held.finding.title, silence=silence.id, by=silence.by_name, reason=silence.reason
    )
    return {"at": held.finding.begin, "kind": "silenced", "text": text, "silence": str(silence.id)}


async def _of_message(services: Services, who: Principal, message: str) -> Why:
    found = await services.ledger.read(lambda tx: SqlBook(tx).delivery(message))
    if who.alert is not None:
        _refuse_other(who, [] if found is None else [str(found.alert)])
    if found is None:
        raise Problem(404, messages_zh.WHY_NO_MESSAGE)
    alert = str(found.alert)
    view = await seen_alert(services, who, alert)
    messages = await services.ledger.read(lambda tx: queries.messages_of(tx, alert))
    trail = next(one["trail"] for one in messages if one["id"] == message)
    answer = messages_zh.WHY_MESSAGE.format(
        name=found.name, title=view["title"], state=messages_zh.DELIVERY_STATES[found.state]
    )
    return _answer(answer, [_step(step) for step in trail], alert=alert, message=message, state=found.state)


def _step(step: dict[str, Any]) -> dict[str, Any]:
    before, after = messages_zh.DELIVERY_STATES[step["from"]], messages_zh.DELIVERY_STATES[step["to"]]
    detail = " ".join(part for part in (step["code"], step["detail"]) if part)
    text = messages_zh.WHY_STEP.format(before=before, after=after, detail=f"（{detail}）" if detail else "")
    return {"at": step["at"], "kind": "message", "text": text, "state": step["to"]}


async def _of_device(services: Services, who: Principal, device_id: str, at: Instant) -> Why:
    device = await readable_device(services, who, device_id)
    since = max(at - HOUR, await readable_since(services, who))
    lines = [*await _alert_lines(services, who, device, at), *await _reading_lines(services, device, since, at)]
    standing: list[dict[str, Any]] = []
    if who.alert is None:
        lines += await _refusal_lines(services, who, device, at)
        held = await services.ledger.read(
            lambda tx: silences.findings(tx, device=device.id, since=at - DAY, until=at + DAY)
        )
        lines += [await _silenced_line(services, one) for one in held]
        standing = _rule_lines(services, device)
    answer = messages_zh.WHY_DEVICE if any(line["kind"] == "alert" for line in lines) else messages_zh.WHY_DEVICE_QUIET
    lines.sort(key=lambda line: line["at"])
    return _answer(answer.format(device=device.id), [*lines, *standing], device=device.id)


def _refuse_other(who: Principal, alerts: Sequence[str]) -> None:
    """403 for a worker's link unless its alert is among these. What does not exist is refused alike."""
    if who.alert not in alerts:
        raise Problem(403, messages_zh.OTHER_ALERT)


async def _alert_lines(services: Services, who: Principal, device: Device, at: Instant) -> list[dict[str, Any]]:
    found = await services.ledger.read(lambda tx: queries.of_device(tx, device.id, at - DAY, at + DAY))
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
        if who.alert in (None, one["alert"])
    ]


async def _refusal_lines(services: Services, who: Principal, device: Device, at: Instant) -> list[dict[str, Any]]:
    names = [Identity(NATIVE, device.id), *device.identities]
    page = await services.ledger.read(
        lambda tx: refusals.page(tx, ROWS_LOOKED_AT, named=names, since=at - HOUR, until=at + HOUR)
    )
    views = [refusal_view(kept, who) for kept in page.items]
    return [
        {
            "at": view["at"],
            "kind": "refusal",
            "text": messages_zh.WHY_REFUSAL_LINE.format(reason=view["reason"], detail=view["detail"]),
        }
        for view in views
    ]


async def _reading_lines(services: Services, device: Device, since: Instant, at: Instant) -> list[dict[str, Any]]:
    """What the device last said before the instant; that it said nothing is an answer too."""
    points = await services.history.series(device.id, None, min(since, at), at + 1, None, ROWS_LOOKED_AT)
    points = [point for point in points if point.at >= since]
    if not points:
        return [{"at": at, "kind": "silence", "text": messages_zh.WHY_SILENT}]
    newest = max(point.at for point in points)
    said = "，".join(f"{_name(services, device, p.quantity)} {p.value}" for p in points if p.at == newest)
    return [{"at": newest, "kind": "reading", "text": messages_zh.WHY_READING_LINE.format(said=said)}]


def _rule_lines(services: Services, device: Device) -> list[dict[str, Any]]:
    """Where each rule about this kind stands at present: a quiet rule that watched is an answer too."""
    if services.rules.explain is None:
        return []
    now, lines = services.clock(), []
    for rule in services.rules.lines():
        story = services.rules.explain(rule.name, device.id)
        if story.get("applies_to_kind"):
            phase = messages_zh.RULE_PHASES[str(story["phase"])]
            text = messages_zh.WHY_RULE_LINE.format(title=rule.title, phase=phase)
            lines.append({"at": now, "kind": "rule", "text": text, "rule": rule.name})
    return lines


def _name(services: Services, device: Device, quantity: str) -> str:
    kind = services.registry.kinds.get(device.kind)
    declared = kind.quantities.get(quantity) if kind else None
    return declared.name.zh if declared else quantity


def _answer(answer: str, lines: Sequence[dict[str, Any]], **about: str) -> Why:
    return typed(Why, {"about": about, "answer": answer, "items": list(lines), "next": None})

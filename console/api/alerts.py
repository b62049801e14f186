"""`/alerts`: what is open and what was, its story, and the things people do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, get_args

from fastapi import Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from alerts.alert import Actor, ResponseSource, State
from alerts.lifecycle.event import InvalidField, InvalidTransition
from alerts.service import NoSuchAlert
from console import messages_zh
from console.api.devices import seen_places
from console.dependencies import RuleLine, Services
from console.http import examples
from console.http.authorization import Who, demand
from console.http.openapi import Answer, described_router
from console.http.problems import FieldFault, Problem, faulty, no_such
from console.http.requests import (
    Asked,
    Many,
    Pages,
    Text,
    asked_choices,
    asked_instant,
    asked_period,
    listed,
    shown,
    written_one,
)
from console.schemas.alerts import Action, AlertDetail, AlertItem, WorkerLink
from console.schemas.parts import Page
from console.security.auth import LINK_MS, Principal, worker_link
from console.timestamps import Moment, typed
from console.views.evidence import in_both
from console.views.people_at_risk import help_view
from console.views.town_map import spot_of, spot_view, way_to
from domain import Ledger, Severity
from store.database.alerts import queries
from store.database.system import audit

router = described_router(tags=["alerts"])

ACTIONS: Final = get_args(Action)


class WrittenAct(BaseModel):
    """What may go with an action. `person` says for whom an operator acts; otherwise it is whoever is logged in."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    comment: Annotated[str, Field(max_length=2000)] | None = None
    reason: Annotated[str, Field(max_length=2000)] | None = None
    until: str | None = None
    to: str | None = None
    person: str | None = None


_ACT = TypeAdapter(WrittenAct)


@router.get("/alerts", summary="Alerts, newest first; every state unless filtered")
async def list_alerts(
    services: Asked,
    who: Who,
    pages: Pages,
    state: Many,
    severity: Many,
    ledger: Text = None,
    kind: Annotated[str | None, Query(description="a kind of device, such as gas_alarm")] = None,
    place: Annotated[str | None, Query(description="this place and what lies under it")] = None,
    device: Text = None,
    since: Annotated[str | None, Query(description="opened at or after; `from` is the same")] = None,
    until: Annotated[str | None, Query(description="opened at or before; `to` is the same")] = None,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: Text = None,
) -> Answer[Page[AlertItem]]:
    if who.alert is not None:
        view = await linked_alert(services, who)
        return listed(services, [] if view is None else [item_for(view, who)])
    begin, end = asked_period(services, since or from_, until or to, ("since", "until"))
    places = seen_places(services, who, place)
    wanted = queries.AlertFilter(
        state=asked_choices("state", state, State),
        severity=asked_choices("severity", severity, Severity),
        ledger=_one("ledger", ledger, Ledger),
        kind=_kind(services, kind),
        device=device or None,
        place=None if places is None else sorted(places),
        since=begin,
        until=None if end is None else end + 1,
    )
    page = await services.ledger.read(lambda tx: queries.page(tx, wanted, pages.limit, pages.after))
    rules = services.rules.lines()
    views = [_dressed(services, view, rules) for view in page.items]
    return listed(services, [item_for(view, who) for view in views], pages.seal(page.next))


@router.get("/alerts/{alert_id}", summary="One alert with its timeline")
async def one_alert(services: Asked, who: Who, alert_id: str) -> Answer[AlertDetail]:
    view = await seen_alert(services, who, alert_id)
    help_needed = await help_view(services, who, view)
    way = way_to(services.registry.community(), view["place"])
    return shown(services, typed(AlertDetail, {**for_reader(view, who), **way, **help_needed}))


@router.post(
    "/alerts/{alert_id}/link",
    status_code=201,
    summary="A worker's link: this alert, this person, two hours",
    openapi_extra=examples.body(examples.LINK, _ACT),
)
async def make_link(request: Request, services: Asked, who: Who, alert_id: str) -> Answer[WorkerLink]:
    demand(who, "assign")
    person = (await written_one(request, _ACT)).person
    await seen_alert(services, who, alert_id)
    if person is None or person not in services.registry.community().people:
        raise faulty(FieldFault("person", messages_zh.UNKNOWN_PERSON.format(person=person)))
    now = services.clock()
    link = worker_link(services.security.signing_key.reveal().encode(), alert_id, person, now)
    deed = {"alert": alert_id, "for": person}
    await services.ledger.run(lambda tx: audit.write(tx, now, who.person or who.token, "link made", deed))
    return shown(services, WorkerLink(link=link, path=f"/m/{link}", expires_at=Moment(now + LINK_MS)), 201)


@router.post(
    "/alerts/{alert_id}/{action}",
    summary="Do something about an alert; 409 says why not now",
    description="、".join(ACTIONS),
    openapi_extra=examples.body(examples.ACT, _ACT, optional=True),
)
async def act(
    request: Request,
    services: Asked,
    who: Who,
    alert_id: str,
    action: Annotated[str, Path(json_schema_extra={"enum": list(ACTIONS)})],
) -> Answer[AlertItem | None]:
    if action not in ACTIONS:
        raise no_such("path")
    demand(who, action)
    written = await written_one(request, _ACT, optional=True)
    await seen_alert(services, who, alert_id)
    actor, now = actor_of(services, who, written.person), services.clock()
    until = asked_instant(services, "until", written.until)
    if written.to is not None and written.to not in services.registry.community().people:
        raise faulty(FieldFault("to", messages_zh.UNKNOWN_PERSON.format(person=written.to)))
    try:
        await services.desk.perform(alert_id, action, actor, now, written.comment, written.reason, until, written.to)
    except NoSuchAlert:
        raise no_such("alert", alert_id) from None
    except InvalidTransition as refused:
        raise Problem(409, refused.message) from None
    except InvalidField as incomplete:
        raise faulty(FieldFault(incomplete.field, messages_zh.INCOMPLETE[incomplete.field])) from None
    deed = {"alert": alert_id, "as": actor.id}
    await services.ledger.run(lambda tx: audit.write(tx, now, who.person or who.token, f"alert {action}", deed))
    view = await feed_view(services, alert_id)
    return shown(services, None if view is None else item_for(view, who))


async def seen_alert(services: Services, who: Principal, alert_id: str) -> dict[str, Any]:
    """An alert with its timeline, if this principal may see it."""
    if who.alert is not None and who.alert != alert_id:
        raise Problem(403, messages_zh.OTHER_ALERT)
    view = await services.ledger.read(lambda tx: queries.detail(tx, alert_id))
    places = seen_places(services, who, None)
    if view is None or (places is not None and view["place"] not in places):
        raise no_such("alert", alert_id)
    return _dressed(services, view, services.rules.lines())


async def linked_alert(services: Services, who: Principal) -> dict[str, Any] | None:
    """The alert that a worker's link is about."""
    return None if who.alert is None else await feed_view(services, who.alert)


async def feed_view(services: Services, alert_id: str) -> dict[str, Any] | None:
    """An alert as it stands in lists and on the stream."""
    view = await services.ledger.read(lambda tx: queries.item(tx, alert_id))
    return None if view is None else _dressed(services, view, services.rules.lines())


def _dressed(services: Services, view: Mapping[str, Any], rules: Sequence[RuleLine]) -> dict[str, Any]:
    """The view in both languages, with its spot on the map and the grid cell that answers for it."""
    town, place = services.registry.community(), view["place"]
    spot, cell = spot_view(spot_of(town, place)), town.cell_of(place)
    return {**in_both(view, services.registry.kinds, rules), "spot": spot, "cell": cell}


def for_reader(view: Mapping[str, Any], who: Principal) -> dict[str, Any]:
    """The view with only the actions that this reader may take: a button must not be a trap."""
    return {**view, "allowed": [action for action in view["allowed"] if who.may(action)]}


def item_for(view: Mapping[str, Any], who: Principal) -> AlertItem:
    """The alert as this reader sees it in lists and on the stream."""
    return typed(AlertItem, for_reader(view, who))


def actor_of(services: Services, who: Principal, named: str | None) -> Actor:
    """The person who acts: whoever logged in, or the person an operator names ("张三 rang, he is on his way")."""
    via = ResponseSource.SCREEN if who.by_cookie else ResponseSource.API
    if named is not None and named != who.person:
        if not who.sees_names:
            raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ACCESS[who.access]))
        if named not in services.registry.community().people:
            raise faulty(FieldFault("person", messages_zh.UNKNOWN_PERSON.format(person=named)))
    person = services.registry.community().people.get(named or who.person or "")
    if person is None:
        return Actor(who.person or who.token, messages_zh.ACCESS[who.access], via, who.access)
    return Actor(person.id, person.name, via, who.access, on_behalf=person.id != who.person)


def _one(field: str, written: str | None, choices: type[StrEnum]) -> str | None:
    """A filter that takes a single value."""
    found = asked_choices(field, [written or ""], choices)
    return found[0].value if found else None


def _kind(services: Services, written: str | None) -> str | None:
    if written and written not in services.registry.kinds:
        known = "、".join(sorted(services.registry.kinds))
        raise faulty(FieldFault("kind", messages_zh.UNKNOWN_KIND.format(kind=written, known=known)))
    return written or None

"""`/alerts`: lists, one alert with its timeline, and the actions of people on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, get_args

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, TypeAdapter

from alerts.alert import Actor, ResponseSource
from console import messages_zh
from console.api.alert_filters import AlertFilters
from console.api.devices import visible_places
from console.api.report_views import case_view
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.personal_data import ALERT_FIELDS, gathered_reads, personal_reads
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import (
    Deps,
    PageParams,
    item_response,
    list_response,
    parse_body,
)
from console.http.requirements import CurrentUser, Requirement
from console.schemas.alerts import Action, AlertDetail, AlertItem, WorkerLink
from console.schemas.references import Page
from console.security.auth import LINK_MS, AccessRole, Principal, sign_worker_link
from console.security.masking import mask_text
from console.timestamps import Timestamp, to_schema
from console.views.evidence import english_titles, translate_view
from console.views.people_at_risk import people_at_risk_view, without_resident_names
from console.views.place_map import find_spot, location_view, spot_view
from console.views.wearers import without_body_values
from domain.places import self_and_ancestors
from store.database.alerts import queries
from store.database.system import audit

router = documented_router(tags=["alerts"])
Assigner = Annotated[Principal, Depends(Requirement("assign"))]

ACTIONS: Final = get_args(Action)


class LinkBody(BaseModel):
    """For whom a worker's link is made."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    person: str | None = None


_LINK_BODY = TypeAdapter(LinkBody)


@router.get(
    "/alerts",
    summary="Alerts, newest first; every state unless filtered",
    dependencies=[gathered_reads(ALERT_FIELDS)],
)
async def list_alerts(
    deps: Deps,
    user: CurrentUser,
    pages: PageParams,
    filters: AlertFilters,
) -> JsonResponse[Page[AlertItem]]:
    if user.alert is not None:
        view = await alert_of_link(deps, user)
        return list_response(deps, [] if view is None else [item_for_user(deps, view, user)])
    page = await deps.database.read(lambda tx: queries.list_alerts(tx, filters, pages.limit, pages.after))
    return list_response(deps, enriched_items(deps, page.items, user), pages.sign_cursor(page.next))


@router.get("/alerts/{alert_id}", summary="One alert with its timeline", dependencies=[personal_reads("phone, health")])
async def get_alert(deps: Deps, user: CurrentUser, alert_id: str) -> JsonResponse[AlertDetail]:
    view = await require_visible_alert(deps, user, alert_id)
    at_risk = await people_at_risk_view(deps, user, view)
    location = location_view(deps.registry.community(), view["place"])
    case = await case_view(deps, user, view)
    return item_response(deps, to_schema(AlertDetail, {**for_user(view, user), **location, **at_risk, **case}))


@router.post(
    "/alerts/{alert_id}/link",
    status_code=201,
    summary="A worker's link: this alert, this person, two hours",
    openapi_extra=examples.request_body(examples.LINK, _LINK_BODY),
)
async def create_link(request: Request, deps: Deps, user: Assigner, alert_id: str) -> JsonResponse[WorkerLink]:
    person = (await parse_body(request, _LINK_BODY)).person
    await require_visible_alert(deps, user, alert_id)
    if person is None or person not in deps.registry.community().people:
        raise invalid(FieldError("person", messages_zh.UNKNOWN_PERSON.format(person=person)))
    now = deps.clock()
    link = sign_worker_link(deps.security.signing_key.reveal().encode(), alert_id, person, now)
    detail = {"alert": alert_id, "for": person}
    await deps.database.write(lambda tx: audit.record(tx, now, user.person or user.token, "link made", detail))
    return item_response(deps, WorkerLink(link=link, path=f"/m/{link}", expires_at=Timestamp(now + LINK_MS)), 201)


async def require_visible_alert(deps: Deps, user: Principal, alert_id: str) -> dict[str, Any]:
    """An alert with its timeline; 404 unless this principal may see it."""
    if user.alert is not None and user.alert != alert_id:
        raise Problem(403, messages_zh.OTHER_ALERT)
    view = await deps.database.read(lambda tx: queries.alert_detail(tx, alert_id))
    places = visible_places(deps, user, None)
    if view is None or (places is not None and view["place"] not in places):
        raise not_found("alert", alert_id)
    return seen_by(deps, _without_numbers(_enriched(deps, view, english_titles(deps.rules.summaries())), user), user)


def seen_by(deps: Deps, view: dict[str, Any], user: Principal) -> dict[str, Any]:
    """An alert for this user: whoever only looks on does not see what was measured of a body, and residents' names are
    masked by role.
    """
    view = without_resident_names(deps, user, view)
    return without_body_values(view, deps.registry.kinds) if user.only_looks_on else view


def _without_numbers(view: dict[str, Any], user: Principal) -> dict[str, Any]:
    """The view; viewers see no phone number that somebody wrote into a comment. Those who act on alerts may need it."""
    if user.role is not AccessRole.VIEWER:
        return view
    return {**view, "timeline": [{**entry, "text": mask_text(entry["text"])} for entry in view["timeline"]]}


async def alert_of_link(deps: Deps, user: Principal) -> dict[str, Any] | None:
    """The alert of a worker's link; None for other users."""
    return None if user.alert is None else await item_view(deps, user.alert)


async def item_view(deps: Deps, alert_id: str) -> dict[str, Any] | None:
    """An alert as in lists and stream events; None when it does not exist."""
    return (await item_views(deps, [alert_id])).get(alert_id)


async def item_views(deps: Deps, alert_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The alerts by id, as in lists and stream events; without those that do not exist."""
    views = await deps.database.read(lambda tx: queries.get_alerts(tx, alert_ids))
    titles = english_titles(deps.rules.summaries())
    return {view["id"]: _enriched(deps, view, titles) for view in views}


def enriched_items(deps: Deps, views: Sequence[Mapping[str, Any]], user: Principal) -> list[AlertItem]:
    """Alerts of a page of the store as this user sees them."""
    titles = english_titles(deps.rules.summaries())
    return [item_for_user(deps, _enriched(deps, view, titles), user) for view in views]


def _enriched(deps: Deps, view: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    """The view in both languages, with its place on the map and the responsible grid cell."""
    community, place = deps.registry.community(), view["place"]
    path = [node.id for node in self_and_ancestors(community.places, place)][::-1]
    spot, cell = spot_view(find_spot(community, place)), community.cell_of(place)
    return {**translate_view(view, deps.registry.kinds, titles), "spot": spot, "place_path": path, "cell": cell}


def for_user(view: Mapping[str, Any], user: Principal) -> dict[str, Any]:
    """The view with the actions that this user may perform: the pages show a button for each. Phone numbers in what a
    person wrote are masked by role."""
    description = view["description"] if user.sees_names else mask_text(view["description"])
    allowed = [action for action in view["allowed"] if may_act(user, action, view)]
    return {**view, "description": description, "allowed": allowed}


def may_act(user: Principal, action: str, view: Mapping[str, Any]) -> bool:
    """Whether this user may perform the action on this alert: by his role, or because he is asked to verify it."""
    second = view["second_check"]
    is_asked = action in ("verify", "reopen") and user.person is not None and user.person in asked_to_verify(view)
    # The street's verification is given by those asked for it; with a login that several share, one of them proves
    # himself by his PIN.
    is_left_to_others = action == "verify" and second is not None and user.person is not None
    return is_asked or (user.has_permission(action) and not is_left_to_others)


def asked_to_verify(view: Mapping[str, Any]) -> list[str]:
    """The people who may answer a verification of this alert: of the street's, each who was asked for it."""
    second = view.get("second_check")
    if second is not None:
        return [one["id"] for one in second["asked"]]
    return [] if view.get("verifier") is None else [view["verifier"]]


def item_for_user(deps: Deps, view: Mapping[str, Any], user: Principal) -> AlertItem:
    """The alert for this user, as in lists and stream events."""
    return to_schema(AlertItem, for_user(seen_by(deps, dict(view), user), user))


def resolve_actor(deps: Deps, user: Principal, person_id: str | None) -> Actor:
    """The acting person: the logged-in user, or the person an operator acts for ("张三 called, he is on his way")."""
    via = ResponseSource.SCREEN if user.by_cookie else ResponseSource.API
    if person_id is not None and person_id != user.person:
        if not user.sees_names:
            raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ROLES[user.role]))
        if person_id not in deps.registry.community().people:
            raise invalid(FieldError("person", messages_zh.UNKNOWN_PERSON.format(person=person_id)))
    person = deps.registry.community().people.get(person_id or user.person or "")
    principal = user.person or user.token
    if person is None:
        return Actor(principal, user.name or messages_zh.ROLES[user.role], via, user.role, principal=principal)
    return Actor(person.id, person.name, via, user.role, on_behalf=person.id != user.person, principal=principal)

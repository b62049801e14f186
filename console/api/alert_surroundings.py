"""`/alerts/{id}/surroundings`: doors of the same unit with who needs help there, and the case in outside systems."""

from __future__ import annotations

from console.api.alerts import require_visible_alert
from console.api.devices import visible_places
from console.dependencies import ConsoleDependencies
from console.http.authorization import CurrentUser
from console.http.openapi import JsonResponse, documented_router
from console.http.personal_data import record_personal_reads
from console.http.requests import Deps, item_response
from console.schemas import surroundings as schema
from console.timestamps import Timestamp
from console.views.people_at_risk import care_notes, may_see_people
from console.views.place_tree import descendants
from console.views.surroundings import Household, households_of, open_by_household, unit_of
from store.database.alerts import queries
from store.database.exchange import cases

router = documented_router(tags=["alerts"])

ACTIVE = ("open", "acknowledged", "on_site", "shelved")


@router.get("/alerts/{alert_id}/surroundings", summary="Doors of the same unit, and the case in outside systems")
async def get_surroundings(deps: Deps, user: CurrentUser, alert_id: str) -> JsonResponse[schema.Surroundings]:
    """Who needs help behind which door is shown to those who see the people of the alert."""
    view = await require_visible_alert(deps, user, alert_id)
    community = deps.registry.community()
    unit = unit_of(community, view["place"])
    links = await deps.database.read(lambda tx: cases.links_of(tx, int(alert_id)))
    titles = deps.exchange.titles if deps.exchange is not None else {}
    households: list[schema.Household] = []
    if unit is not None and user.alert is None:
        inside = sorted(descendants(community.places, unit.id))
        filters = queries.AlertFilter(state=ACTIVE, place=inside)
        page = await deps.database.read(lambda tx: queries.list_alerts(tx, filters, 200))
        alerts = open_by_household(community, page.items)
        shown, places = may_see_people(user, view), visible_places(deps, user, None)
        inside_place = [
            household
            for household in households_of(community, unit, view["place"])
            if places is None or household.place.id in places
        ]
        if shown:
            read = [person.id for household in inside_place for person in household.people]
            await record_personal_reads(deps, user, read, "health")
        households = [
            _household_view(deps, household, alerts.get(household.place.id, []), shown) for household in inside_place
        ]
    return item_response(
        deps,
        schema.Surroundings(
            unit=community.address(unit.id) if unit is not None else None,
            households=households,
            handed_over=[
                schema.HandedOver(
                    system=link.system,
                    title=titles.get(link.system, (link.system, link.system))[0],
                    title_en=titles.get(link.system, (link.system, link.system))[1],
                    direction=link.direction,
                    number=link.their_id or link.external_id,
                    state=link.state,
                    deadline=None if link.their_deadline is None else Timestamp(link.their_deadline),
                    updated_at=Timestamp(link.updated_at),
                )
                for link in links
            ],
        ),
    )


def _household_view(
    deps: ConsoleDependencies, household: Household, alerts: list[str], shown: bool
) -> schema.Household:
    notes = [note for person in household.people for note in care_notes(deps, person)] if shown else []
    return schema.Household(
        place=household.place.id,
        name=household.place.name,
        here=household.here,
        alerts=alerts,
        in_need=len(household.people) if shown else 0,
        care=[schema.CareNote(**note) for note in notes],
    )

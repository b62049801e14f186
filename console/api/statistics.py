"""`/statistics`: response times, closing rate, alarm load and bad actors of a period; the report of a month."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Annotated, Final

from fastapi import Query
from msgspec import Struct

from alerts.analysis.case_figures import GroupBy
from alerts.analysis.statistics import Period, Statistics, summarize
from console import messages_zh
from console.api.devices import visible_places
from console.http.authorization import NonLinkUser
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, invalid
from console.http.requests import Deps, OptionalText, TextList, item_response, parse_choices, parse_period
from console.schemas.statistics import Statistics as StatisticsSchema
from console.security.auth import Principal
from console.timestamps import to_schema
from console.views.figure_names import FigureNames, Language, area_under
from console.views.statistics import statistics_view
from domain import DAY, Instant
from store.database.alerts import case_facts

router = documented_router(tags=["statistics"])

DEFAULT_SPAN_MS: Final = 30 * DAY
SPAN_MAX_MS: Final = 800 * DAY
"""A little more than two years."""
DEFAULT_GROUPS: Final = (GroupBy.SEVERITY, GroupBy.HAZARD, GroupBy.ROLE)


class Figures(Struct, frozen=True):
    """Statistics of a period, with what is needed to name their keys."""

    statistics: Statistics
    period: Period
    places: dict[str, str]
    """The place of each device that is named."""


@router.get(
    "/statistics",
    summary="Response times, closing rate, alarm load (ISA-18.2) and bad actors; default: the last 30 days",
)
async def get_statistics(
    deps: Deps,
    user: NonLinkUser,
    group: TextList,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: OptionalText = None,
    place: Annotated[str | None, Query(description="this place and all places under it")] = None,
) -> JsonResponse[StatisticsSchema]:
    since, until = period_of(deps, from_, to)
    groups = tuple(parse_choices("group", group, GroupBy)) or DEFAULT_GROUPS
    found = await compute_figures(deps, user, since, until, place, groups)
    view = statistics_view(found.statistics, found.period, place, names_in(deps, "zh"), found.places)
    return item_response(deps, to_schema(StatisticsSchema, view))


def period_of(deps: Deps, since: str | None, until: str | None) -> tuple[Instant, Instant]:
    """The requested period; 422 when it is longer than SPAN_MAX_MS."""
    begin, end = parse_period(deps, since, until)
    end = deps.clock() if end is None else end
    begin = end - DEFAULT_SPAN_MS if begin is None else begin
    if not begin < end <= begin + SPAN_MAX_MS:
        raise invalid(FieldError("from", messages_zh.PERIOD_TOO_LONG.format(days=SPAN_MAX_MS // DAY)))
    return begin, end


async def compute_figures(
    deps: Deps, user: Principal, since: Instant, until: Instant, place: str | None, groups: Iterable[GroupBy]
) -> Figures:
    """The statistics of the places that this user may see."""
    places = visible_places(deps, user, place)
    now, community = deps.clock(), deps.registry.community()
    facts = await case_facts.read_facts(deps.database, since, until, now, places)
    period = Period(since, until, now, deps.site.zone, deps.site.operators)
    area = partial(area_under, community, place or user.place)
    # A long period takes longer than a slice of the event loop may.
    found = await asyncio.to_thread(summarize, facts, period, tuple(groups), area)
    devices = [actor.id for actor in found.bad_actors.devices]
    devices += [actor.id.partition("/")[2] for actor in found.chattering]
    at = await deps.database.read(lambda tx: case_facts.device_places(tx, devices))
    return Figures(found, period, at)


def names_in(deps: Deps, language: Language) -> FigureNames:
    """Names of keys in a language."""
    return FigureNames(language, deps.registry.community(), deps.registry.roles, deps.rules.summaries())

"""`/places/summary`: compounds with their worst open alert, worst first: a wall need not load every flat."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Annotated, Any

from fastapi import Query

from console.api.devices import seen_places
from console.http.authorization import Member
from console.http.openapi import Answer, described_router
from console.http.requests import Asked, Pages, shown
from console.schemas.registry import PlaceGroup, PlacesSummary
from console.timestamps import typed
from console.views.town_map import TownMap, place_on_map, spot_of
from domain import Place, Severity
from domain.people import Community
from store.database.alerts import statistics

router = described_router(tags=["places"])

_SEVERITIES = tuple(Severity)


class _Latest:
    """The map of the community's present version."""

    def __init__(self) -> None:
        self._map: TownMap | None = None

    async def of(self, community: Community) -> TownMap:
        if self._map is None or self._map.community is not community:
            self._map = await asyncio.to_thread(TownMap, community)
        return self._map


_LATEST = _Latest()


class _Open:
    """Open alerts of the danger ledger, counted by compound and by building."""

    def __init__(self, community: Community, counted: Iterable[tuple[str, str, int]]) -> None:
        self._by_place: dict[str, Counter[str]] = {}
        for place, severity, number in counted:
            spot = spot_of(community, place)
            for node in set() if spot is None else {spot.group.id, spot.tile.id}:
                self._by_place.setdefault(node, Counter())[severity] += number

    def of(self, place: str) -> dict[str, Any]:
        here = self._by_place.get(place, Counter())
        return {"open": here.total(), "worst": next((one.value for one in _SEVERITIES if here[one.value]), None)}


@router.get("/places/summary", summary="Compounds (or what stands for them) with open alerts, the worst first")
async def places_summary(
    services: Asked,
    who: Member,
    pages: Pages,
    place: Annotated[str | None, Query(description="this place and what lies under it")] = None,
    tiles: Annotated[bool, Query(description="with the buildings of each, else their number")] = False,
) -> Answer[PlacesSummary]:
    community = services.registry.community()
    town, reach = await _LATEST.of(community), seen_places(services, who, place)
    counts = _Open(community, await services.ledger.read(statistics.open_by_place))
    lines = sorted(_lines(town, reach, counts), key=lambda line: line["key"])
    kept = [line for line in lines if pages.after is None or line["key"] > pages.after][: pages.limit + 1]
    following = kept[pages.limit - 1]["key"] if len(kept) > pages.limit else None
    items = [typed(PlaceGroup, _view(community, line, counts, tiles)) for line in kept[: pages.limit]]
    total = len(community.places) if reach is None else len(reach & community.places.keys())
    return shown(services, PlacesSummary(items=items, next=pages.seal(following), places=total))


def _lines(town: TownMap, reach: Collection[str] | None, counts: _Open) -> Iterable[dict[str, Any]]:
    for group, tiles in town.groups.items():
        seen = [tile for tile in tiles.values() if reach is None or group in reach or tile.id in reach]
        if reach is None or group in reach or seen:
            here = counts.of(group)
            # Sorts as text: worst first, then the most alerts, then by id. It is the cursor, too.
            rank = _SEVERITIES.index(Severity(here["worst"])) if here["worst"] else len(_SEVERITIES)
            key = f"{rank}/{999_999_999 - here['open']:09}/{group}"
            yield {"key": key, "group": town.community.places[group], "here": here, "tiles": seen}


def _view(community: Community, line: dict[str, Any], counts: _Open, with_tiles: bool) -> dict[str, Any]:
    tiles: list[Place] = line["tiles"]
    shown = [{**place_on_map(community, tile), **counts.of(tile.id)} for tile in tiles] if with_tiles else len(tiles)
    return {**place_on_map(community, line["group"]), **line["here"], "tiles": shown}

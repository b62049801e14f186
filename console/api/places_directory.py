"""`/places/directory`: places found by words of their address, for fields in which a person types where."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import reduce
from itertools import islice
from typing import Annotated, Final

from fastapi import Query

from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, list_response
from console.http.requirements import NonLinkUser
from console.schemas import registry as schema
from console.schemas.references import Page
from console.views.device_state import search_words
from domain.people import Community
from domain.place_tree import PlaceSet

router = documented_router(tags=["registry"])

FOUND_MAX: Final = 20
"""A person who sees more types another word."""


@router.get("/places/directory", summary="Places by words of their address, the outer ones first")
async def list_places_directory(
    deps: Deps, user: NonLinkUser, q: Annotated[str, Query(max_length=100)] = ""
) -> JsonResponse[Page[schema.PlaceEntry]]:
    """All words must be in the address or the names around it; at most twenty places, without a word none."""
    found = await asyncio.to_thread(_find, deps.registry.community(), search_words(q), user.place)
    return list_response(deps, found, None)


def _find(community: Community, words: Sequence[str], root: str | None) -> list[schema.PlaceEntry]:
    """In a thread: a district has 170,000 places. `root`: where the user may look, None for everywhere."""
    if not words:
        return []
    limits = [] if root is None else [community.place_tree.inside(root)]
    matching = reduce(PlaceSet.intersection, [*limits, *map(community.place_search.find, words)])
    return [
        schema.PlaceEntry(id=place, name=community.places[place].name, address=community.address(place))
        for place in islice(community.place_tree.outer_first(matching), FOUND_MAX)
        if place in community.places
    ]

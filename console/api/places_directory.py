"""`/places/directory`: places found by words of their address, for fields in which a person types where."""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet
from typing import Annotated, Final

from fastapi import Query

from console.api.devices import visible_places
from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, list_response
from console.http.requirements import NonLinkUser
from console.schemas import registry as schema
from console.schemas.references import Page
from console.views.device_state import places_of_words, search_words
from domain.people import Community

router = documented_router(tags=["registry"])

FOUND_MAX: Final = 20
"""A person who sees more types another word."""


@router.get("/places/directory", summary="Places by words of their address, the outer ones first")
async def list_places_directory(
    deps: Deps, user: NonLinkUser, q: Annotated[str, Query(max_length=100)] = ""
) -> JsonResponse[Page[schema.PlaceEntry]]:
    """All words must be in the address or the names around it; at most twenty places, without a word none."""
    visible = visible_places(deps, user, None)
    found = await asyncio.to_thread(_find, deps.registry.community(), search_words(q), visible)
    return list_response(deps, found, None)


def _find(community: Community, words: list[str], visible: AbstractSet[str] | None) -> list[schema.PlaceEntry]:
    """In a thread: a district has 170,000 places."""
    if not words:
        return []
    matching = set.intersection(*places_of_words(community, words))
    addressed = [(community.address(one), one) for one in (matching if visible is None else visible & matching)]
    addressed.sort(key=lambda entry: (len(entry[0]), entry[0], entry[1]))
    return [
        schema.PlaceEntry(id=place, name=community.places[place].name, address=address)
        for address, place in addressed[:FOUND_MAX]
    ]

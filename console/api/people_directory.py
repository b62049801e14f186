"""`/people/directory`: people found by name, phone or role, with masked phones; in full they are at `/people/{id}`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from fastapi import Query

from alerts.channel_specs import LOGBOOK, stored_address
from console.api.registry import people_inside
from console.dependencies import ConsoleDependencies
from console.http.openapi import JsonResponse, documented_router
from console.http.personal_data import personal_reads, record_personal_reads
from console.http.requests import Deps, PageParams, list_response
from console.http.requirements import NonLinkUser
from console.schemas import registry as schema
from console.schemas.references import Page
from console.security.auth import Principal
from console.security.masking import mask_name, mask_phone
from console.timestamps import Timestamp
from domain import Instant, Person
from domain.people import Community
from domain.rosters import Override

router = documented_router(tags=["registry"])


@router.get(
    "/people/directory",
    summary="People by a part of their name, phone or id; phones are masked",
    dependencies=[personal_reads("name, address")],
)
async def list_directory(
    deps: Deps,
    user: NonLinkUser,
    pages: PageParams,
    q: Annotated[str, Query(max_length=100)] = "",
    role: Annotated[str, Query(max_length=60)] = "",
    on_duty: Annotated[bool | None, Query(alias="staff", description="on a roster, or not")] = None,
) -> JsonResponse[Page[schema.DirectoryEntry]]:
    """In the order of their ids. A phone finds somebody only by all of its digits, and only for those who see names:
    parts would reveal it, and of a masked number ten thousand tries find the four digits that are hidden."""
    community, now = deps.registry.community(), deps.clock()
    search = DirectorySearch(community, user, q.strip(), role, on_duty)
    found = await asyncio.to_thread(search.page, pages.after or "", pages.limit + 1)
    ids = [person.id for person in found]
    views = [_entry(deps, user, community, person, now) for person in found[: pages.limit]]
    if user.sees_names:
        residents = [one for one in ids[: pages.limit] if one not in community.workers]
        await record_personal_reads(deps, user, residents, "name, address")
    return list_response(deps, views, pages.sign_cursor(ids[pages.limit - 1] if len(ids) > pages.limit else None))


class DirectorySearch:
    """The people whom a user finds by these words, in the order of their ids. In a thread: a name stands anywhere."""

    def __init__(self, community: Community, user: Principal, text: str, role: str, on_duty: bool | None) -> None:
        self._community, self._user, self._text, self._lower = community, user, text, text.lower()
        self._role, self._on_duty = role, on_duty
        self._inside = None if user.place is None else community.place_tree.inside(user.place)

    def page(self, after: str, limit: int) -> list[Person]:
        """Reads no person beyond the page, and only those who may match."""
        table = self._community.people_table
        return table.page(min(self._ids(), key=len), after, limit, self._is_found)

    def _ids(self) -> Iterator[Sequence[str]]:
        """For each condition the ids, in order, beyond which nobody meets it."""
        community = self._community
        ids = community.people_table.ids
        yield ids
        if self._text:
            yield sorted({*community.people_search.find(self._text), self._text})
        if self._role:
            yield sorted(community.people_of(self._role))
        if self._on_duty:
            yield sorted(community.workers)
        if self._user.place is not None:
            yield people_inside(community, self._user.place)

    def _is_found(self, person: Person) -> bool:
        community, is_worker = self._community, person.id in self._community.workers
        return (
            self._matches(person, may_see=self._user.sees_names or is_worker)
            and self._is_near(person)
            and self._on_duty in (None, is_worker)
            and (not self._role or self._role in community.roles_of(person.id))
        )

    def _is_near(self, person: Person) -> bool:
        """Whether the user may see where this person lives."""
        return self._inside is None or person.home is None or person.home in self._inside

    def _matches(self, person: Person, *, may_see: bool) -> bool:
        text = self._text
        if not text or text == person.id:
            return True
        return (self._user.sees_names and text == person.phone) or (may_see and self._lower in person.name.lower())


def _entry(
    deps: ConsoleDependencies, user: Principal, community: Community, person: Person, now: Instant
) -> schema.DirectoryEntry:
    is_worker = person.id in community.workers
    channels = [channel for channel in sorted(deps.registry.channels) if channel != LOGBOOK]
    leave = _leave(community.overrides_of, person.id, now)
    return schema.DirectoryEntry(
        id=person.id,
        name=person.name if user.sees_names or is_worker else mask_name(person.name),
        phone=mask_phone(person.phone),
        staff=is_worker,
        roles=list(community.roles_of(person.id)),
        home=community.address(person.home) if user.sees_names and person.home else None,
        channels=[channel for channel in channels if stored_address(person, channel)],
        away_until=None if leave is None else Timestamp(leave.until),
        away_reason="" if leave is None or not user.sees_names else leave.leave or "",
    )


def _leave(overrides_of: Mapping[str, Sequence[Override]], person: str, now: Instant) -> Override | None:
    """The leave that holds now."""
    held = (one for one in overrides_of.get(person, ()) if one.since <= now < one.until and one.person == person)
    return next((one for one in held if one.kind == "leave"), None)

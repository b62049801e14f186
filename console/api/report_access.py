"""Shared by the endpoints of reports: whether they are open, signed tokens, and the index of public places."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends, Request

from console import report_messages_zh
from console.http.problems import Problem, not_found
from console.http.requests import Deps
from console.report_dependencies import ReportDependencies
from console.security.report_links import ReportLinks
from console.views.report_places import ReportPlaceIndex
from domain.people import Community


async def open_reports(deps: Deps) -> ReportDependencies:
    """The dependencies of reports; 404 where the site takes none from the public."""
    if not deps.reports.is_open:
        raise not_found("path")
    return deps.reports


ReportDeps = Annotated[ReportDependencies, Depends(open_reports)]


def links_of(request: Request) -> ReportLinks:
    """The signer of tokens."""
    links: ReportLinks = request.app.state.report_links
    return links


def reject_cross_site(request: Request) -> None:
    """403 for a form that another site submits through its visitors."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Problem(403, report_messages_zh.CROSS_SITE)


class _IndexCache:
    """The index of the latest community, built again when the community changes."""

    def __init__(self) -> None:
        self._index: ReportPlaceIndex | None = None

    async def get(self, community: Community) -> ReportPlaceIndex:
        if self._index is None or self._index.community is not community:
            self._index = await asyncio.to_thread(ReportPlaceIndex, community)
        return self._index


_INDEX_CACHE = _IndexCache()


async def place_index(deps: Deps) -> ReportPlaceIndex:
    """The index of public places."""
    return await _INDEX_CACHE.get(deps.registry.community())

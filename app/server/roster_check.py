"""Computes the gaps of the roster daily and after changes of the registry, and reports them as health alerts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

from app.pipeline.self_monitoring import SelfMonitoring
from app.reload.registry import RegistryCache
from app.site_check.roster_gaps import gap_lines
from domain import Instant
from domain.people import Community
from domain.roles import Roles

log = logging.getLogger("fengshao.rosters")


class RosterCheck:
    """`run_daily` is a job of the scheduler; `request` has the gaps computed soon, by `run`."""

    def __init__(
        self,
        registry: RegistryCache,
        monitoring: SelfMonitoring,
        roles: Roles,
        zone: ZoneInfo,
        clock: Callable[[], Instant],
    ) -> None:
        self._registry, self._monitoring, self._roles = registry, monitoring, roles
        self._zone, self._clock = zone, clock
        self._requested = asyncio.Event()
        self._checked: object = object()

    def request(self) -> None:
        """Have the gaps computed, where anything but devices has changed since: those of a district take seconds."""
        if self._registry.community is not self._checked:
            self._requested.set()

    async def check(self, now: Instant) -> str:
        """Compute the gaps of the next days and report them; returns their number in a few words."""
        community = self._registry.community
        if not community.duties and not community.rotations:
            self._report(community, {}, now)
            return "no roster"
        lines = await asyncio.to_thread(gap_lines, community, now, self._zone, self._roles)
        self._report(community, lines, now)
        return f"{sum(map(len, lines.values()))} gaps in {len(lines)} communities"

    def _report(self, community: Community, lines: Mapping[str, Sequence[str]], now: Instant) -> None:
        self._monitoring.roster_gaps(lines, now)
        self._checked = community

    async def run(self) -> None:
        """Compute the gaps after each request until cancelled; several requests during one computation are one."""
        while True:
            await self._requested.wait()
            self._requested.clear()
            try:
                await self.check(self._clock())
            except Exception:
                log.exception("gaps of the roster not computed")

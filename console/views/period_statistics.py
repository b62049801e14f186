"""Statistics and monthly reports, computed from the database for the API, the command line and the scheduled job."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial

from msgspec import Struct

from alerts.analysis.case_figures import GroupBy
from alerts.analysis.months import month_bounds
from alerts.analysis.statistics import Period, Statistics, summarize
from console.dependencies import RuleSummary, SiteInfo
from console.views.figure_names import FigureNames, Language, area_under
from console.views.monthly_report import REPORT_GROUPS, MonthlyReport
from domain import Instant
from domain.people import Community
from domain.roles import Roles
from store.database.alerts import case_facts
from store.database.database import Database


class Figures(Struct, frozen=True):
    """Statistics of a period. `places`: the place of each device that is named."""

    statistics: Statistics
    period: Period
    places: dict[str, str]


class Scope(Struct, frozen=True):
    """What is counted: everything, or the alerts at these places, grouped by what lies under `root`."""

    places: Collection[str] | None = None
    root: str | None = None


class StatisticsReader:
    """Reads statistics of one version of the registry."""

    def __init__(
        self, database: Database, site: SiteInfo, community: Community, roles: Roles, rules: Sequence[RuleSummary]
    ) -> None:
        self._database, self._site, self._community = database, site, community
        self._roles, self._rules = roles, rules

    async def figures(
        self, since: Instant, until: Instant, now: Instant, groups: Sequence[GroupBy], scope: Scope
    ) -> Figures:
        """The statistics of a period."""
        facts = await case_facts.read_facts(self._database, since, until, now, scope.places)
        period = Period(since, until, now, self._site.zone, self._site.operators)
        # A long period takes longer than a slice of the event loop may.
        area = partial(area_under, self._community, scope.root)
        found = await asyncio.to_thread(summarize, facts, period, groups, area)
        devices = [actor.id for actor in found.bad_actors.devices]
        devices += [actor.id.partition("/")[2] for actor in found.chattering]
        places = await self._database.read(lambda tx: case_facts.device_places(tx, devices))
        return Figures(found, period, places)

    async def report(self, month: str, now: Instant, language: Language, scope: Scope) -> MonthlyReport:
        """The report of a month. Raises ValueError for a text that is no month."""
        since, until = month_bounds(month, self._site.zone)
        found = await self.figures(since, until, now, REPORT_GROUPS, scope)
        area = "" if scope.root is None else self._community.address(scope.root)
        return MonthlyReport(
            self._site.name, month, area, found.statistics, found.period, self.names(language), found.places
        )

    def names(self, language: Language) -> FigureNames:
        """Names of keys in a language."""
        return FigureNames(language, self._community, self._roles, self._rules)

"""One simulated day: the service is started from its files, hears the town's messages, and is stopped at midnight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import httpx2
from msgspec import Struct, field

from alerts.cases.report import PlaceSource
from alerts.cases.report_steps import NewPhoto, ReportLimited, ReportRequest
from app.config.catalog import load_wording
from app.config.site import SiteConfig
from app.score.garbage import kept_for_the_day
from app.score.maintenance import register_maintenance
from app.score.observer import Observer, RecordingLogbook, ServiceDeliveries
from app.score.rebirths import EdgeNodes
from app.score.recorded_run import RecordedDay, Recorder, Standing
from app.score.records import Explanation, Text
from app.score.simulated_service import ACCOUNT, SERVICE_URL, Callbacks, SimulatedService, opened
from app.score.sms_network import NetworkState, SmsNetwork
from app.score.sms_providers import SmsProviders
from app.score.traffic import Arrivals
from app.score.virtual_loop import VirtualLoop, run_virtually
from app.server.alerting import RuleState
from app.server.service import Service
from domain import Finding, Instant
from simulators.events import CitizenReport, Incident
from simulators.faults.people import PeopleFaults
from simulators.town.citizens.photo import PHOTO_SIZE, hazard_photo
from simulators.town.town import Period

_PROGRESS_EVERY_MS = 60_000
_TURNS_BEFORE_FINDINGS = 20
"""Of the event loop: what else is due at an instant is done before findings of messages that arrive at it."""


class DayState(Struct):
    """What the next day continues from, beside the service's files and the state of the traffic."""

    network: NetworkState = field(default_factory=NetworkState)
    texts: list[Text] = field(default_factory=list)
    explanations: list[Explanation] = field(default_factory=list)
    reports: int = 0
    refused_reports: int = 0
    standing: Standing = {}


class Day(Struct, frozen=True):
    """What a day needs. `incidents` are those of the whole run; `rules` say how findings stand that arrive in place of
    messages (app.score.replay)."""

    period: Period
    site: SiteConfig
    data: Path
    incidents: Sequence[Incident]
    seed: int
    people_faults: PeopleFaults
    rules: Callable[[Callable[[], Instant]], RuleState] | None = None


def run_day(
    day: Day, arrivals: Iterable[Arrivals], state: DayState, progress: Callable[[Instant], None] = lambda _at: None
) -> RecordedDay:
    """Simulate a day and return what it records; `state` is that of its end afterwards."""
    return run_virtually(day.period.start, lambda loop: _DayRun(loop, day, state, progress).run(arrivals))


async def submit_report(service: Service, state: DayState, report: CitizenReport) -> None:
    """A resident sends a report; those that the service refuses are counted."""
    state.reports += 1
    desk = service.citizen_reports.desk
    request = ReportRequest(
        category=next(one for one in desk.categories.categories if one.id == report.category),
        text=report.text,
        client=f"resident-{state.reports}",
        place=report.place,
        place_source=PlaceSource.QR,
        photos=[_photo(service, state.reports * 10 + number) for number in range(report.photos)],
    )
    try:
        await desk.submit(request)
    except ReportLimited:
        state.refused_reports += 1


def _photo(service: Service, number: int) -> NewPhoto:
    """A photo that the resident took, among those of the service."""
    taken = hazard_photo(number)
    return NewPhoto(service.citizen_reports.blobs.write(taken), *PHOTO_SIZE, len(taken))


class _DayRun:
    def __init__(self, loop: VirtualLoop, day: Day, state: DayState, progress: Callable[[Instant], None]) -> None:
        self._loop, self._day, self._state, self._progress = loop, day, state, progress
        self._observer = Observer(day.incidents, state.texts, state.explanations)
        self._recorder = Recorder(loop.clock, state.standing)

    async def run(self, arrivals: Iterable[Arrivals]) -> RecordedDay:
        day, callbacks = self._day, Callbacks()
        network = SmsNetwork(
            self._loop, callbacks.client, self._state.network, self._observer, day.people_faults, day.seed
        )
        providers = SmsProviders(
            ACCOUNT, load_wording(day.site.path), day.site.settings.sign, self._loop.clock, network, SERVICE_URL
        )
        network.servers = providers.servers
        logbook, recorder = RecordingLogbook(), self._recorder if day.rules is None else None
        logbook.on_entry = lambda delivery: self._observer.logbook_entry(delivery, self._loop.clock())
        transport = providers.transport(day.people_faults, self._loop.clock)
        client = httpx2.AsyncClient(transport=transport, trust_env=False)
        async with (
            providers,
            callbacks.client,
            opened(self._loop, day.site, day.data, client, logbook, recorder) as simulated,
        ):
            callbacks.service = service = simulated.service
            if day.rules is not None:
                service.alerting.desk.due_alerts.status_of = day.rules(self._loop.clock).finding_status
            self._observer.deliveries = ServiceDeliveries(service)
            beside = [
                asyncio.create_task(network.run(), name="sms network"),
                asyncio.create_task(self._explain_missed(service), name="explanations"),
                asyncio.create_task(
                    register_maintenance(simulated.service, self._loop, day.incidents, day.period), name="maintenance"
                ),
            ]
            with kept_for_the_day():
                await self._feed(simulated, arrivals)
            await self._observer.record_entries()
            for task in beside:
                task.cancel()
            for ended in await asyncio.gather(*beside, return_exceptions=True):
                if isinstance(ended, Exception):
                    raise ended
        return self._recorder.day

    async def _feed(self, simulated: SimulatedService, arrivals: Iterable[Arrivals]) -> None:
        shown, edge_nodes = self._day.period.start, EdgeNodes(simulated.service.registry.devices.values())
        decoder = simulated.service.processing.decoder
        for arrival in arrivals:
            await self._loop.sleep_until(min(arrival.at, self._day.period.end))
            simulated.check()
            simulated.receive([*edge_nodes.answers(decoder, self._loop.clock()), *arrival.frames])
            if arrival.findings:
                await self._process_recorded(simulated.service, arrival.findings)
            for report in arrival.reports:
                self._recorder.reported(report)
                await submit_report(simulated.service, self._state, report)
            if arrival.at - shown >= _PROGRESS_EVERY_MS:
                shown = arrival.at
                self._progress(shown)
        await self._loop.sleep_until(self._day.period.end)
        simulated.check()

    @staticmethod
    async def _process_recorded(service: Service, findings: Sequence[Finding]) -> None:
        for _ in range(_TURNS_BEFORE_FINDINGS):
            await asyncio.sleep(0)
        await service.alerting.desk.process_findings(findings)

    async def _explain_missed(self, service: Service) -> None:
        period = self._day.period
        expected = [incident for incident in self._day.incidents if incident.notify_by is not None]
        for incident in sorted(expected, key=lambda incident: incident.notify_by or 0):
            assert incident.notify_by is not None
            if period.start < incident.notify_by <= period.end:
                await self._loop.sleep_until(incident.notify_by)
                self._observer.explain_if_not_notified(incident, self._loop.clock(), service)

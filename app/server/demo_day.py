"""What happens in the town of the demo: ordinary life, and a leak, a fall, a burst, an open manhole and a report with a
photo within the first five minutes, then more.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.config.site import SiteConfig
from domain import MINUTE, SECOND, Instant
from domain.people import community
from simulators.events import CitizenReport, GroundTruth, Incident, Measurement, TimedEvent
from simulators.publisher import DemoSite, packaged_scenario
from simulators.schedule import build_schedule
from simulators.town.incident_library import NamedIncident, find_incident, play_incident
from simulators.town.named_incidents import NoSuitableDevice, play_named
from simulators.town.site_town import town_of_site

_log = logging.getLogger(__name__)


class _Entry(Struct, frozen=True):
    """An incident of the library, when it begins, and how many of its seconds take one second."""

    name: str
    after_ms: int
    time_lapse: int = 1


_LATER: Final = (
    "ebike-in-lift",
    "sos-button",
    "floor-wet",
    "falling-object",
    "home-fire",
    "sos-mispress",
    "lamp-tilted",
)
_LATER_AFTER: Final = 7 * MINUTE
_LATER_EVERY: Final = 5 * MINUTE
_PROGRAMME: Final = (
    _Entry("elder-fall", 45 * SECOND),
    # A meter reports a burst after half an hour of it.
    _Entry("pipe-burst", 80 * SECOND, time_lapse=60),
    _Entry("storm-cover", 2 * MINUTE + 30 * SECOND),
    *(_Entry(name, _LATER_AFTER + number * _LATER_EVERY) for number, name in enumerate(_LATER)),
)
"""Beside the kitchen leak, which begins after eight seconds and again every five minutes."""
_REPORT_KIND: Final = "bare_wire"
_REPORT_AFTER: Final = 3 * MINUTE + 20 * SECOND


class Happening(Struct, frozen=True):
    """Something that happened, for the page of the demo. `place` is the address."""

    at: Instant
    title: str
    english: str
    place: str


class DemoDay:
    """The events of the devices and residents of a site from `start` on, and what they are called."""

    def __init__(self, site: SiteConfig, seed: int, start: Instant) -> None:
        self._seed, self._start = seed, start
        self._town = town_of_site(
            site.places, site.cells, site.people, site.duties, site.devices, site.settings.timezone
        )
        self._known = community(site.places, site.cells, site.people, levels=site.settings.levels)
        self._places = {device.id: device.place for device in site.devices}
        self._titles: dict[str, tuple[str, str]] = {}
        self._busy: dict[str, tuple[Instant, Instant]] = {}
        leak = packaged_scenario("kitchen_leak")
        self._titles[leak.steps[0].what] = (leak.title, "Gas leak in a kitchen")
        streams = [*self._incidents(), self._report()]
        ordinary = build_schedule(DemoSite(site.devices, site.settings.timezone), [leak], seed, start)
        self.events: Iterator[TimedEvent] = heapq.merge(
            filter(self._is_reported, ordinary), *streams, key=lambda timed: timed.at
        )

    def happening(self, at: Instant, truth: GroundTruth) -> Happening | None:
        """What the page says of a ground truth; None for the later course of an incident."""
        named = self._titles.get(truth.what)
        return None if named is None else Happening(at, *named, self._known.address(self._places.get(truth.device)))

    def report_happening(self, at: Instant, report: CitizenReport) -> Happening:
        """What the page says of a report."""
        title = f"居民随手报：{report.text}（附照片）"
        return Happening(at, title, "A resident reports, with a photo", self._known.address(report.place))

    def _incidents(self) -> Iterator[Iterable[TimedEvent]]:
        for entry in _PROGRAMME:
            named = find_incident(entry.name)
            assert named is not None
            try:
                incident, events = play_incident(self._town, named, self._start + entry.after_ms, self._seed)
            except NoSuitableDevice as error:
                _log.info("not in this demo: %s", error)
                continue
            yield self._stream(named, incident, events, entry.time_lapse)

    def _stream(
        self, named: NamedIncident, incident: Incident, events: Iterable[TimedEvent], time_lapse: int
    ) -> Iterable[TimedEvent]:
        self._titles[named.name] = (named.title, named.english)
        for device in incident.devices:
            self._busy[device] = (incident.begin, incident.begin + (incident.end - incident.begin) // time_lapse)
        begins = TimedEvent(incident.begin, GroundTruth(incident.devices[0], named.name))
        return heapq.merge([begins], _faster(events, incident.begin, time_lapse), key=lambda timed: timed.at)

    def _report(self) -> Sequence[TimedEvent]:
        at = self._start + _REPORT_AFTER
        try:
            _, events = play_named(self._town, _REPORT_KIND, at, self._seed)
        except NoSuitableDevice as error:
            _log.info("not in this demo: %s", error)
            return []
        report = next(timed for timed in events if isinstance(timed.event, CitizenReport))
        return [replace(report, at=at)]

    def _is_reported(self, timed: TimedEvent) -> bool:
        """Whether a device reports ordinary values at this time. The counter of a burst meter is that of the incident
        from the beginning."""
        if not isinstance(timed.event, Measurement) or timed.event.device not in self._busy:
            return True
        begin, end = self._busy[timed.event.device]
        return "volume_m3" not in timed.event.values and not begin <= timed.at < end


def _faster(events: Iterable[TimedEvent], begin: Instant, time_lapse: int) -> Iterator[TimedEvent]:
    return (replace(timed, at=begin + (timed.at - begin) // time_lapse) for timed in events)

"""The findings of a finished run again through alerts, outbox, provider and people, without devices and rules.

What ladders, joins, texts and the outbox change is measured in a minute instead of a quarter of an hour.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from app.config.site import SiteConfig, load_site
from app.datadir.ledger_address import DATABASE_FILE
from app.errors import UserError
from app.score.recorded_findings import recorded_findings
from app.score.run import SETTINGS_FILE, STATE_FILE, Result, result_of, run_of, write_own_site
from app.score.run_day import Day, DayState, run_day
from app.score.settings import Settings, World, build_world
from app.score.simulated_service import with_simulated_sms
from app.score.sources import incidents_of
from app.score.traffic import Arrivals
from app.score.traffic_days import Build
from domain import Instant
from simulators.events import CitizenReport, Incident
from simulators.faults.people import PeopleFaults
from simulators.town.town import Town
from store.database.alerts.all_findings import StoredFinding


def run_settings(run: Path) -> Settings:
    """The settings of a run that was kept. Raises UserError."""
    if not (run / SETTINGS_FILE).exists():
        raise UserError(f"{run} holds no run of `fengshao score`: name the folder that was given with --data")
    return msgspec.json.decode((run / SETTINGS_FILE).read_bytes(), type=Settings)


def replay(
    run: Path, folder: Path, progress: Callable[[Instant], None] = lambda _at: None, build: Build = build_world
) -> Result:
    """Replay a finished run of `fengshao score --data RUN` in a folder of its own. Raises UserError."""
    settings = run_settings(run)
    messages = _messages(run, settings.days - 1)
    findings = recorded_findings(run / "live" / DATABASE_FILE)
    world, whole = build(settings, run), settings.whole
    incidents = incidents_of(world.sources, world.town, whole, settings.seed, settings.per_week)
    site = _site(settings, world.town, findings, folder)
    people = PeopleFaults(settings.people_faults, settings.seed)
    day, state = Day(whole, site, folder / "live", incidents, settings.seed, people, findings), DayState()
    run_day(day, _arrivals(settings, world, incidents, findings), state, lambda at: progress(at - whole.start))
    return result_of(run_of(settings, world.town, whole, messages), world.town, incidents, state.texts, [])


class _Traffic(Struct):
    messages: int


class _Counted(Struct):
    """What is read of the saved end of a day: the rest has another form in runs made before."""

    traffic: _Traffic


def _messages(run: Path, last_day: int) -> int:
    """How many messages the run had."""
    state = run / "days" / f"{last_day:04}" / STATE_FILE
    if not state.exists():
        raise UserError(f"{run}: its run is not finished; repeat the command that began it, and replay it then")
    return msgspec.msgpack.decode(state.read_bytes(), type=_Counted).traffic.messages


def _site(settings: Settings, town: Town, findings: Sequence[StoredFinding], folder: Path) -> SiteConfig:
    """The town as a site with the devices of the findings only."""
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty: a replay begins in a folder of its own")
    (folder / "live").mkdir(parents=True, exist_ok=True)
    concerned = {one.finding.device for one in findings}
    few = structs.replace(town, devices=[device for device in town.devices if device.id in concerned])
    write_own_site(settings, few, folder / "site")
    return with_simulated_sms(load_site(folder / "site"))


def _arrivals(
    settings: Settings, world: World, incidents: Sequence[Incident], findings: Sequence[StoredFinding]
) -> Iterator[Arrivals]:
    """Findings, and reports of residents, in order of time. Only sources without devices report at a page."""
    found = [Arrivals(one.at, [], [], [one.finding]) for one in findings]
    reported = [
        Arrivals(timed.at, [], [timed.event])
        for source in world.sources
        if not source.kinds
        for timed in source.events(world.town, incidents, settings.whole, settings.seed)
        if isinstance(timed.event, CitizenReport)
    ]
    return heapq.merge(found, sorted(reported, key=_at), key=_at)


def _at(arrivals: Arrivals) -> Instant:
    return arrivals.at

"""The findings of a finished run again through alerts, outbox, provider and people, without devices and rules.

What ladders, joins, texts and the outbox change is measured in a minute instead of a quarter of an hour. Rules do not
hear what people do in the replay: a latched finding ends when it ended in the run.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from app.config.site import SiteConfig, load_site
from app.datadir.ledger_address import DATABASE_FILE
from app.errors import UserError
from app.score.recorded_findings import ApproximateRules, recorded_findings
from app.score.recorded_run import RecordedDay, RecordedRules, read_recorded
from app.score.run import SETTINGS_FILE, STATE_FILE, Result, result_of, run_of, write_own_site
from app.score.run_day import Day, DayState, run_day
from app.score.settings import Settings, World, build_world
from app.score.simulated_service import with_simulated_sms
from app.score.sources import incidents_of
from app.score.traffic import Arrivals
from app.score.traffic_days import Build
from app.server.alerting import RuleState
from domain import Finding, Instant
from simulators.events import CitizenReport, Incident
from simulators.faults.people import PeopleFaults
from simulators.town.town import Period, Town
from store.database.alerts.all_findings import StoredFinding


def run_settings(run: Path) -> Settings:
    """The settings of a run that was kept. Raises UserError."""
    if not (run / SETTINGS_FILE).exists():
        raise UserError(f"{run} holds no run of `fengshao score`: name the folder that was given with --data")
    return msgspec.json.decode((run / SETTINGS_FILE).read_bytes(), type=Settings)


def replay(
    run: Path, folder: Path, progress: Callable[[Instant], None] = lambda _at: None, build: Build = build_world
) -> Result:
    """Replay a finished run of `fengshao score --data RUN` in a folder of its own. Raises UserError.

    Day after day, as it was run: with unchanged ladders, texts and people it gives the texts of the run.
    """
    settings = run_settings(run)
    messages = _messages(run, settings.days - 1)
    world, whole = build(settings, run), settings.whole
    incidents = incidents_of(world.sources, world.town, whole, settings.seed, settings.per_week)
    days = read_recorded(run, settings.days)
    recording = _exact(days) if days is not None else _approximate(run, settings, world, incidents)
    site = _site(settings, world.town, recording.findings(), folder)
    people, state = PeopleFaults(settings.people_faults, settings.seed), DayState()
    for number in range(settings.days):
        day = Day(settings.day(number), site, folder / "live", incidents, settings.seed, people, recording.rules)
        run_day(day, recording.of_day(day.period), state, lambda at: progress(at - whole.start))
    result = result_of(run_of(settings, world.town, whole, messages), world.town, incidents, state.texts, [])
    return structs.replace(result, remarks=recording.remarks)


class _Recording(Struct, frozen=True):
    """Everything that arrives in a replay, in order of time, and how the rules stand meanwhile. `remarks`: words of the
    report on what is not as in the run."""

    arrivals: Sequence[Arrivals]
    rules: Callable[[Callable[[], Instant]], RuleState]
    remarks: tuple[str, ...] = ("replayed",)

    def findings(self) -> list[Finding]:
        return [finding for one in self.arrivals for finding in one.findings]

    def of_day(self, period: Period) -> list[Arrivals]:
        """What is recorded at a midnight was found before it."""
        first = bisect_right(self.arrivals, period.start, key=_at)
        return list(self.arrivals[first : bisect_right(self.arrivals, period.end, key=_at)])


def _exact(days: Sequence[RecordedDay]) -> _Recording:
    arrivals = [Arrivals(one.at, [], one.reports, one.findings) for day in days for one in day.arrivals]
    changes = [change for day in days for change in day.changes]
    return _Recording(arrivals, lambda clock: RecordedRules(changes, clock))


def _approximate(run: Path, settings: Settings, world: World, incidents: Sequence[Incident]) -> _Recording:
    """Of a run that was made before runs were recorded."""
    stored = recorded_findings(run / "live" / DATABASE_FILE)
    arrivals = list(_arrivals(settings, world, incidents, stored))
    return _Recording(arrivals, lambda clock: ApproximateRules(stored, clock), ("replayed", "approximate"))


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


def _site(settings: Settings, town: Town, findings: Sequence[Finding], folder: Path) -> SiteConfig:
    """The town as a site with the devices of the findings only."""
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty: a replay begins in a folder of its own")
    (folder / "live").mkdir(parents=True, exist_ok=True)
    concerned = {device for one in findings for device in (one.device, one.subject.id)}
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

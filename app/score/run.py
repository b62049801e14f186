"""A whole run: day after day, each saved, so that an interrupted run continues at the last midnight."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, structs

from app.config.site import SiteConfig, load_site
from app.datadir.ledger_address import DATABASE_FILE
from app.datadir.stores import JOURNAL_FILE
from app.errors import UserError
from app.score.matching import Matches, match
from app.score.metrics import Figures, Run, figures
from app.score.recorded_run import write_recorded
from app.score.records import Explanation, Text
from app.score.run_day import Day, DayState, run_day
from app.score.settings import Settings, build_world
from app.score.simulated_service import with_simulated_sms
from app.score.sources import incidents_of
from app.score.traffic import TrafficState, effects
from app.score.traffic_days import Build, Job, traffic_days
from domain import DAY, Instant
from domain.places import self_and_ancestors
from simulators.events import Incident
from simulators.faults.fault import Effect
from simulators.faults.people import PeopleFaults
from simulators.town.site_files import write_site
from simulators.town.town import Period, Town

STATE_FILE: Final = "state.msgpack"
SETTINGS_FILE: Final = "run.json"


class SavedDay(Struct):
    """The end of a day."""

    day: DayState
    traffic: TrafficState


class Result(Struct, frozen=True):
    """A finished run. Incidents of which somebody has to be notified after its end are left out. `effects`: of a run
    with a single fault of devices or networks, where it acted; `places`: the places of each device, the nearest first;
    `remarks`: words of the report on what is not as in a run.
    """

    figures: Figures
    matches: Matches
    texts: list[Text]
    explanations: list[Explanation]
    incidents: list[Incident]
    effects: list[Effect] = []
    places: dict[str, tuple[str, ...]] = {}
    remarks: tuple[str, ...] = ()


Progress = Callable[[Instant, Instant], None]
"""Called with the simulated time that is over and the whole of it, in milliseconds."""


def simulate(
    settings: Settings,
    data: Path,
    progress: Progress = lambda _done, _whole: None,
    build: Build = build_world,
    processes: int = 1,
) -> Result:
    """Run, or continue, a simulation in a folder of its own. With two processes `build` is a function of a module.

    Raises UserError, DaysMissing.
    """
    _check_folder(settings, data)
    world = build(settings, data)
    town, whole = world.town, settings.whole
    incidents = incidents_of(world.sources, town, whole, settings.seed, settings.per_week)
    site = _site(settings, town, data)
    saved, first = _last_saved(data)
    people_faults = PeopleFaults(settings.people_faults, settings.seed)
    job = Job(settings, data, incidents, first, build)
    with traffic_days(job, world, saved.traffic, processes if first < settings.days else 1) as traffic:
        for number in range(first, settings.days):
            day = Day(settings.day(number), site, data / "live", incidents, settings.seed, people_faults)
            arrivals = traffic.of_day(number)
            recorded = run_day(day, arrivals, saved.day, lambda at: progress(at - whole.start, whole.end - whole.start))
            saved.traffic = traffic.state
            write_recorded(data, number, recorded)
            _save(data, number, saved)
    return _result(settings, town, incidents, saved)


def _result(settings: Settings, town: Town, incidents: Sequence[Incident], saved: SavedDay) -> Result:
    run = run_of(settings, town, settings.whole, saved.traffic.messages)
    result = result_of(run, town, incidents, saved.day.texts, saved.day.explanations)
    return _with_effects(result, settings, town, saved.traffic) if len(settings.faults) == 1 else result


def run_of(settings: Settings, town: Town, period: Period, messages: int) -> Run:
    """What was simulated in a period, for its figures."""
    phones = {person.id for person in town.people if person.phone}
    days = (period.end - period.start) / DAY
    return Run(
        preset=settings.preset,
        seed=settings.seed,
        days=int(days) if days.is_integer() else days,
        faults=settings.faults,
        devices=len(town.devices),
        messages=messages,
        workers=tuple(sorted(town.workers() & phones)),
        start=period.start,
    )


def result_of(
    run: Run, town: Town, incidents: Sequence[Incident], texts: list[Text], explanations: list[Explanation]
) -> Result:
    """Match texts and incidents. Those of which somebody has to be notified after the end are left out, and so are
    those that began before the start."""
    places = {place.id: place for place in town.places}
    every = match(incidents, texts, lambda place: tuple(node.id for node in self_and_ancestors(places, place)))
    due = [one for one in incidents if one.begin >= run.start and (one.notify_by or one.end) <= run.end]
    matches = Matches(tuple(one for one in every.outcomes if one.incident in due), every.alerts)
    return Result(figures(run, matches, texts), matches, texts, explanations, due)


def _with_effects(result: Result, settings: Settings, town: Town, state: TrafficState) -> Result:
    """Of a run with a single fault: where it acted."""
    places = {place.id: place for place in town.places}
    return structs.replace(
        result,
        effects=effects(town, settings.wire_faults, settings.seed, state, settings.whole),
        places={
            device.id: tuple(one.id for one in self_and_ancestors(places, device.place)) for device in town.devices
        },
    )


def _check_folder(settings: Settings, data: Path) -> None:
    """A folder holds one run: continuing it with other settings would mix two."""
    data.mkdir(parents=True, exist_ok=True)
    file, written = data / SETTINGS_FILE, msgspec.json.encode(settings)
    if not file.exists():
        if any(data.iterdir()):
            raise UserError(f"{data} is not empty and holds no run of `fengshao score`: name another folder")
        file.write_bytes(written)
    elif file.read_bytes() != written:
        raise UserError(
            f"{data} holds another run ({file.read_text('utf-8')}): name another folder, or repeat it with its settings"
        )


def _site(settings: Settings, town: Town, data: Path) -> SiteConfig:
    folder = data / "site"
    write_own_site(settings, town, folder)
    return with_simulated_sms(load_site(folder))


def write_own_site(settings: Settings, town: Town, folder: Path) -> None:
    """The town as the folder of a site, with the rules, ladders and settings of `settings.site` over it."""
    write_site(town, folder)
    if settings.site:
        for name in ("rules", "ladders.yaml", "wording.zh.yaml", "roles.yaml", "kinds"):
            own = Path(settings.site) / name
            if own.is_dir():
                shutil.copytree(own, folder / name, dirs_exist_ok=True)
            elif own.exists():
                shutil.copy(own, folder / name)


def _last_saved(data: Path) -> tuple[SavedDay, int]:
    """The state after the last day that is over, with the service's files put back to it, and the number of the next
    day."""
    live = data / "live"
    shutil.rmtree(live, ignore_errors=True)
    live.mkdir()
    finished = sorted((data / "days").glob(f"*/{STATE_FILE}"))
    if not finished:
        return SavedDay(DayState(), TrafficState()), 0
    folder = finished[-1].parent
    for name in (DATABASE_FILE, JOURNAL_FILE):
        shutil.copy(folder / name, live / name)
    return msgspec.msgpack.decode((folder / STATE_FILE).read_bytes(), type=SavedDay), int(folder.name) + 1


def _save(data: Path, number: int, saved: SavedDay) -> None:
    """Keep the end of a day; the state file is written last, and then the day before is deleted."""
    folder = data / "days" / f"{number:04}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in (DATABASE_FILE, JOURNAL_FILE):
        shutil.copy(data / "live" / name, folder / name)
    partial = folder / f"{STATE_FILE}.part"
    partial.write_bytes(msgspec.msgpack.encode(saved))
    partial.rename(folder / STATE_FILE)
    shutil.rmtree(data / "days" / f"{number - 1:04}", ignore_errors=True)

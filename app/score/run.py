"""A whole run: day after day, each saved, so that an interrupted run continues at the last midnight."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from app.config.site import SiteConfig, load_site
from app.config.suggestions import unknown_name
from app.datadir.stores import DATABASE_FILE, JOURNAL_FILE
from app.errors import UserError
from app.score.matching import Matches, match
from app.score.metrics import Figures, Run, figures
from app.score.records import Explanation, Text
from app.score.run_day import Day, DayState, run_day
from app.score.simulated_service import with_simulated_sms
from app.score.sources import event_sources, incidents_of
from app.score.traffic import Traffic, TrafficState
from domain import DAY, Instant
from domain.places import self_and_ancestors
from simulators.events import Incident
from simulators.faults.catalog import FAULTS
from simulators.faults.people import PEOPLE_FAULTS, PeopleFaults
from simulators.town.population.build import build_town
from simulators.town.population.presets import PRESETS
from simulators.town.site_files import write_site
from simulators.town.town import EventSource, Period, Town

START: Final = 1_794_844_800_000
"""Monday 2026-11-16 00:00 in Shanghai."""
STATE_FILE: Final = "state.msgpack"
SETTINGS_FILE: Final = "run.json"


class Settings(Struct, frozen=True):
    """What is simulated. The same settings give the same score. `per_week`: incidents of each kind in a week; `rules`:
    a folder with rulebooks, ladders or settings that differ from those in force."""

    preset: str = "small"
    seed: int = 1
    days: int = 1
    faults: tuple[str, ...] = ()
    per_week: float = 2.0
    site: str = ""


class SavedDay(Struct):
    """The end of a day."""

    day: DayState
    traffic: TrafficState


class Result(Struct, frozen=True):
    """A finished run. Incidents of which somebody has to be notified after its end are left out."""

    figures: Figures
    matches: Matches
    texts: list[Text]
    explanations: list[Explanation]
    incidents: list[Incident]


def fault_names(written: str) -> tuple[str, ...]:
    """`all`, `none`, or names with commas between. Raises UserError for a name that does not exist."""
    known = (*FAULTS, *PEOPLE_FAULTS)
    if written in ("all", "none"):
        return known if written == "all" else ()
    names = tuple(name.strip() for name in written.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise UserError(f"--faults: {unknown_name(name, known)}")
    return tuple(name for name in known if name in names)


Progress = Callable[[Instant, Instant], None]
"""Called with the simulated time that is over and the whole of it, in milliseconds."""


class World(Struct, frozen=True):
    """A town with the models of its days."""

    town: Town
    sources: Sequence[EventSource]


def build_world(settings: Settings, data: Path) -> World:
    """The town of a preset and all its sources. Raises UserError, DaysMissing."""
    if settings.preset not in PRESETS:
        raise UserError(f"--preset: {unknown_name(settings.preset, PRESETS)}")
    town = build_town(settings.preset, settings.seed)
    return World(town, event_sources(town, data / "hydraulics"))


def simulate(
    settings: Settings,
    data: Path,
    progress: Progress = lambda _done, _whole: None,
    build: Callable[[Settings, Path], World] = build_world,
) -> Result:
    """Run, or continue, a simulation in a folder of its own. Raises UserError, DaysMissing."""
    _check_folder(settings, data)
    world = build(settings, data)
    town, sources = world.town, world.sources
    site = _site(settings, town, data)
    whole = Period(START, START + settings.days * DAY)
    incidents = incidents_of(sources, town, whole, settings.seed, settings.per_week)
    saved, first = _last_saved(data)
    wire: dict[str, dict[str, float]] = {name: {} for name in settings.faults if name in FAULTS}
    people_faults = PeopleFaults({name: {} for name in settings.faults if name in PEOPLE_FAULTS}, settings.seed)
    for number in range(first, settings.days):
        period = Period(START + number * DAY, START + (number + 1) * DAY)
        traffic = Traffic(town, sources, incidents, wire, settings.seed, saved.traffic)
        day = Day(
            period,
            site,
            data / "live",
            incidents,
            settings.seed,
            people_faults,
        )
        run_day(day, traffic.of_day(period), saved.day, lambda at: progress(at - START, whole.end - START))
        saved.traffic = traffic.state
        _save(data, number, saved)
    return _result(settings, town, incidents, saved)


def _result(settings: Settings, town: Town, incidents: Sequence[Incident], saved: SavedDay) -> Result:
    places = {place.id: place for place in town.places}
    texts, end = saved.day.texts, START + settings.days * DAY
    every = match(incidents, texts, lambda place: tuple(node.id for node in self_and_ancestors(places, place)))
    due = [incident for incident in incidents if (incident.notify_by or incident.end) <= end]
    matches = Matches(tuple(one for one in every.outcomes if one.incident in due), every.alerts)
    phones = {person.id for person in town.people if person.phone}
    on_duty = {duty.person for duty in town.duties} | {
        person for rotation in town.rotations for layer in rotation.layers for team in layer.teams for person in team
    }
    run = Run(
        preset=settings.preset,
        seed=settings.seed,
        days=settings.days,
        faults=settings.faults,
        devices=len(town.devices),
        messages=saved.traffic.messages,
        workers=tuple(sorted(on_duty & phones)),
        start=START,
    )
    return Result(figures(run, matches, texts), matches, texts, saved.day.explanations, due)


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
    """The town as the folder of a site, with the rules, ladders and settings of `settings.site` over it."""
    folder = data / "site"
    write_site(town, folder)
    if settings.site:
        for name in ("rules", "ladders.yaml", "wording.zh.yaml", "roles.yaml", "kinds"):
            own = Path(settings.site) / name
            if own.is_dir():
                shutil.copytree(own, folder / name, dirs_exist_ok=True)
            elif own.exists():
                shutil.copy(own, folder / name)
    return with_simulated_sms(load_site(folder))


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

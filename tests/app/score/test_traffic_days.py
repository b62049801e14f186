"""Messages generated in a second process: the same ones, and an end with a message when that process ends early."""

import os
import signal
from multiprocessing import parent_process
from pathlib import Path

import msgspec
import pytest

from app.errors import UserError
from app.score.settings import Settings, World, build_world, fault_names
from app.score.sources import incidents_of
from app.score.traffic import TrafficState
from app.score.traffic_days import Build, Job, traffic_days
from tests.support.two_kitchens import tiny

SETTINGS = Settings(days=2, seed=7, faults=("late", "duplicate", "missing"))


def killed_in_the_second_process(settings: Settings, data: Path) -> World:
    if parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return tiny(settings, data)


def broken_in_the_second_process(settings: Settings, data: Path) -> World:
    if parent_process() is not None:
        raise ValueError("no such model")
    return tiny(settings, data)


def generated(processes: int, settings: Settings = SETTINGS, build: Build = tiny) -> bytes:
    world = tiny(settings, Path()) if build is not build_world else build_world(settings, Path())
    incidents = incidents_of(world.sources, world.town, settings.whole, settings.seed, settings.per_week)
    job = Job(settings, Path(), incidents, 0, build)
    with traffic_days(job, world, TrafficState(), processes) as traffic:
        days = [
            (list(traffic.of_day(number)), msgspec.msgpack.encode(traffic.state)) for number in range(settings.days)
        ]
    return msgspec.msgpack.encode(days)


@pytest.mark.parametrize(
    ("settings", "build"), [(SETTINGS, tiny), (Settings("small", faults=fault_names("all")), build_world)]
)
def test_a_second_process_with_other_hashes_generates_the_same_messages_and_states_byte_for_byte(
    settings: Settings, build: Build, monkeypatch: pytest.MonkeyPatch
):
    one = generated(1, settings, build)
    for hash_seed in ("1", "2")[: 1 if build is build_world else 2]:
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        assert generated(2, settings, build) == one


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (killed_in_the_second_process, UserError, "exit code -9"),
        (broken_in_the_second_process, RuntimeError, "no such model"),
    ],
)
def test_a_second_process_that_ends_early_ends_the_run_with_its_reason(
    build: Build, error: type[Exception], message: str
):
    with pytest.raises(error, match=message):
        generated(2, SETTINGS, build)

"""The days of a town are read from a file; without one they are computed, if EPANET and SWMM are there."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from msgspec.structs import replace

from simulators.town.hydraulics.comparison import differences
from simulators.town.hydraulics.days import FORMAT
from simulators.town.hydraulics.kept import KEPT, DaysMissing, compute_days, file_name, load_days, write_days
from simulators.town.population.build import build_town

SEEDS = sorted(int(path.stem.partition("-")[2]) for path in KEPT.glob("small-*.days"))
needs_solvers = pytest.mark.skipif(
    not (find_spec("wntr") and find_spec("pyswmm")), reason="the dependency group town is not installed"
)


@pytest.mark.parametrize("name", sorted(path.stem for path in KEPT.glob("*.days") if path.stem[:9] != "community"))
def test_the_kept_days_belong_to_the_towns_that_are_built_today(name: str) -> None:
    """When this fails the town has other buildings or manholes: make town-days. A community takes too long here."""
    preset, _, seed = name.partition("-")
    town = build_town(preset, int(seed))
    assert load_days(town).water[0].buildings[0] in {place.id for place in town.places}
    assert (KEPT / file_name(town)).stat().st_size <= 300_000


def test_without_kept_days_and_solvers_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simulators.town.hydraulics.epanet", None)
    with pytest.raises(DaysMissing, match=r"small-999\.days: .* run `make town-tools`, or take one of .*small-1"):
        load_days(build_town("small", 999))


def test_days_are_read_from_the_cache_unless_they_are_damaged_or_of_other_pipes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "simulators.town.hydraulics.epanet", None)
    town = build_town("small", SEEDS[0])
    days, other = load_days(town), replace(town, seed=999, preset="other")
    path = write_days(replace(days, preset="other", seed=999), tmp_path)
    # The depths of manholes without the attribute depend on the seed: the pipes are others.
    with pytest.raises(DaysMissing):
        load_days(other, tmp_path)
    path.write_bytes(b"damaged")
    with pytest.raises(DaysMissing):
        load_days(other, tmp_path)
    copy = replace(town, preset="copy")
    write_days(replace(days, preset="copy"), tmp_path)
    assert load_days(copy, tmp_path) == replace(days, preset="copy")
    write_days(replace(days, preset="copy", format=FORMAT + 1), tmp_path)
    with pytest.raises(DaysMissing):
        load_days(copy, tmp_path)


@needs_solvers
def test_the_kept_file_equals_a_fresh_computation(tmp_path: Path) -> None:
    town = build_town("small", SEEDS[0])
    fresh = compute_days(town)
    assert differences(load_days(town), fresh) == []
    assert load_days(replace(town, preset="copy"), tmp_path).water == fresh.water
    assert (tmp_path / f"copy-{SEEDS[0]}.days").is_file()

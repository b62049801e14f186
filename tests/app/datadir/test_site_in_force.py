"""A start is never stopped by a file of the site: each kind of file faulty, half-written, unreadable or missing."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli.init import write_site_template
from app.config import catalog
from app.config.site import SiteConfig
from app.datadir import site_in_force as module
from app.datadir.site_in_force import site_in_force, start_faults

FILES = {
    "site.yaml": "name: 枫林\nlast_resort: [wang]\n",
    "places.csv": "id,name,level,cell\nh1,3栋402,household,g1\n",
    "cells.csv": "id,name,level\ng1,第一网格,grid\n",
    "people.csv": "id,name,phone\nwang,王强,19900000001\n",
    "duties.csv": "id,cell,role,person\n1,g1,worker,wang\n",
    "devices.csv": "id,kind,place\ngas-1,gas_alarm,h1\n",
    "rosters.yaml": "rotations: []\n",
    "roles.yaml": "roles:\n  night_guard: {zh: 夜巡, kind: volunteer}\n",
}
BUILT_IN = {
    "ladders.yaml": catalog.LADDERS / "default.yaml",
    "wording.zh.yaml": catalog.WORDING,
    "categories.yaml": catalog.CATEGORIES,
}

ALL = (*FILES, *BUILT_IN)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with one file of each kind."""
    folder = tmp_path / "site"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    for name, source in BUILT_IN.items():
        (folder / name).write_text(source.read_text("utf-8"), "utf-8")
    return folder


def start(site: Path, tmp_path: Path) -> tuple[SiteConfig, list[str]]:
    (tmp_path / "data").mkdir(exist_ok=True)
    found = site_in_force(site, tmp_path / "data")
    return found.config, [str(fault) for fault in found.faults]


def half_written(path: Path) -> None:
    """Ends in the middle of a line that cannot be."""
    path.write_bytes(path.read_bytes() + b'\n"')


def unreadable(path: Path) -> None:
    """A folder of that name cannot be read, whatever the user may."""
    path.unlink()
    path.mkdir()


def not_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00" * 50)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((name, half_written) for name in ALL if name not in ("cells.csv", "people.csv", "roles.yaml")),
        *((name, not_text) for name in ("site.yaml", "duties.csv", "rosters.yaml")),
        *((name, unreadable) for name in ("site.yaml", "devices.csv", "ladders.yaml")),
    ],
)
def test_a_damaged_file_is_replaced_by_its_last_good_version_and_named(
    tmp_path: Path, site: Path, name: str, damage: Callable[[Path], None]
) -> None:
    whole, faults = start(site, tmp_path)
    assert faults == []
    (site / "site.yaml").write_text(FILES["site.yaml"].replace("枫林", "枫林二"), "utf-8")
    damage(site / name)
    config, faults = start(site, tmp_path)
    if faults:  # a folder in place of a file that a site need not have is as good as none
        assert all(fault.startswith(f"{site / name}:") for fault in faults)
        assert config.files == tmp_path / "data" / "site-in-force"
        assert start_faults(config.files) == []
    else:
        assert damage is unreadable
    assert config.path == site
    assert config.settings.name == ("枫林" if name == "site.yaml" else "枫林二")
    assert [device.id for device in config.devices] == [device.id for device in whole.devices]
    assert [person.id for person in config.people] == ["wang"]


def test_a_site_whose_folder_is_gone_starts_as_it_was(tmp_path: Path, site: Path) -> None:
    start(site, tmp_path)
    shutil.rmtree(site)
    config, faults = start(site, tmp_path)
    assert faults == [f"{site}:1:1: is no folder: `fengshao init FOLDER` writes one"]
    assert (config.settings.name, len(config.devices)) == ("枫林", 1)


def test_settings_that_are_gone_are_those_of_the_last_start(tmp_path: Path, site: Path) -> None:
    """The tables alone were a site with no channel: nobody was told of anything, and that became the last good copy."""
    start(site, tmp_path)
    (site / "site.yaml").unlink()
    for _ in range(2):
        config, faults = start(site, tmp_path)
        assert (config.settings.name, config.settings.last_resort) == ("枫林", ("wang",))
        assert faults[0].startswith(f"{site / 'site.yaml'}:1:1: is missing; its last good version is in force")
    (site / "site.yaml").write_text("name: 枫林\n", "utf-8")
    config, faults = start(site, tmp_path)
    assert (config.settings.last_resort, faults) == ((), [])


def test_a_site_that_never_had_settings_needs_none(tmp_path: Path, site: Path) -> None:
    (site / "site.yaml").unlink()
    for _ in range(2):
        assert start(site, tmp_path)[1] == []


def test_files_that_fit_only_each_other_come_from_the_last_good_start_together(tmp_path: Path, site: Path) -> None:
    start(site, tmp_path)
    (site / "places.csv").write_text('id,name,level,cell\nh1,3栋402,household,g1\nh9,五栋,building,g9\n"', "utf-8")
    (site / "devices.csv").write_text("id,kind,place\ngas-1,gas_alarm,h1\ngas-9,gas_alarm,h9\n", "utf-8")
    config, faults = start(site, tmp_path)
    assert faults[0].startswith(f"{site / 'places.csv'}:")
    assert [device.id for device in config.devices] == ["gas-1"], "gas-9 is in a place of a file that cannot be read"


def test_a_first_start_with_faulty_files_has_the_built_in_ones_and_those_that_are_whole(
    tmp_path: Path, site: Path
) -> None:
    for name in ("site.yaml", "ladders.yaml", "people.csv"):
        half_written(site / name)
    config, faults = start(site, tmp_path)
    assert {Path(fault.split(":")[0]).name for fault in faults} >= {"site.yaml", "ladders.yaml"}
    assert (config.settings.name, config.people, len(config.places)) == ("枫哨", [], 1)
    assert catalog.load_ladders(config.start_path) == catalog.load_ladders(None)


def test_a_last_good_copy_that_was_being_replaced_is_found(tmp_path: Path, site: Path) -> None:
    start(site, tmp_path)
    (tmp_path / "data" / "site-good").rename(tmp_path / "data" / "site-good.old")
    shutil.rmtree(site)
    assert start(site, tmp_path)[0].settings.name == "枫林"


def test_a_disk_that_fills_while_the_good_files_are_copied_spoils_neither_copy(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a table of people replaced the last good one, and looked like a whole one."""
    start(site, tmp_path)
    good = tmp_path / "data" / "site-good" / "people.csv"
    before, whole = good.read_bytes(), module._copy_file

    def fill(path: Path, copy: Path) -> None:
        if path.name == "people.csv":
            copy.write_bytes(path.read_bytes()[:12])
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(path, copy)

    monkeypatch.setattr(module, "_copy_file", fill)
    start(site, tmp_path)
    assert good.read_bytes() == before

    half_written(site / "places.csv")
    config, _ = start(site, tmp_path)
    assert config.people == []


def test_a_data_directory_in_the_site_is_no_part_of_it(site: Path) -> None:
    """As with `--site .` and the default `--data data`: each start copied the copies of the starts before."""
    data = site / "data"
    (data / "blobs").mkdir(parents=True)
    (data / "admin.token").write_text("secret")
    for _ in range(2):
        site_in_force(site, data)
    kept = {path.relative_to(data / "site-good").as_posix() for path in (data / "site-good").rglob("*")}
    assert kept == set(ALL)


def test_a_folder_that_is_far_too_large_for_a_site_is_not_copied(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SITE_BYTES_MAX", 10)
    start(site, tmp_path)
    assert not (tmp_path / "data" / "site-good").exists()
    assert "too large to be kept" in caplog.text


def test_an_error_of_ours_while_a_file_is_read_is_a_fault_like_any_other(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(site, tmp_path)

    def broken(folder: Path) -> None:
        if folder == site:
            raise ZeroDivisionError("ladders")

    monkeypatch.setattr(module, "load_ladders", broken)
    config, faults = start(site, tmp_path)
    assert faults == [f"{site}:1:1: cannot be read: ZeroDivisionError('ladders')"]
    assert config.settings.name == "枫林"


def test_the_template_is_a_site_that_starts_and_no_site_is_the_empty_one(tmp_path: Path) -> None:
    write_site_template(tmp_path / "t")
    assert start(tmp_path / "t", tmp_path)[1] == []
    assert site_in_force(None, tmp_path).config.path is None

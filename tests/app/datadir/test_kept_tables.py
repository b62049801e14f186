"""A restart with the same files parses none of them; anything that changes what they mean has them parsed again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.backup.create import _is_left_out
from app.cli.init import write_site_template
from app.config.faults import ConfigError
from app.config.settings import SiteSettings
from app.config.site import SiteConfig, SiteTables, load_site, read_tables
from app.datadir import kept_tables as module
from app.datadir.kept_tables import TABLES_FILE, KeptTables
from app.datadir.site_in_force import site_in_force
from domain.kind import Kind
from domain.roles import Roles


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_site_template(tmp_path / "site")
    return tmp_path / "site"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were parsed, in order."""
    found: list[Path] = []

    def counted(path: Path, settings: SiteSettings, kinds: Mapping[str, Kind] | None, roles: Roles) -> SiteTables:
        found.append(path)
        return read_tables(path, settings, kinds, roles)

    monkeypatch.setattr(module, "read_tables", counted)
    return found


def load(site: Path, data: Path) -> SiteConfig:
    return load_site(site, any_kind=True, tables=KeptTables(data))


def test_the_same_files_are_parsed_once_and_give_the_same_records(
    tmp_path: Path, site: Path, parsed: list[Path]
) -> None:
    first = load(site, tmp_path / "data")
    again = load(site, tmp_path / "data")

    assert parsed == [site]
    assert again == first == load_site(site, any_kind=True)
    assert [device.attributes for device in again.devices] == [device.attributes for device in first.devices]
    assert (tmp_path / "data" / TABLES_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change",
    [
        lambda site: (site / "duties.csv").unlink(),
        lambda site: (site / "people.csv").write_bytes((site / "people.csv").read_bytes() + b"zz,\xe5\xb0\x8f,,\n"),
        lambda site: (site / "rosters.yaml").write_text("rotations: []\n# new\n", "utf-8"),
        lambda site: (site / "roles.yaml").write_text("roles:\n  guard: {zh: 保安, kind: volunteer}\n", "utf-8"),
        lambda site: (site / "site.yaml").write_text("name: 枫林\ntimezone: Asia/Urumqi\n", "utf-8"),
    ],
    ids=["a file removed", "a row added", "rosters", "roles", "the time zone of its hours"],
)
def test_whatever_the_records_depend_on_has_them_parsed_again(
    tmp_path: Path, site: Path, parsed: list[Path], change: Callable[[Path], Any]
) -> None:
    load(site, tmp_path / "data")
    change(site)

    assert load(site, tmp_path / "data") == load_site(site, any_kind=True)
    assert parsed == [site, site]


def test_another_version_of_the_reading_code_parses_again(
    tmp_path: Path, site: Path, parsed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(site, tmp_path / "data")
    monkeypatch.setattr(module, "_code_digest", lambda: b"another")

    load(site, tmp_path / "data")

    assert len(parsed) == 2


@pytest.mark.parametrize("damage", [b"", b"\x00" * 40, b"\x93" * 4_000], ids=["empty", "short", "other bytes"])
def test_a_damaged_file_is_not_read(tmp_path: Path, site: Path, parsed: list[Path], damage: bytes) -> None:
    first = load(site, tmp_path / "data")
    (tmp_path / "data" / TABLES_FILE).write_bytes(damage)

    assert load(site, tmp_path / "data") == first
    assert len(parsed) == 2


def test_a_byte_that_the_disk_changed_is_found(tmp_path: Path, site: Path, parsed: list[Path]) -> None:
    first, kept = load(site, tmp_path / "data"), tmp_path / "data" / TABLES_FILE
    content = bytearray(kept.read_bytes())
    content[-1] ^= 1
    kept.write_bytes(content)

    assert load(site, tmp_path / "data") == first
    assert len(parsed) == 2


def test_bytes_of_another_format_are_parsed_again(tmp_path: Path, site: Path, parsed: list[Path]) -> None:
    first, kept = load(site, tmp_path / "data"), tmp_path / "data" / TABLES_FILE
    kept.write_bytes(hashlib.sha256(b"\x80").digest() + b"\x80")

    assert load(site, tmp_path / "data") == first
    assert len(parsed) == 2


def test_files_with_faults_are_not_kept(tmp_path: Path, site: Path) -> None:
    with (site / "devices.csv").open("a") as devices:
        devices.write("gas-99,gas_alarm,,nowhere\n")

    for _ in range(2):
        with pytest.raises(ConfigError, match="nowhere"):
            load(site, tmp_path / "data")
    assert not (tmp_path / "data" / TABLES_FILE).exists()


def test_a_file_that_cannot_be_read_is_a_fault_also_after_a_good_start(tmp_path: Path, site: Path) -> None:
    (site / "duties.csv").unlink()
    load(site, tmp_path / "data")
    (site / "duties.csv").mkdir()

    with pytest.raises(ConfigError, match=r"duties\.csv"):
        load(site, tmp_path / "data")


def test_files_that_change_while_they_are_read_are_not_kept(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed_meanwhile(path: Path, *given: Any) -> SiteTables:
        tables = read_tables(path, *given)
        (path / "rosters.yaml").write_text("rotations: []\n# saved at this moment\n", "utf-8")
        return tables

    monkeypatch.setattr(module, "read_tables", changed_meanwhile)
    load(site, tmp_path / "data")

    assert not (tmp_path / "data" / TABLES_FILE).exists()


def test_kinds_are_checked_against_the_files_each_time(tmp_path: Path, site: Path, parsed: list[Path]) -> None:
    load_site(site, tables=KeptTables(tmp_path / "data"))
    load_site(site, tables=KeptTables(tmp_path / "data"))

    assert len(parsed) == 2


def test_a_disk_that_takes_no_copy_does_not_keep_the_service_from_starting(
    tmp_path: Path, site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("no folder", "utf-8")

    assert load(site, tmp_path / "data").people
    assert "the next start reads the files" in caplog.text


def test_a_second_start_uses_them(tmp_path: Path, site: Path, parsed: list[Path]) -> None:
    (tmp_path / "data").mkdir()
    first = site_in_force(site, tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "site-good")
    again = site_in_force(site, tmp_path / "data")

    assert first.config == again.config
    assert again.faults == ()
    assert len(parsed) == 1


def test_what_a_killed_process_left_of_a_copy_is_removed_and_in_no_backup(tmp_path: Path, site: Path) -> None:
    (tmp_path / "data").mkdir()
    left = tmp_path / "data" / f".{TABLES_FILE}.a1b2c3.part"
    left.write_text("phones", "utf-8")
    assert _is_left_out(Path(left.name))
    assert _is_left_out(Path(TABLES_FILE))

    load(site, tmp_path / "data")

    assert not left.exists()


def test_half_a_character_in_a_name_is_a_fault_with_its_place(tmp_path: Path, site: Path) -> None:
    """It was accepted, could not be stored, and took all records of the site with it."""
    (site / "rosters.yaml").write_text(
        'rotations:\n- {id: night, name: "\\ud83d\\ude00", cells: [], role: worker, layers: []}\n', "utf-8"
    )

    with pytest.raises(ConfigError, match=r"rosters\.yaml:2:\d+: rotations\.0\.name: .* half of a character"):
        load(site, tmp_path / "data")

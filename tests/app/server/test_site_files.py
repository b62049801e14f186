"""Differences between a site's files and the registry: what is parsed for them, and what of faulty files is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.cli.init import write_site_template
from app.config.settings import SiteSettings
from app.config.site import SiteTables, load_site, read_tables
from app.datadir import kept_tables
from app.datadir.kept_tables import KeptTables
from app.datadir.site_import import import_site
from app.server.site_files import SiteFiles
from console.rule_tools_interface import RulebookInvalid
from domain import Place
from domain.kind import Kind
from domain.roles import Roles
from store.database import registry
from store.database.database import Database, sqlite_url
from store.database.registry import edits

NOW = 1_796_000_000_000


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_site_template(tmp_path / "site")
    return tmp_path / "site"


@pytest.fixture
def database(tmp_path: Path, site: Path) -> Any:
    opened = Database(sqlite_url(tmp_path / "ledger.db"))
    opened.migrate()
    opened.write_blocking(lambda tx: import_site(tx, load_site(site), NOW))
    yield opened
    opened.close()


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose tables were parsed, in order."""
    found: list[Path] = []

    def counted(path: Path, settings: SiteSettings, kinds: Mapping[str, Kind] | None, roles: Roles) -> SiteTables:
        found.append(path)
        return read_tables(path, settings, kinds, roles)

    monkeypatch.setattr(kept_tables, "read_tables", counted)
    monkeypatch.setattr("app.config.site.read_tables", counted)
    return found


def files_of(site: Path, database: Database) -> SiteFiles:
    async def changed() -> None: ...

    return SiteFiles(site, database, lambda: NOW, changed, KeptTables(site.parent))


async def test_differences_of_unchanged_files_are_found_without_parsing_them_again(
    site: Path, database: Database, parsed: list[Path]
) -> None:
    files, place = files_of(site, database), load_site(site).places[0]

    def edit(tx: Any) -> None:
        registry.put_places(tx, [Place(place.id, "另一个名字", place.level, place.parent, place.cell)], NOW)
        edits.record_edits(tx, "places", [place.id], NOW)

    await database.write(edit)
    parsed.clear()
    first, second = await files.differences(), await files.differences()

    assert [(one["record"], one["id"]) for one in first] == [("places", place.id)]
    assert second == first
    assert parsed == [site]


async def test_a_file_that_changed_is_parsed_again_and_an_unknown_kind_is_named_with_its_line(
    site: Path, database: Database
) -> None:
    files = files_of(site, database)
    assert list(await files.differences()) == []
    with (site / "devices.csv").open("a", encoding="utf-8") as table:
        columns = (site / "devices.csv").read_text("utf-8").splitlines()[0].lstrip("\ufeff").split(",")
        table.write(",".join({"id": "new", "kind": "gas_alram"}.get(name, "") for name in columns) + "\n")

    with pytest.raises(RulebookInvalid) as refused:
        await files.differences()
    (fault,) = refused.value.faults
    assert (Path(fault.file).name, fault.field) == ("devices.csv", "kind")
    assert fault.line > 1
    assert "gas_alarm" in fault.message

"""`fengshao site import` without a running service."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.database import with_database
from app.cli.init import write_site_template
from app.cli.site_import import import_files, skipped_records
from app.config.site import load_site
from app.errors import UserError
from domain import Person
from store.database import registry
from store.database.registry import edits


def test_files_are_imported_and_records_edited_over_the_api_are_skipped(tmp_path: Path) -> None:
    site, data = tmp_path / "site", tmp_path / "data"
    write_site_template(site)
    config = load_site(site)

    assert list(import_files(data, site, False)) == [
        f"{len(config.places) + len(config.cells) + len(config.people) + len(config.duties) + len(config.devices)} new,"
        " 0 changed, 0 unchanged, 0 kept"
    ]
    first = config.people[0]
    edited = Person(first.id, "另一个名字", first.phone, first.wecom, first.home, first.attributes)
    with_database(
        data, lambda tx: (registry.put_people(tx, [edited], 5), edits.record_edits(tx, "people", [first.id], 5))
    )

    (skipped,) = skipped_records(data, config)
    assert f"people.csv: {first.id}: was changed over the API, which stays" in skipped
    assert list(import_files(data, site, False))[1] == f"kept: {skipped} (--force takes the file's)"
    assert next(import_files(data, site, True)).endswith(" 0 kept")


def test_without_a_service_the_site_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name the site with --site FOLDER"):
        list(import_files(tmp_path, None, False))

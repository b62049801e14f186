"""The people who are notified when no rung of a ladder reaches a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.init import write_site_template
from tests.support.site_files import FILES, faults_and_warnings, write_site


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("[lii]", "site.yaml:3:15: last_resort.0: 'lii' does not exist: add it, or correct the name; did you mean li?"),
        ("[li, chen]", "site.yaml:3:19: last_resort.1: chen cannot be told: write a phone in people.csv"),
        ("[]", "site.yaml:3:1: last_resort: is missing: write the ids of people who are called"),
    ],
)
def test_a_last_resort_without_an_address_is_a_fault(tmp_path: Path, named: str, message: str) -> None:
    faults, _ = faults_and_warnings(write_site(tmp_path, site_yaml=FILES["site.yaml"].replace("[li]", named)))
    assert [line for line in faults if line.startswith(message)]


def test_the_site_that_init_writes_names_one(tmp_path: Path) -> None:
    write_site_template(tmp_path / "new")
    assert faults_and_warnings(tmp_path / "new")[0] == []

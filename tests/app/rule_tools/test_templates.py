"""The rulebook template."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import UserError
from app.rule_tools.check import check_files
from app.rule_tools.templates import new_rulebook, write_rulebook


def test_the_template_has_no_faults_and_is_never_written_over_a_file(tmp_path: Path) -> None:
    files = write_rulebook("gas-shop", tmp_path / "rules")

    assert [file.name for file in files] == ["gas-shop.yaml", "gas-shop_test.yaml"]
    assert check_files(files)["trials"] == 1
    assert (tmp_path / "rules" / "rulebook.schema.json").exists()
    with pytest.raises(UserError, match="exists: choose another name"):
        write_rulebook("gas-shop", tmp_path / "rules")


@pytest.mark.parametrize("name", ["Gas", "gas shop", "../gas", "gas_", ""])
def test_a_name_that_is_no_slug_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="is no name for a rulebook"):
        new_rulebook(name)

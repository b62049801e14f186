"""Checking rulebooks and the trials beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config.catalog import RULEBOOKS, load_kinds, rulebook_files
from app.config.faults import ConfigError
from app.rule_tools.check import check_files, other_rulebooks, rulebook_path, run_trial_files, trials_path
from app.rule_tools.templates import write_rulebook


def test_a_file_of_the_same_name_replaces_an_active_rulebook() -> None:
    kinds, active = load_kinds(), rulebook_files()

    assert len(other_rulebooks(kinds, [])) == len(active)
    assert len(other_rulebooks(kinds, [Path("elsewhere/gas.yaml")])) == len(active) - 1


def test_trials_and_rulebook_stand_beside_each_other() -> None:
    gas = RULEBOOKS / "gas.yaml"

    assert trials_path(gas) == RULEBOOKS / "gas_test.yaml"
    assert rulebook_path(trials_path(gas)) == rulebook_path(gas) == gas


def test_a_trial_of_an_unknown_rule_is_a_fault_with_its_position(tmp_path: Path) -> None:
    rulebook, trials = write_rulebook("gas-shop", tmp_path)
    text = trials.read_text("utf-8")
    trials.write_text(text.replace("rule: gas-shop-high", "rule: gas-shop-hihg", 1), "utf-8")
    line = text.splitlines().index("  rule: gas-shop-high") + 1

    for check in (lambda: check_files([rulebook]), lambda: list(run_trial_files([rulebook], None, print))):
        with pytest.raises(ConfigError) as error:
            check()
        (fault,) = error.value.faults
        assert (fault.file, fault.line) == (str(trials), line)

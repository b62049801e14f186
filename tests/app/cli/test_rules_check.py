"""`fengshao rules check` and `test`: faults with their position, trials with both lists."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import run


def test_every_mistake_in_a_rulebook_is_reported_at_once(tmp_path: Path) -> None:
    book = tmp_path / "gas.yaml"
    book.write_text(
        "hazard: gas\n"
        "rules:\n"
        "- name: gas-x\n"
        "  title: {zh: 气, en: gas}\n"
        "  kind: gas_alarm\n"
        "  severity: terrible\n"
        "  when: lel_pct >=\n"
        "  hold: 30 seconds\n"
        "  source: ours\n"
    )

    checked = run("rules", "check", str(book))
    assert checked.exit_code == 1
    places = [line.removeprefix(str(book)).split(" ")[0] for line in checked.output.splitlines()]
    assert [":6:3:", ":7:3:", ":8:3:"] == places


def test_a_quantity_that_the_kind_does_not_have_is_a_mistake(tmp_path: Path) -> None:
    book = tmp_path / "gas.yaml"
    book.write_text(
        "hazard: gas\nrules:\n- name: gas-x\n  title: {zh: 气, en: gas}\n  kind: gas_alarm\n  severity: high\n"
        "  when: lel_percent >= 10\n  source: ours\n"
    )

    checked = run("rules", "check", str(book))
    assert checked.exit_code == 1
    assert f"{book}:7:3: rules.0.when: " in checked.output
    assert "lel_pct" in checked.output


def test_a_trial_that_fails_shows_both_lists(tmp_path: Path) -> None:
    (tmp_path / "gas.yaml").write_text(
        "hazard: gas\nrules:\n- name: gas-x\n  title: {zh: 气, en: gas}\n  kind: gas_alarm\n  severity: high\n"
        "  when: lel_pct >= 10\n  clear: lel_pct < 6\n  source: ours\n"
    )
    (tmp_path / "gas_test.yaml").write_text(
        "trials:\n- name: nothing happens\n  rule: gas-x\n  every: 10s\n  readings: {lel_pct: 2 12}\n  expect: []\n"
    )

    tested = run("rules", "test", str(tmp_path / "gas.yaml"))
    assert tested.exit_code == 1
    assert "exp: []" in tested.output
    assert "1 failed" in tested.output

"""`fengshao check --who PLACE --rule RULE`: who would be notified of a danger there, without sending anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.init import write_site_template
from app.cli.main import main


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("who") / "site"
    list(write_site_template(folder))
    return folder


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["check", *arguments])
    return result.exit_code, result.output


def test_it_lists_who_would_be_notified_and_when(site: Path) -> None:
    code, printed = run(
        "--site", str(site), "--who", "b1-1-101", "--rule", "gas-alarm", "--at", "2026-11-29T20:00+08:00"
    )
    assert code == 0
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert lines[0] == "燃气泄漏 (gas-alarm, critical) at 示例苑1栋1单元101: danger critical"
    assert lines[1] == "vulnerability 5: 年龄82、独居"
    assert lines[2].startswith("at once responsible 网格员: ")
    assert "at once inform 燃气公司: -" in lines, "nobody is on duty for it"
    assert any(line.startswith("after 1m responsible 网格长: ") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--who", "b1-1-10", "--rule", "gas-alarm"), "--who: 'b1-1-10' does not exist"),
        (("--who", "b1-1-101", "--rule", "gas-alrm"), "--rule: 'gas-alrm' does not exist"),
        (("--who", "b1-1-101"), "write both: check --who PLACE --rule RULE"),
        (("--who", "b1-1-101", "--rule", "gas-alarm", "--at", "today"), "no RFC 3339 time"),
    ],
)
def test_an_unknown_place_or_rule_is_named(site: Path, arguments: tuple[str, ...], message: str) -> None:
    code, printed = run("--site", str(site), *arguments)
    assert code != 0
    assert message in printed

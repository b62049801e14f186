"""`fengshao user`, without a service: accounts in the database of DIR."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import user_commands
from app.cli.main import main
from tests.support.console_harness import cheap_passwords


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_commands, "Passwords", cheap_passwords)


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["user", *arguments, "--data", str(data)])


def test_users_are_added_listed_and_removed(tmp_path: Path) -> None:
    added = run(tmp_path, "add", "Chief", "--role", "administrator")
    assert added.exit_code == 0, added.output
    assert added.output.splitlines()[0] == "chief: administrator"
    assert added.output.splitlines()[1].startswith("first password: ")
    assert (
        run(tmp_path, "add", "li", "--role", "viewer", "--full-name", "李四", "--no-password").output == "li: viewer\n"
    )
    assert run(tmp_path, "add", "li", "--role", "viewer").output == "已经有用户名为li的账号。\n"
    listed = run(tmp_path, "list").output.splitlines()
    assert [line.split() for line in listed] == [
        ["chief", "administrator", "-", "-", "Chief", "must", "change", "password"],
        ["li", "viewer", "-", "-", "李四"],
    ]
    reset = run(tmp_path, "password", "li").output
    assert reset.startswith("li: viewer\nfirst password: ")
    last = run(tmp_path, "remove", "chief")
    assert (last.exit_code, "最后一个" in last.output) == (1, True)
    assert run(tmp_path, "remove", "li").output == "removed li\n"
    assert run(tmp_path, "remove", "li").output == "没有用户名为li的账号。\n"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("add", "张三", "--role", "viewer"), "用户名用小写字母"),
        (("add", "li", "--role", "viewer", "--place", "x"), "x"),
        (("add", "li", "--role", "viewer", "--person", "x"), "x"),
    ],
)
def test_a_user_that_cannot_be_is_refused(tmp_path: Path, arguments: tuple[str, ...], part: str) -> None:
    refused = run(tmp_path, *arguments)
    assert (refused.exit_code, part in refused.output) == (1, True)

"""docs/operations.md has a line for every alert of the service about itself, and names only commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

import click
import yaml

from alerts.delivery import channel_health
from app.cli.main import main
from app.pipeline import refused_dangers, self_monitoring, unread_verdicts
from app.server import exchange

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
OWN_RULES = {
    "alerts/delivery/channel_health.py": set(channel_health.RULES),
    "app/pipeline/refused_dangers.py": {refused_dangers.RULE, refused_dangers.UNREADABLE_RULE},
    "app/pipeline/self_monitoring.py": {
        value for name, value in vars(self_monitoring).items() if name.endswith("_RULE") and isinstance(value, str)
    },
    "app/pipeline/unread_verdicts.py": {unread_verdicts.RULE},
    "app/server/exchange.py": {exchange.FAILING_RULE},
}
"""Module that makes findings of its own -> the names of their rules."""


def test_every_module_that_makes_findings_of_its_own_is_listed_here() -> None:
    calling = {
        file.relative_to(ROOT).as_posix()
        for package in ("alerts", "app", "ingest", "rules", "store", "console")
        for file in (ROOT / package).rglob("*.py")
        if re.search(r"(?<!def )own_finding\(", file.read_text("utf-8"))
    }
    assert calling == OWN_RULES.keys()


def test_every_alert_about_the_service_or_its_devices_has_a_line_that_says_what_to_do() -> None:
    rows = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \| (.{20,}) \|$", OPERATIONS, re.MULTILINE)
    described = {name for names, _ in rows for name in re.findall(r"`([a-z-]+)`", names)}
    of_books = {
        rule["name"]
        for name in ("canary.yaml", "device.yaml")
        for rule in yaml.safe_load((ROOT / "rules" / "books" / name).read_text("utf-8"))["rules"]
        if rule.get("ledger") == "health"
    }
    expected = of_books.union(*OWN_RULES.values())
    assert expected - described == set(), "write a line for each in docs/operations.md"
    assert described - expected == set(), "these rules do not exist"


def test_every_command_in_the_document_exists() -> None:
    for words in re.findall(r"fengshao ((?:[a-z][a-z-]*(?: |`|$))+)", OPERATIONS, re.MULTILINE):
        command: click.Command = main
        for word in re.findall(r"[a-z-]+", words):
            if not isinstance(command, click.Group):
                break
            assert word in command.commands, f"fengshao {words}"
            command = command.commands[word]

"""The commands for rulebooks: new, check, test, schema, backtest, explain."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.main import main
from app.rule_tools.templates import json_schema, write_rulebook
from domain import HOUR, MINUTE, Device, Lane, Reading, Value
from store.database import registry
from store.database.database import Database, sqlite_url
from store.history.duckdb.history import DuckDbHistory
from store.journal import MarkKind, SqliteJournal

T0 = 1_767_225_600_000  # 2026-01-01T08:00+08:00


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["rules", *arguments])


def reading_at(at: int, late: int = 0, **values: Value) -> Reading:
    return Reading("gas-1", "gas_alarm", T0 + at, T0 + at + late, values)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A stopped DIR: one device, an hour of readings of which one came an hour late, and a night offline."""
    history, journal, ledger = (
        DuckDbHistory(tmp_path / "history.duckdb"),
        SqliteJournal(tmp_path / "journal.db"),
        Database(sqlite_url(tmp_path / "ledger.db")),
    )
    ledger.migrate()
    ledger.write_blocking(lambda tx: registry.put_devices(tx, [Device("gas-1", "gas_alarm")], T0))
    ledger.close()
    readings = [reading_at(at * MINUTE, lel_pct=30 if at == 10 else 2, alarm=10 <= at < 12) for at in range(60)]
    readings.append(reading_at(30 * MINUTE + 1, late=HOUR, alarm=True))

    async def store() -> None:
        history.append(Lane.BULK, 1, readings)
        await history.close()
        await journal.mark(MarkKind.STARTED, T0)
        await journal.mark(MarkKind.LINK_DOWN, T0 + HOUR)
        await journal.mark(MarkKind.LINK_DOWN, T0 + HOUR + 1)
        await journal.mark(MarkKind.LINK_UP, T0 + 13 * HOUR)
        await journal.mark(MarkKind.LINK_UP, T0 + 13 * HOUR)
        await journal.mark(MarkKind.STARTED, T0 + 14 * HOUR)

    asyncio.run(store())
    journal.close()
    return tmp_path


BOOKS = Path(__file__).parents[3] / "rules" / "books"
DAY_END = "2026-01-02T08:00:00+08:00"


def test_a_new_rulebook_is_valid_and_its_trials_pass(tmp_path: Path) -> None:
    created = run("new", "corner-shop", "--folder", str(tmp_path))
    assert created.exit_code == 0, created.output
    assert run("check", str(tmp_path / "corner-shop.yaml")).output == "1 rulebooks are right\n"
    tried = run("test", str(tmp_path / "corner-shop.yaml"))
    assert (tried.exit_code, tried.output) == (0, "2 trials passed, 0 failed\n")
    assert "exists: choose another name" in run("new", "corner-shop", "--folder", str(tmp_path)).output
    assert "small letters" in run("new", "Corner").output
    assert [file.name for file in write_rulebook("b", tmp_path)] == ["b.yaml", "b_test.yaml"]
    assert json.loads((tmp_path / "rulebook.schema.json").read_text("utf-8")) == json.loads(json_schema("rulebook"))


def test_the_schema_describes_the_written_form() -> None:
    rule = json.loads(json_schema("rulebook"))["$defs"]["Rule"]
    assert rule["properties"]["hold"]["type"] == "string"
    assert {"name", "severity", "source"} <= set(rule["required"])
    assert "devices" in json.loads(run("schema", "--trials").output)["$defs"]["Trial"]["properties"]


FAULTY = """\
hazard: gas
rules:
- name: shop-high
  title: {zh: 浓度偏高, en: Raised}
  kind: gas_alarm
  severity: hihg
  when: lel_pc >= 10
  source: test
- name: shop-still
  title: {zh: 报警, en: Alarm}
  kind: gas_alarm
  severity: high
  releese: 1m
  when: alarm
  show: [co]
  only_if: not finding.gas_alrm
  source: test
"""
FAULTY_TRIALS = """\
trials:
- {name: a, rule: shop-still, every: ten, expect: [soon]}
"""


def test_all_faults_of_rulebook_and_trials_are_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(FAULTY, "utf-8")
    (tmp_path / "shop_test.yaml").write_text(FAULTY_TRIALS, "utf-8")
    (tmp_path / "torn.yaml").write_text("hazard: [", "utf-8")
    checked = run("check", str(tmp_path / "shop.yaml"), str(tmp_path / "torn.yaml"))
    assert checked.exit_code == 1
    found = [line.removeprefix("Error: ").removeprefix(f"{tmp_path}/") for line in checked.output.splitlines()]
    starts = (
        "shop.yaml:6:3: rules.0.severity: Input should be",
        "shop.yaml:7:3: rules.0.when: gas_alarm has no quantity 'lel_pc': write lel_pct",
        "shop.yaml:13:3: rules.1.releese: is not known here",
        "shop.yaml:15:10: rules.1.show.0: gas_alarm has no quantity 'co': write",
        "torn.yaml:1:10: not YAML",
        "shop.yaml:9:3: rules.1: no rule gas-alrm in any book: write gas-alarm",
        "shop_test.yaml:2:31: trials.0.every: not a duration",
        "shop_test.yaml:2:52: trials.0.expect.0:",
    )
    assert all(line.startswith(start) for line, start in zip(found, starts, strict=True)), "\n".join(found)


def test_a_reference_to_an_unknown_rule_is_found_at_its_line(tmp_path: Path) -> None:
    (file, _) = write_rulebook("mine", tmp_path)
    file.write_text(
        file.read_text("utf-8").replace("# only_if: not finding.gas_alarm", "only_if: not finding.gas_alar"), "utf-8"
    )
    checked = run("check", str(file))
    assert checked.exit_code == 1
    assert "no rule gas-alar in any book: write gas-alarm" in checked.output


def test_check_and_test_print_json(tmp_path: Path) -> None:
    (book, _) = write_rulebook("shop", tmp_path)
    assert json.loads(run("check", str(book), "--json").output) == {"books": 1, "rules": 1, "trials": 1, "faults": []}
    tried = json.loads(run("test", str(book), "--json").output)
    assert (tried["passed"], tried["failed"], tried["results"][0]["file"]) == (2, 0, str(tmp_path / "shop_test.yaml"))
    book.write_text(book.read_text("utf-8").replace("hold: 30s", "hold: 40s"), "utf-8")
    failed = run("test", str(book))
    assert failed.exit_code == 1
    assert "exp: ['40s begin high', '110s end']\n  got: []" in failed.output
    book.write_text(book.read_text("utf-8").replace("hold: 40s", "hold: soon"), "utf-8")
    faulty = run("check", str(book), "--json")
    (fault,) = json.loads(faulty.output)["faults"]
    assert (faulty.exit_code, fault["field"], Path(fault["file"]).name) == (1, "rules.0.hold", "shop.yaml")


def test_the_explanation_is_available_in_english_with_the_findings(data: Path) -> None:
    moment = ["--device", "gas-1", "--at", "2026-01-01T08:20:00+08:00", "--data", str(data), "--english"]
    findings = run("explain", "gas-alarm", *moment).output
    assert findings.startswith("quiet: nothing stands\nwhen is false (alarm)\n")
    assert "told: 2026-01-01T08:10:00+08:00 began critical\ntold: 2026-01-01T08:13:00+08:00 ended" in findings
    assert (
        run("explain", "gas-alarm", *["--device", "nobody", *moment[2:]]).output == "nobody: nobody ever heard of it\n"
    )


def test_a_backtest_gives_the_findings_of_the_day(data: Path) -> None:
    found = run("backtest", str(BOOKS / "gas.yaml"), "--data", str(data), "--since", "1d", "--until", DAY_END, "--json")
    assert found.exit_code == 0, found.output
    rules = {line["rule"]: line for line in json.loads(found.output)["rules"]}
    assert (rules["gas-alarm"]["found"], rules["gas-high"]["found"], rules["gas-co"]["found"]) == (2, 1, 0)
    assert rules["gas-alarm"]["by_hour"][8] == 2


def test_two_rulebooks_are_compared_in_one_run(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    text = (BOOKS / "gas.yaml").read_text("utf-8")
    other.write_text(text.replace("  when: alarm\n", "  when: alarm\n  only_if: time.minute < 490\n"), "utf-8")
    arguments = [str(BOOKS / "gas.yaml"), "--data", str(data), "--since", "1d", "--until", DAY_END]
    found = run("backtest", *arguments, "--against", str(other))
    assert found.exit_code == 0, found.output
    assert "只有 gas.yaml 发现 2；只有 other.yaml 发现 0" in found.output
    assert "只有 gas.yaml: 2026-01-01 08:10:00 gas-alarm 紧急 gas-1，3分" in found.output


def test_a_lost_connection_is_no_absence_of_the_devices(data: Path) -> None:
    arguments = [str(BOOKS / "device.yaml"), "--data", str(data), "--json"]
    found = run("backtest", *arguments, "--until", "2026-01-01T23:00:00+08:00", "--since", "15h")
    offline = next(line for line in json.loads(found.output)["rules"] if line["rule"] == "device-offline")
    assert offline["found"] == 0
    later = run("backtest", *arguments, "--until", "2026-01-03T08:00:00+08:00", "--since", "2d")
    assert next(line for line in json.loads(later.output)["rules"] if line["rule"] == "device-offline")["found"] == 1


def test_a_rule_is_explained_at_an_instant(data: Path) -> None:
    result = run("explain", "gas-alarm", "--device", "gas-1", "--at", "2026-01-01T08:11:30+08:00", "--data", str(data))
    assert result.exit_code == 0, result.output
    assert "phase: firing" in result.output
    assert "begin: 2026-01-01T08:10:00+08:00" in result.output
    assert result.output.startswith("正在报\n")
    quiet = run(
        "explain", "gas-alarm", "--device", "gas-1", "--at", "2026-01-01T08:05:00", "--data", str(data), "--json"
    )
    assert json.loads(quiet.output)["phase"] == "quiet"
    group = run("explain", "gas-building", "--device", "building/b", "--at", DAY_END, "--data", str(data))
    assert "安静：没有在报\ngas-alarm、gas-high" in group.output
    unknown = run("explain", "gas-building", "--device", "nobody", "--at", DAY_END, "--data", str(data), "--json")
    assert json.loads(unknown.output)["known"] is False


def test_errors_are_reported_in_one_sentence(data: Path, tmp_path: Path) -> None:
    book = str(BOOKS / "gas.yaml")
    assert "has no history.duckdb" in run("backtest", book, "--data", str(tmp_path / "none")).output
    assert "not a duration" in run("backtest", book, "--data", str(data), "--since", "month").output
    early = run("backtest", book, "--data", str(data), "--until", "2025-12-01T00:00:00+08:00")
    assert (early.exit_code, "nothing is remembered" in early.output) == (1, True)
    assert "no RFC 3339 time" in run("backtest", book, "--data", str(data), "--until", "noon").output
    assert "no rule x in the active" in run("explain", "x", "--device", "d", "--data", str(data)).output


def test_trials_with_unknown_names_are_faults_and_no_failures(tmp_path: Path) -> None:
    run("new", "shop", "--folder", str(tmp_path))
    trials = tmp_path / "shop_test.yaml"
    trials.write_text(trials.read_text("utf-8").replace("lel_pct: 2 12x1", "lel: 2 12x1"), "utf-8")
    result = run("test", str(tmp_path / "shop.yaml"))
    assert result.exit_code == 1
    assert "shop_test.yaml:12:14: trials.1.readings.lel: gas_alarm has no quantity 'lel'" in result.output

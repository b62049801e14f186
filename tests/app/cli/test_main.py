"""The commands, as a person types them: what they say when all is right, and what they say when it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.main import main

CLI = CliRunner()


def run(*arguments: str) -> Result:
    return CLI.invoke(main, list(arguments), catch_exceptions=False)


def test_a_new_site_has_no_faults(tmp_path: Path) -> None:
    assert run("init", str(tmp_path / "site")).exit_code == 0

    checked = run("check", "--site", str(tmp_path / "site"))
    assert checked.exit_code == 0
    assert "4 places, 3 people, 2 duties, 2 devices" in checked.output

    again = run("init", str(tmp_path / "site"))
    assert (again.exit_code, "is not empty" in again.output) == (1, True)


def test_check_reports_a_channel_without_its_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FENGSHAO_ALIYUN_KEY_SECRET", raising=False)
    (tmp_path / "site.yaml").write_text("channels: {aliyun_sms: {}}\n")

    checked = run("check", "--site", str(tmp_path))
    assert checked.exit_code == 1
    assert "FENGSHAO_ALIYUN_KEY_SECRET is not set" in checked.output


def test_a_mistake_in_the_settings_names_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("name: 社区\ntimezone: Asia/Chengdu\n")

    checked = run("check", "--site", str(tmp_path))
    assert checked.exit_code == 1
    assert f"{tmp_path}/site.yaml:2:1: timezone: 'Asia/Chengdu' is no time zone: write one like Asia/Shanghai" in (
        checked.output
    )


def test_the_built_in_rulebooks_are_right_and_their_trials_pass() -> None:
    assert "rulebooks are right" in run("rules", "check").output
    tested = run("rules", "test")
    assert (tested.exit_code, " 0 failed" in tested.output) == (0, True)


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


def test_devices_are_imported_without_a_running_service(tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_text("id,kind,platform,platform_id\ngas-1,gas_alarm,zigbee2mqtt,Kitchen\n")
    data = str(tmp_path / "data")

    assert "1 devices: 1 new, 0 changed, 0 unchanged" in run("devices", "import", str(file), "--data", data).output
    assert "1 devices: 0 new, 0 changed, 1 unchanged" in run("devices", "import", str(file), "--data", data).output

    file.write_text("id,kind,place\ngas-2,gas_alarm,nowhere\n")
    refused = run("devices", "import", str(file), "--data", data)
    assert (refused.exit_code, "'nowhere' of gas-2 does not exist" in refused.output) == (1, True)


def test_an_identity_of_two_devices_is_reported_without_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_text("id,kind,platform,platform_id\na,gas_alarm,zigbee2mqtt,Hall\nb,gas_alarm,zigbee2mqtt,Hall\n")

    refused = run("devices", "import", str(file), "--data", str(tmp_path / "data"))
    assert (refused.exit_code, "of device b already belongs to device a" in refused.output) == (1, True)


def test_refusals_of_an_empty_dir_are_none(tmp_path: Path) -> None:
    assert "no refusals" in run("refusals", "list", "--data", str(tmp_path)).output


def up(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    fengshao = Path(sys.executable).parent / "fengshao"
    environment = {**os.environ, **environ}
    return subprocess.run(
        [str(fengshao), "up", *arguments], capture_output=True, text=True, timeout=60, env=environment
    )


@pytest.mark.parametrize(
    ("arguments", "environ", "message"),
    [
        (("--mqtt", "0.0.0.0:1883"), {}, "needs credentials"),
        (("--mqtt", "mqtt://broker.example:1883"), {}, "is not used without credentials"),
        (("--mqtt", "http://127.0.0.1"), {}, "write mqtt://user:password@host:1883"),
        (("--http", "8080"), {}, "write HOST:PORT"),
        ((), {"FENGSHAO_ADMIN_TOKEN": "short"}, "write at least 16"),
    ],
)
def test_up_refuses_unsafe_options_and_names_what_to_write(
    tmp_path: Path, arguments: tuple[str, ...], environ: dict[str, str], message: str
) -> None:
    ended = up("--data", str(tmp_path / "data"), *arguments, **environ)

    assert (ended.returncode, message in ended.stderr) == (1, True), ended.stderr
    assert "Traceback" not in ended.stderr

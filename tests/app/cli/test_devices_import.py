"""`fengshao devices import` without a running service."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import run


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

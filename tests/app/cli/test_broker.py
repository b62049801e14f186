"""`fengshao broker`: ACL, passwords and certificates from a registry, as an operator makes them."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest
from click.testing import Result

from app.broker.passwords import read_passwords
from app.config.addresses import MQTT_PASSWORD, MQTT_USER
from tests.support.cli import run


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DIR without a database, beside a site with three devices, of which one cannot have access."""
    monkeypatch.delenv(MQTT_USER, raising=False)
    monkeypatch.delenv(MQTT_PASSWORD, raising=False)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.yaml").write_text("name: 枫树社区\n")
    devices = tmp_path / "site" / "devices.csv"
    devices.write_text(
        "id,kind,platform,platform_id\ngas-1,gas_alarm,,\nmeter,water_meter,iotda,m-1\nbad,door,iotda,a/+\n"
    )
    return tmp_path / "data"


def broker(data: Path, *arguments: str) -> Result:
    return run("broker", *arguments, "--data", str(data), "--site", str(data.parent / "site"))


def test_the_acl_names_each_device_and_says_who_gets_none(data: Path, tmp_path: Path) -> None:
    printed = broker(data, "acl")
    assert "user gas-1\ntopic write fengshao/v1/gas-1/up\n" in printed.stdout
    assert "no access for bad: iotda identity 'a/+': it has 2 levels instead of 1" in printed.stderr
    written = broker(data, "acl", "--format", "emqx", "--out", str(tmp_path / "acl.conf"))
    assert written.stdout == f"wrote {tmp_path / 'acl.conf'}: 3 users\n"
    assert stat.S_IMODE((tmp_path / "acl.conf").stat().st_mode) == 0o600


def test_a_password_is_shown_once_and_kept_as_a_hash(data: Path) -> None:
    first = broker(data, "passwords")
    shown = dict(csv.reader(first.stdout.splitlines()))
    assert set(shown) == {"gas-1", "meter"}
    kept = read_passwords(data / "broker" / "passwords")
    assert all(kept[user].matches(password) for user, password in shown.items())
    assert broker(data, "passwords").stdout == ""
    renewed = broker(data, "passwords", "--renew", "gas-1").stdout
    assert renewed.startswith("gas-1,")
    after = read_passwords(data / "broker" / "passwords")
    assert after["meter"] == kept["meter"]
    assert not after["gas-1"].matches(shown["gas-1"])
    unknown = broker(data, "passwords", "--renew", "gas-9")
    assert (unknown.exit_code, "gas-1" in unknown.output) == (1, True)


def test_new_passwords_go_into_a_private_file_that_is_never_overwritten(data: Path, tmp_path: Path) -> None:
    out, hashes = tmp_path / "new.csv", tmp_path / "users.csv"
    files = ("--out", str(out), "--format", "emqx", "--hashes", str(hashes))
    made = broker(data, "passwords", *files, "--with-service")
    assert made.stdout == ""
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [row[0] for row in csv.reader(out.read_text().splitlines())] == ["user", "fengshao", "gas-1", "meter"]
    assert len(hashes.read_text().splitlines()) == 4
    refused = broker(data, "passwords", *files, "--renew", "gas-1")
    assert (refused.exit_code, "exists already" in refused.output) == (1, True)


def test_nanomq_s_file_keeps_the_passwords_that_are_only_there(data: Path, tmp_path: Path) -> None:
    hashes = tmp_path / "nanomq_pwd.conf"
    arguments = ("passwords", "--format", "nanomq", "--hashes", str(hashes))
    broker(data, *arguments)
    before = hashes.read_text().splitlines()
    broker(data, *arguments, "--renew", "gas-1")
    after = hashes.read_text().splitlines()
    assert (before[1], before[0] != after[0]) == (after[1], True)
    hashes.unlink()
    lost = broker(data, *arguments)
    assert (lost.exit_code, "--renew gas-1 --renew meter" in lost.output) == (1, True)


def test_the_service_s_password_is_that_of_its_environment(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MQTT_USER, "sentry")
    monkeypatch.setenv(MQTT_PASSWORD, "maple")
    shown = broker(data, "passwords", "--with-service").stdout
    assert "sentry" not in shown
    assert read_passwords(data / "broker" / "passwords")["sentry"].matches("maple")


def test_certificates_are_made_for_every_user_and_revoked_by_name(data: Path) -> None:
    made = broker(data, "certificates", "--create", "枫树", "--server", "broker.example", "--all-clients")
    assert made.exit_code == 0, made.output
    folder = data / "broker" / "ca"
    assert {path.name for path in (folder / "clients").iterdir()} == {
        f"{user}{suffix}" for user in ("fengshao", "gas-1", "meter") for suffix in (".crt", ".key")
    }
    revoked = broker(data, "certificates", "--revoke", "gas-1")
    assert revoked.stdout == f"revoked 1 certificates of gas-1; {folder / 'revoked.crl'} has them\n"
    again = broker(data, "certificates", "--client", "gas-1")
    assert again.stdout == f"wrote {folder / 'clients' / 'gas-1.crt'}\n"
    replaced = broker(data, "certificates", "--client", "gas-1", "--revoke", "gas-1")
    assert [line.split()[0] for line in replaced.stdout.splitlines()] == ["revoked", "wrote"]
    assert (folder / "clients" / "gas-1.crt").exists()
    for unknown in ("gas1", "../ca"):
        assert broker(data, "certificates", "--revoke", unknown).exit_code == 1
    assert (folder / "ca.key").exists()
    assert broker(data, "certificates", "--client", "gas-9").exit_code == 1


def test_the_registry_of_a_data_directory_counts_before_the_site_s_files(data: Path) -> None:
    """And passwords alone make no registry: a second command would otherwise find an empty one and take all away."""
    broker(data, "passwords")
    assert not (data / "ledger.db").exists()
    devices = data.parent / "more.csv"
    devices.write_text("id,kind\ngas-7,gas_alarm\n")
    assert run("devices", "import", str(devices), "--data", str(data)).exit_code == 0
    assert [line for line in broker(data, "acl").stdout.splitlines() if line.startswith("user ")] == [
        "user fengshao",
        "user gas-7",
    ]

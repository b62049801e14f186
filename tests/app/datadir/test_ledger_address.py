"""Which ledger a data directory has, by environment, settings and what DIR remembers; passwords are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config.settings import LedgerSettings
from app.datadir import ledger_address
from app.datadir.ledger_address import ADDRESS_FILE, DATABASE_FILE, BadLedgerUrl, ledger_url, printable

SERVER = LedgerSettings(url="postgresql://fs@db.example.cn/town?sslmode=verify-full", password_env="TOWN_PASSWORD")


def test_without_a_setting_the_ledger_is_a_file_in_dir(tmp_path: Path) -> None:
    assert ledger_url(tmp_path, None, {}).database == str(tmp_path / "ledger.db")


def test_the_password_comes_from_the_environment_and_is_not_printed(tmp_path: Path) -> None:
    url = ledger_url(tmp_path, SERVER, {"TOWN_PASSWORD": "s3cret"})
    assert (url.drivername, url.host, url.database, url.password) == ("postgresql", "db.example.cn", "town", "s3cret")
    assert url.query == {"sslmode": "verify-full"}
    assert "s3cret" not in printable(url)


def test_without_a_password_none_is_sent(tmp_path: Path) -> None:
    assert ledger_url(tmp_path, SERVER, {}).password is None


def test_the_environment_is_taken_before_the_setting(tmp_path: Path) -> None:
    environ = {"FENGSHAO_LEDGER_URL": "postgresql://fs:pw@other/town"}
    assert ledger_url(tmp_path, SERVER, environ).host == "other"


def test_dir_remembers_the_server_and_not_the_password(tmp_path: Path) -> None:
    ledger_address.remember(tmp_path, ledger_url(tmp_path, SERVER, {"TOWN_PASSWORD": "s3cret"}), "TOWN_PASSWORD")
    file = tmp_path / ADDRESS_FILE
    assert "s3cret" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert ledger_url(tmp_path, None, {"TOWN_PASSWORD": "s3cret"}).render_as_string(hide_password=False) == (
        "postgresql://fs:s3cret@db.example.cn/town?sslmode=verify-full"
    )
    assert ledger_address.has_ledger(tmp_path, {})
    ledger_address.forget(tmp_path)
    assert not ledger_address.has_ledger(tmp_path, {})


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("mysql://fs@db/town", "ledger.url: no PostgreSQL database: write postgresql://USER@HOST:5432/DATABASE"),
        ("postgresql://fs@db", "ledger.url: no PostgreSQL database"),
        ("db.example.cn", "ledger.url: no URL"),
        ("postgresql://fs@db/town?password=s3cret", "ledger.url: a password in its parameters: set it in"),
        (
            "postgresql://fs:s3cret@db/town",
            "ledger.url: a password stands in it: set it in the environment as TOWN_PASSWORD",
        ),
    ],
)
def test_a_faulty_url_is_refused_with_what_to_write_and_without_its_password(
    tmp_path: Path, url: str, fault: str
) -> None:
    with pytest.raises(BadLedgerUrl) as refused:
        ledger_url(tmp_path, LedgerSettings(url=url, password_env="TOWN_PASSWORD"), {})
    assert str(refused.value).startswith(fault)
    assert "s3cret" not in str(refused.value)


def test_a_service_with_a_ledger_in_a_file_does_not_begin_an_empty_one_on_a_server(tmp_path: Path) -> None:
    """Every open alert would be forgotten."""
    (tmp_path / DATABASE_FILE).touch()
    with pytest.raises(BadLedgerUrl, match=r"is in ledger\.db, and postgresql://fs@db.*: take it there with"):
        ledger_url(tmp_path, SERVER, {})


def test_a_damaged_address_is_said_and_no_other_ledger_is_begun(tmp_path: Path) -> None:
    (tmp_path / "ledger.url").write_bytes(b"")
    with pytest.raises(BadLedgerUrl, match=r"ledger\.url: is damaged: write the URL"):
        ledger_url(tmp_path, None, {})

"""Secrets of a data directory and the MQTT client id derived from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.datadir.credentials import WeakToken, admin_token, mqtt_client_id, shown_secrets, signing_key


def test_two_services_on_one_broker_do_not_take_each_others_alarms(tmp_path: Path) -> None:
    """Found by hand: a trial run beside the real service, both named alike, swallowed its messages."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()

    assert mqtt_client_id(tmp_path / "one") != mqtt_client_id(tmp_path / "two")
    assert mqtt_client_id(tmp_path / "one") == mqtt_client_id(tmp_path / "one")
    assert len(mqtt_client_id(tmp_path / "one") + "-urgent") <= 23


def test_the_token_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    token, is_new = admin_token(tmp_path, {})

    assert (admin_token(tmp_path, {}), is_new) == ((token, False), True)
    assert (tmp_path / "admin.token").stat().st_mode & 0o777 == 0o600
    assert admin_token(tmp_path, {"FENGSHAO_ADMIN_TOKEN": "t" * 16}) == ("t" * 16, False)
    with pytest.raises(WeakToken):
        admin_token(tmp_path, {"FENGSHAO_ADMIN_TOKEN": "short"})
    assert signing_key(tmp_path) == signing_key(tmp_path)


def test_where_output_becomes_a_log_new_secrets_are_in_files_that_only_the_service_reads(tmp_path: Path) -> None:
    assert shown_secrets(tmp_path, None) == (f"in {tmp_path}/admin.token", None)
    for password in ("first-0001", "first-0002"):
        shown = shown_secrets(tmp_path, password)
        assert password not in str(shown)
        file = tmp_path / "first-user.password"
        assert (file.read_text(), file.stat().st_mode & 0o777) == (f"{password}\n", 0o600)


@pytest.mark.parametrize("left", [b"", b"\n", b"\0" * 44, b"\xff\xfe"])
def test_a_secret_that_a_power_cut_left_empty_is_made_anew(tmp_path: Path, left: bytes) -> None:
    """With an empty token every request with an empty one was the administrator's, and an empty key signs for all."""
    for name in ("admin.token", "signing.key"):
        (tmp_path / name).write_bytes(left)
    token, is_new = admin_token(tmp_path, {})
    assert (len(token) > 40, is_new) == (True, True)
    assert len(signing_key(tmp_path)) > 40
    assert admin_token(tmp_path, {}) == (token, False)

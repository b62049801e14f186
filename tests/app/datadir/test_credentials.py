"""Secrets of a data directory and the MQTT client id derived from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.datadir.credentials import WeakToken, admin_token, mqtt_client_id, signing_key


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

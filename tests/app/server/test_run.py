"""The broker that `fengshao up` starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.config.addresses import MQTT_PASSWORD, MQTT_USER, InvalidAddress
from app.mqtt_client import mqtt_client
from app.server.run import open_broker


async def test_the_password_of_a_broker_that_we_start_may_hold_characters_of_urls(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    login = {MQTT_USER: "sentry", MQTT_PASSWORD: "p@ss/w?%40#rd"}
    async with open_broker(f"127.0.0.1:{free_port()}", tmp_path, login) as (address, keep_alive):
        if keep_alive is not None:
            keep_alive.close()
        async with mqtt_client(address) as connection:
            await connection.publish("fengshao/v1/gas-1/up", b"{}", qos=1)


@pytest.mark.parametrize("login", [("sentry", "ma:ple"), ("sen:try", "maple"), ("sentry", "ma\nple")])
async def test_a_password_that_mosquitto_would_cut_is_refused_before_the_broker_starts(
    tmp_path: Path, login: tuple[str, str]
) -> None:
    with pytest.raises(InvalidAddress, match="must not contain ':'"):
        async with open_broker("127.0.0.1:1", tmp_path, dict(zip((MQTT_USER, MQTT_PASSWORD), login, strict=True))):
            pass

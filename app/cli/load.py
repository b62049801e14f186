"""`fengshao simulate --rate`: a set rate of messages on a real broker, until the time is over or Ctrl-C."""

from __future__ import annotations

import os
import signal
import ssl
import time
from collections.abc import Callable
from typing import Any

from app.clock import Clock
from app.config.addresses import parse_broker_url
from app.mqtt_client import BrokerUnavailable
from simulators.load import LoadConnection, LoadError, LoadSettings, run_load

EXIT_RATE_NOT_HELD = 3
_HELD = 0.95


def generate(mqtt: str, rate: int, seconds: float, devices: int, echo: Callable[[str], Any]) -> int:
    """Publish readings of the devices `gas-000000` and following; the exit code is 3 when the rate was not held."""
    address = parse_broker_url(mqtt)
    settings = LoadSettings(rate, seconds, [f"gas-{number:06d}" for number in range(devices)])
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: stopping.append(received))
    tls = ssl.create_default_context() if address.tls else None
    login = address.username, address.password
    try:
        connection = LoadConnection(address.host, address.port, f"fengshao-load-{os.getpid()}", login, tls)
        result = run_load(connection, settings, Clock(), time.monotonic, time.sleep, lambda: bool(stopping))
        connection.close()
    except (OSError, LoadError) as error:
        raise BrokerUnavailable(f"{address}: {error}") from None
    echo(
        f"{result.sent} messages in {result.elapsed_s:.1f} s: {result.rate:.0f} a second of {rate} asked for, "
        f"at most {result.behind_ms:.0f} ms behind"
    )
    return 0 if stopping or result.rate >= _HELD * rate else EXIT_RATE_NOT_HELD

"""Fallback broker: rumqttd from the Python wheel `iotcore`, for machines without Mosquitto (see LIMITATIONS)."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

LIMITATIONS = (
    "MQTT broker: rumqttd (iotcore), because Mosquitto is not installed. It is weaker: it keeps its queue in memory\n"
    "only, loses the backlog of a lagging session, marks no redelivery, and refuses topics that start with $oc\n"
    "(Huawei IoTDA). Install Mosquitto for real use."
)

_LISTENER = """
[{version}.1]
name = "{version}"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 1000
dynamic_filters = true
"""


def configuration(host: str, port: int, port_v5: int) -> str:
    """rumqttd's settings: devices connect with MQTT 3.1.1 on `port`, our sessions with MQTT 5 on `port_v5`."""
    router = (
        "id = 0\n[router]\nid = 0\nmax_connections = 10010\nmax_outgoing_packet_count = 200\n"
        "max_segment_size = 104857600\nmax_segment_count = 10\n"
    )
    ports = (("v4", port), ("v5", port_v5))
    return router + "".join(_LISTENER.format(version=version, host=host, port=number) for version, number in ports)


class Rumqttd:
    """Same methods as Mosquitto. MQTT 5 sessions connect on `port_v5`."""

    def __init__(self, folder: Path, host: str, port: int) -> None:
        self._folder, self._host, self._port = folder, host, port
        self.port_v5 = _free_port(host)
        self._broker: Any = None

    async def start(self) -> None:
        from iotcore import Broker

        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "rumqttd.toml"
        config.write_text(configuration(self._host, self._port, self.port_v5))
        self._broker = Broker(config_path=str(config))
        await asyncio.to_thread(self._broker.start)

    async def keep_alive(self) -> None:
        """Restart the broker whenever it ends; until cancelled or stopped."""
        while self._broker is not None:
            await asyncio.sleep(1)
            if self._broker is not None and not self._broker.is_running:
                await asyncio.to_thread(self._broker.start)

    async def stop(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            await asyncio.to_thread(broker.stop)


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])

"""`fengshao simulate`: a site's devices on a real broker, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from app.clock import Clock
from app.config.addresses import parse_broker_url
from app.config.site import load_site
from app.mqtt_client import mqtt_client
from app.server.demo import SITE
from simulators.publisher import DemoSite, run_demo


async def simulate_site(site: Path | None, mqtt: str, seed: int, speed: float) -> None:
    """Publish ordinary readings and one scripted gas leak of the site's devices until SIGINT or SIGTERM."""
    config = load_site(site or SITE)
    broker = parse_broker_url(mqtt)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_demo(
        lambda: mqtt_client(broker),
        DemoSite(devices=config.devices, timezone=config.settings.timezone),
        seed=seed,
        speed=speed,
        clock=Clock(),
        sleep=asyncio.sleep,
        stop=stop,
    )

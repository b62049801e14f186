"""Tells maintenance in time that a certificate between us and the broker expires: our files, and the broker's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from app.broker.tls import EXPIRY_WARNING_MS, certificate_faults
from app.config.mqtt_settings import MqttSettings
from app.pipeline.self_monitoring import SelfMonitoring
from domain import DAY, Instant

CHECK_EVERY_S: Final = 3600.0


async def watch_certificates(
    settings: MqttSettings,
    folder: Path,
    seen: Mapping[str, Instant],
    monitoring: SelfMonitoring,
    clock: Callable[[], Instant],
) -> None:
    """Check every CHECK_EVERY_S, until cancelled. `seen`: when the certificates that servers show expire, by server."""
    while True:
        now = clock()
        faults = await asyncio.to_thread(certificate_faults, settings, folder, now)
        monitoring.check_certificates([*faults, *_shown_faults(seen, now)], now)
        await asyncio.sleep(CHECK_EVERY_S)


def _shown_faults(seen: Mapping[str, Instant], now: Instant) -> list[str]:
    expires_at = seen.get("broker")
    if expires_at is None or expires_at - now > EXPIRY_WARNING_MS:
        return []
    return [f"the certificate that the broker shows expires in {(expires_at - now) // DAY} days; renew it"]

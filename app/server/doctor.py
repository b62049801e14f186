"""The doctor of a running service: it knows what the service knows, and examines the broker that it listens to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.config.site import SiteConfig
from app.doctor.doctor import DoctorInputs, run_doctor
from app.mqtt_client import BrokerUnavailable
from app.server.processing import Processing
from app.server.registry import RegistryCache
from console.dependencies import DoctorBusy, DoctorRefused
from domain import Instant
from ingest.mqtt.broker_address import BrokerAddress


def current_knowledge(judging: Processing, registry: RegistryCache, folder: SiteConfig) -> DoctorInputs:
    """What the running service knows at this moment."""
    found = judging.definitions
    return DoctorInputs(found.kinds, found.mappings, list(registry.devices.values()), folder.settings, folder.path)


class Doctor:
    """One examination at a time, of the broker that the service listens to (console.dependencies.Doctor)."""

    def __init__(self, broker: BrokerAddress, known: Callable[[], DoctorInputs], clock: Callable[[], Instant]) -> None:
        self._broker, self._knowledge, self._clock = broker, known, clock
        self._busy = False

    async def examine(self, seconds: int) -> Mapping[str, Any]:
        if self._busy:
            raise DoctorBusy
        self._busy = True
        try:
            return await run_doctor(self._broker, self._knowledge(), seconds, self._clock)
        except BrokerUnavailable as fault:
            raise DoctorRefused(str(fault)) from None
        finally:
            self._busy = False

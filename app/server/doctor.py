"""The doctor of a running service: listens to the service's broker and compares with what is registered and mapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.config.site import SiteConfig
from app.doctor.doctor import DoctorInputs, run_doctor
from app.mqtt_client import BrokerUnavailable
from app.reload.registry import RegistryCache
from app.server.processing import Processing
from console.doctor_interface import DoctorBusy, DoctorRefused
from domain import Instant
from ingest.mqtt.broker_address import BrokerAddress


def doctor_inputs(processing: Processing, registry: RegistryCache, config: SiteConfig) -> DoctorInputs:
    """Definitions and devices in force at this moment."""
    definitions = processing.definitions
    return DoctorInputs(definitions.kinds, definitions.mappings, registry.device_list(), config.settings, config.path)


class Doctor:
    """One examination of the broker at a time (console.dependencies.Doctor)."""

    def __init__(self, broker: BrokerAddress, inputs: Callable[[], DoctorInputs], clock: Callable[[], Instant]) -> None:
        self._broker, self._inputs, self._clock = broker, inputs, clock
        self._busy = False

    async def examine(self, seconds: int) -> Mapping[str, Any]:
        """Raises DoctorBusy and DoctorRefused."""
        if self._busy:
            raise DoctorBusy
        self._busy = True
        try:
            return await run_doctor(self._broker, self._inputs(), seconds, self._clock)
        except BrokerUnavailable as error:
            raise DoctorRefused(str(error)) from None
        finally:
            self._busy = False

"""The doctor: listens to a broker for a while and says who speaks, what is understood, and which line to add.

It writes nothing and shares nothing with the service but the registry, the kinds and the mappings: its MQTT session,
its listener and its codecs are its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from app.config.settings import SiteSettings
from app.config.site import decoder_settings
from app.doctor.capture import Capture, CaptureLimits, listen
from app.doctor.report import build_report
from app.reload.codecs import CodecReloader
from domain import Device, Instant
from domain.kind import Kind
from ingest.decoding.decoder import Decoder, DecoderSettings
from ingest.decoding.device_index import DeviceIndex
from ingest.diagnosis import diagnose
from ingest.mappings.mapping import MappingBook
from ingest.mqtt.broker_address import BrokerAddress
from ingest.routing.platform_guesses import COMMON_OTHER_FILTERS
from ingest.routing.routes import Filters, Routes

UNMAPPED_MAX = 10_000


class DoctorInputs(Struct, frozen=True):
    """What a site knows: the same that its service hears with."""

    kinds: Mapping[str, Kind]
    mappings: Sequence[MappingBook]
    devices: Sequence[Device]
    settings: SiteSettings
    path: Path | None = None

    def build_decoder(self, filters: Filters, devices: Sequence[Device]) -> Decoder:
        """A listener of its own, which remembers nothing of the service's."""
        own = decoder_settings(self.settings)
        settings = DecoderSettings(own.zone, own.zones, filters, unmapped_max=UNMAPPED_MAX)
        made = Decoder(self.kinds, self.mappings, settings)
        made.device_index = DeviceIndex(devices)
        return made


async def run_doctor(
    broker: BrokerAddress,
    known: DoctorInputs,
    seconds: int,
    clock: Callable[[], Instant],
    limits: CaptureLimits | None = None,
) -> dict[str, Any]:
    """Listens and reports. Raises BrokerUnavailable."""
    caught = await listen(broker, seconds, fallback_filters(known.settings.intake.filters), clock, limits)
    return await asyncio.to_thread(_diagnose, str(broker), known, seconds, caught)


def fallback_filters(filters: Filters) -> list[str]:
    """What to ask for where a broker refuses `#`: the site's filters, and where platforms are met otherwise."""
    elsewhere = [pattern for patterns in COMMON_OTHER_FILTERS.values() for pattern in patterns]
    return list(dict.fromkeys([*Routes(filters).subscriptions, *elsewhere]))


def _diagnose(broker: str, known: DoctorInputs, seconds: int, caught: Capture) -> dict[str, Any]:
    codecs = CodecReloader(known.path)
    codecs.reload()

    def build(filters: Filters, devices: Sequence[Device]) -> Decoder:
        made = known.build_decoder(filters, devices)
        made.codecs = codecs.codecs
        return made

    try:
        found = diagnose(caught.frames, build, known.settings.intake.filters, known.devices)
    finally:
        codecs.codecs.close()
    return build_report(broker, seconds, caught, found, known.kinds, known.devices, known.settings)

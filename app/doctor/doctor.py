"""Captures messages of a broker and reports which devices send, what is decoded, and which lines a site should add.

Writes nothing. Shares only registry, kinds and mappings with the service: MQTT session, decoder and codecs are its own.
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
    """What the decoder of the site's service works with; `path` is the site folder with codecs.d."""

    kinds: Mapping[str, Kind]
    mappings: Sequence[MappingBook]
    devices: Sequence[Device]
    settings: SiteSettings
    path: Path | None = None

    def build_decoder(self, filters: Filters, devices: Sequence[Device]) -> Decoder:
        """A new decoder without state, for these topic filters and devices."""
        site = decoder_settings(self.settings)
        settings = DecoderSettings(site.zone, site.zones, filters, unmapped_max=UNMAPPED_MAX)
        decoder = Decoder(self.kinds, self.mappings, settings)
        decoder.device_index = DeviceIndex(devices)
        return decoder


async def run_doctor(
    broker: BrokerAddress,
    inputs: DoctorInputs,
    seconds: int,
    clock: Callable[[], Instant],
    limits: CaptureLimits | None = None,
) -> dict[str, Any]:
    """Capture for `seconds` and return the report as plain data. Raises BrokerUnavailable."""
    capture = await listen(broker, seconds, fallback_filters(inputs.settings.intake.filters), clock, limits)
    return await asyncio.to_thread(_diagnose, str(broker), inputs, seconds, capture)


def fallback_filters(filters: Filters) -> list[str]:
    """Filters for a broker that refuses `#`: the site's, and others at which platforms commonly publish."""
    others = [pattern for patterns in COMMON_OTHER_FILTERS.values() for pattern in patterns]
    return list(dict.fromkeys([*Routes(filters).subscriptions, *others]))


def _diagnose(broker: str, inputs: DoctorInputs, seconds: int, capture: Capture) -> dict[str, Any]:
    codecs = CodecReloader(inputs.path)
    codecs.reload()

    def build(filters: Filters, devices: Sequence[Device]) -> Decoder:
        decoder = inputs.build_decoder(filters, devices)
        decoder.codecs = codecs.codecs
        return decoder

    try:
        diagnosis = diagnose(capture.frames, build, inputs.settings.intake.filters, inputs.devices)
    finally:
        codecs.codecs.close()
    return build_report(broker, seconds, capture, diagnosis, inputs.kinds, inputs.devices, inputs.settings)

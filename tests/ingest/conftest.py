"""The built-in kinds and mapping books, and decoders with registered devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from domain import Device
from domain.kind import CommonQuantities, Kind
from ingest.decoding.decoder import Decoder, DecoderSettings
from ingest.decoding.device_index import DeviceIndex
from ingest.mappings.mapping import MappingBook
from tests.support.yaml_text import load_yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def kinds() -> dict[str, Kind]:
    folder = ROOT / "domain" / "kinds"
    common = CommonQuantities.model_validate(load_yaml((folder / "common.yaml").read_text())).common
    written = [
        Kind.model_validate(load_yaml(path.read_text())) for path in folder.glob("*.yaml") if path.stem != "common"
    ]
    return {kind.kind: kind.with_common(common) for kind in written}


@pytest.fixture(scope="session")
def books() -> list[MappingBook]:
    folder = ROOT / "ingest" / "mappings"
    return [MappingBook.model_validate(load_yaml(path.read_text())) for path in sorted(folder.glob("*.yaml"))]


@pytest.fixture
def build_decoder(kinds: dict[str, Kind], books: list[MappingBook]) -> Callable[..., Decoder]:
    """Builds a decoder with these devices registered and these topic filters."""

    def build(*devices: Device, filters: Mapping[str, Sequence[str]] | None = None) -> Decoder:
        decoder = Decoder(kinds, books, DecoderSettings(filters=filters or {}))
        decoder.device_index = DeviceIndex(devices)
        return decoder

    return build

"""What the tests of this room share: the real kinds and mappings, and a listener over some devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from domain import Device
from domain.kind import CommonQuantities, Kind
from ingest.decoding.decoder import Decoder, DecoderSettings
from ingest.decoding.device_index import DeviceIndex
from ingest.mappings.mapping import MappingBook

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def kinds() -> dict[str, Kind]:
    folder = ROOT / "domain" / "kinds"
    common = CommonQuantities.model_validate(yaml.safe_load((folder / "common.yaml").read_text())).common
    written = [
        Kind.model_validate(yaml.safe_load(path.read_text())) for path in folder.glob("*.yaml") if path.stem != "common"
    ]
    return {kind.kind: kind.with_common(common) for kind in written}


@pytest.fixture(scope="session")
def books() -> list[MappingBook]:
    folder = ROOT / "ingest" / "mappings"
    return [MappingBook.model_validate(yaml.safe_load(path.read_text())) for path in sorted(folder.glob("*.yaml"))]


@pytest.fixture
def listener(kinds: dict[str, Kind], books: list[MappingBook]) -> Callable[..., Decoder]:
    """A listener that knows these devices."""

    def build(*devices: Device, filters: Mapping[str, Sequence[str]] | None = None) -> Decoder:
        made = Decoder(kinds, books, DecoderSettings(filters=filters or {}))
        made.device_index = DeviceIndex(devices)
        return made

    return build

"""The journal's marks tell which registry, rulebooks and decoders produced its readings and findings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.server.versions import definitions_detail, registry_detail
from store.journal import MarkKind
from tests.conftest import Broker
from tests.support.rulebook_harness import RulebookHarness


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[RulebookHarness]:
    async with RulebookHarness(tmp_path / "data", broker.port, free_port()) as running:
        yield running


def details(harness: RulebookHarness, kind: MarkKind) -> list[str]:
    return [mark.detail for mark in harness.stores.journal.marks() if mark.kind is kind]


async def test_the_start_is_marked_with_the_versions_of_registry_rulebooks_and_decoders(
    harness: RulebookHarness,
) -> None:
    (started,) = details(harness, MarkKind.STARTED)
    processing = harness.service.processing
    version = int(started.partition(";")[0].removeprefix("registry "))

    assert started == "; ".join(
        (registry_detail(version), definitions_detail(processing.engine.books, processing.decoder))
    )
    assert "gas@1" in started
    assert "native: adapter" in started


async def test_a_change_of_the_registry_is_marked_with_its_version(harness: RulebookHarness) -> None:
    before = details(harness, MarkKind.REGISTRY)
    await harness.service.processing.registry_changed()

    assert details(harness, MarkKind.REGISTRY)[len(before) :] == [
        registry_detail(harness.service.processing._registry.version)
    ]


async def test_a_changed_codec_is_marked_with_its_version(harness: RulebookHarness) -> None:
    processing = harness.service.processing
    folder = processing.codecs._path
    assert folder is not None
    folder.mkdir(exist_ok=True)
    await processing.reload_codecs()
    assert details(harness, MarkKind.RULEBOOK) == []

    (folder / "a-1.js").write_text("function Decoder() { return {v: 1}; }")
    await processing.reload_codecs()

    (detail,) = details(harness, MarkKind.RULEBOOK)
    assert f"codec a-1.js: {processing.decoder.versions['codec a-1.js']}" in detail

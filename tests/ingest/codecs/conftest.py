"""Fixtures of the tests of this package."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingest.codecs.process import CodecProcess
from ingest.codecs.registry import BindingBook, build_registry
from ingest.codecs.runtime import CodecRuntime
from tests.ingest.codecs.codec_calls import FILES, FOLDER
from tests.support.yaml_text import load_yaml


@pytest.fixture(scope="module")
def codec_process() -> Iterator[CodecProcess]:
    process = CodecProcess()
    yield process
    process.close()


@pytest.fixture
def codecs(codec_process: CodecProcess) -> CodecRuntime:
    files = {path.name: path.read_bytes() for path in FILES}
    book = BindingBook.model_validate(load_yaml((FOLDER / "bindings.yaml").read_text()))
    return CodecRuntime(build_registry(files, book), codec_process)

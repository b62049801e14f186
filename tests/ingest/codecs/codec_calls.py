"""Calls of codecs, and the codecs in this folder."""

from __future__ import annotations

from pathlib import Path

from ingest.codecs import Codec, CodecFailed, DecodeCall, Decoded
from ingest.codecs.registry import make_codec
from ingest.codecs.runtime import CodecRuntime

FOLDER = Path(__file__).parent
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".js", ".mjs"))
NOW = 1767225660000
HEALTHY = Codec("healthy.js", "function Decoder(bytes) { return {n: bytes.length}; }", "healthy")


def call(source: str, data: bytes = b"\x01", at: int = NOW, port: int = 1) -> DecodeCall:
    return DecodeCall(make_codec("made.js", source.encode()), data, port, at)


def decode(codecs: CodecRuntime, source: str, data: bytes = b"\x01", at: int = NOW) -> Decoded | CodecFailed:
    [outcome] = codecs.decode([call(source, data, at)])
    return outcome

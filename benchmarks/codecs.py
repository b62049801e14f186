"""Payloads of 11 bytes that the codecs decode a second on one core: in batches of the decoder, and one by one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from benchmarks.result import Result
from ingest.codecs import Codec, DecodeCall, Decoded
from ingest.codecs.runtime import CodecRuntime

SOURCE = """
function decodeUplink(input) {
  var bytes = input.bytes, data = {};
  for (var i = 0; i < bytes.length;) {
    var channel = bytes[i++], type = bytes[i++];
    if (channel === 0x01 && type === 0x75) { data.battery = bytes[i]; i += 1; }
    else if (channel === 0x03 && type === 0x67) { data.temperature = ((bytes[i + 1] << 8 | bytes[i]) << 16 >> 16) / 10; i += 2; }
    else if (channel === 0x04 && type === 0x68) { data.humidity = bytes[i] / 2; i += 1; }
    else if (channel === 0x05 && type === 0x00) { data.leakage_status = bytes[i] === 0 ? "normal" : "leak"; i += 1; }
    else break;
  }
  return { data: data };
}
"""  # noqa: E501 (JavaScript as vendors write it)

PAYLOAD = bytes.fromhex("01755c0367340104686501")[:11]
RUN = 200
"""The batch size that the pipeline passes to the decoder."""
SECONDS = 3.0


def run() -> Iterator[Result]:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield _measure()
    finally:
        os.sched_setaffinity(0, cores)


def _measure() -> Result:
    """Measures with both processes, ours and that of the codecs, on one core."""
    codecs = CodecRuntime()
    call = DecodeCall(Codec("bench.js", SOURCE, "1"), PAYLOAD, 85, 1_767_225_660_000)
    try:
        [first_result] = codecs.decode([call])
        assert isinstance(first_result, Decoded), first_result
        best_rate = max(_rate(codecs, [call] * RUN) for _ in range(3))
        single_rate = _rate(codecs, [call])
    finally:
        codecs.close()
    detail = {"payload_bytes": len(PAYLOAD), "calls_at_once": RUN, "singly_per_s": round(single_rate)}
    return Result("codec_decodes_per_s", round(best_rate), "1/s", detail)


def _rate(codecs: CodecRuntime, calls: list[DecodeCall]) -> float:
    start, decoded = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS / 3:
        decoded += len(codecs.decode(calls))
    return decoded / (time.perf_counter() - start)

"""How many payloads of 11 bytes the codecs decode a second on one core: as the decoder passes them, and singly."""

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
"""As many as the pipeline passes to the decoder at once."""
SECONDS = 3.0


def run() -> Iterator[Result]:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield _measured()
    finally:
        os.sched_setaffinity(0, cores)


def _measured() -> Result:
    """Both processes, ours and the codecs', on one core."""
    codecs = CodecRuntime()
    call = DecodeCall(Codec("bench.js", SOURCE, "1"), PAYLOAD, 85, 1_767_225_660_000)
    try:
        [warm] = codecs.decode([call])
        assert isinstance(warm, Decoded), warm
        best = max(_rate(codecs, [call] * RUN) for _ in range(3))
        single = _rate(codecs, [call])
    finally:
        codecs.close()
    detail = {"payload_bytes": len(PAYLOAD), "calls_at_once": RUN, "singly_per_s": round(single)}
    return Result("codec_decodes_per_s", round(best), "1/s", detail)


def _rate(codecs: CodecRuntime, calls: list[DecodeCall]) -> float:
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS / 3:
        done += len(codecs.decode(calls))
    return done / (time.perf_counter() - start)

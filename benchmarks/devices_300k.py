"""300,000 registered devices: import, start, resident memory, and the cost of a reading compared with 5,000 devices.

The second start restores a checkpoint in which every device has reported.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.intake import by_fengshao, device_list
from benchmarks.result import Result
from benchmarks.service import Service, service

DEVICES = 300_000
FEW = 5_000
READINGS = 300_000


def run() -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as folder:
        devices_file = device_list(Path(folder), DEVICES)
        with service(devices=devices_file) as running:
            first_start, at_rest = running.ready_after_s, running.resident_mb()
            for devices in (FEW, DEVICES):
                by_fengshao(running, READINGS, devices)  # every device reports once
            few, many = (by_fengshao(running, READINGS, devices) for devices in (FEW, DEVICES))
            all_reported = running.resident_mb()
            running.restart()
            yield Result(
                "resident_mb_300k_devices",
                round(max(all_reported, running.resident_mb())),
                "MiB",
                {
                    "registered_only_mb": round(at_rest),
                    "all_have_spoken_mb": round(all_reported),
                    "after_restart_mb": round(running.resident_mb()),
                    "first_start_s": round(first_start, 1),
                    "restart_s": round(running.ready_after_s, 1),
                    "readings_per_s_of_5000": round(few),
                    "readings_per_s_of_300000": round(many),
                    "longest_answer_ms": round(_longest_answer(running) * 1000),
                },
            )


def _longest_answer(running: Service) -> float:
    """The longest response time of /healthz within 15 s at rest, with checkpoints."""
    longest_s, deadline = 0.0, time.time() + 15
    while (started := time.time()) < deadline:
        running.get("/healthz")
        longest_s = max(longest_s, time.time() - started)
        time.sleep(0.005)
    return longest_s

"""`make bench`: all measurements, or those of the named figures. Prints one JSON object a line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

from benchmarks import backtest, codecs, detect_to_send, devices_300k, district, intake, overload, rules
from benchmarks.result import Result

BENCHES: Mapping[Callable[[], Iterator[Result]], tuple[str, ...]] = {
    intake.run: ("intake_ratio_mosquitto_sub", "intake_readings_per_s"),
    rules.run: ("rule_evaluations_per_s",),
    backtest.run: ("backtest_readings_per_s",),
    codecs.run: ("codec_decodes_per_s",),
    detect_to_send.run: ("detect_to_send_p50_ms", "detect_to_send_p99_ms"),
    overload.run: ("overload_sos_p99_ms",),
    devices_300k.run: ("resident_mb_300k_devices",),
    district.run: ("town_district_cpu_s",),
}


def main(figures: list[str]) -> int:
    known_figures = {name for names in BENCHES.values() for name in names}
    unknown_figures = [name for name in figures if name not in known_figures]
    if unknown_figures:
        print(
            f"no such figure: {', '.join(unknown_figures)}; known are {', '.join(sorted(known_figures))}",
            file=sys.stderr,
        )
        return 2
    for bench, names in BENCHES.items():
        if not figures or set(figures) & set(names):
            for result in bench():
                if not figures or result.name in figures:
                    print(result.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

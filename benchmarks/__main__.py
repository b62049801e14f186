"""`make bench`: every measurement, or those whose figure's name is given. One JSON object a line, nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

from benchmarks import backtest, codecs, detect_to_send, devices_300k, intake, overload, rules
from benchmarks.result import Result

BENCHES: Mapping[Callable[[], Iterator[Result]], tuple[str, ...]] = {
    intake.run: ("intake_ratio_mosquitto_sub", "intake_readings_per_s"),
    rules.run: ("rule_evaluations_per_s",),
    backtest.run: ("backtest_readings_per_s",),
    codecs.run: ("codec_decodes_per_s",),
    detect_to_send.run: ("detect_to_send_p50_ms", "detect_to_send_p99_ms"),
    overload.run: ("overload_sos_p99_ms",),
    devices_300k.run: ("resident_mb_300k_devices",),
}


def main(wanted: list[str]) -> int:
    known = {name for names in BENCHES.values() for name in names}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"no such figure: {', '.join(unknown)}; known are {', '.join(sorted(known))}", file=sys.stderr)
        return 2
    for bench, names in BENCHES.items():
        if not wanted or set(wanted) & set(names):
            for result in bench():
                if not wanted or result.name in wanted:
                    print(result.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

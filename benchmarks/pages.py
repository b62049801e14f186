"""`python -m benchmarks.pages [SITE]`: every figure of the pages, one after the other; each prints its own JSON.

First loads, map, frames and keys of the wall of SITE (benchmarks/wall.py), leak and press to the wall of the demo
(benchmarks/wall_delay.py), a year of a device (benchmarks/history_year.py). Ends with 1 when one of them failed.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Final

BENCHMARKS: Final = ("wall", "wall_delay", "history_year")


def main(site: list[str]) -> int:
    failed = False
    for name in BENCHMARKS:
        print(f"# benchmarks.{name}", flush=True)
        arguments = site if name == "wall" else []
        failed |= subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments], check=False).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

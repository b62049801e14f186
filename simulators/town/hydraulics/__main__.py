"""Computes the days of towns: `python -m simulators.town.hydraulics PRESET SEED… [--into FOLDER] [--check]`.

Without `--into` they are written to simulators/town/kept. `--check` computes and compares, and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from simulators.town.hydraulics.comparison import differences
from simulators.town.hydraulics.kept import KEPT, DaysMissing, compute_days, load_days, write_days
from simulators.town.population.build import build_town


def main(arguments: Sequence[str]) -> int:
    """The command; 1 when kept days differ from those computed now or cannot be computed."""
    parser = argparse.ArgumentParser(prog="python -m simulators.town.hydraulics", description=__doc__)
    parser.add_argument("preset")
    parser.add_argument("seeds", nargs="+", type=int)
    parser.add_argument("--into", type=Path, default=KEPT)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    try:
        for seed in options.seeds:
            found = _handle(options.preset, seed, options.into, check=options.check)
            if found:
                print("\n".join(found), file=sys.stderr)
                return 1
    except DaysMissing as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _handle(preset: str, seed: int, folder: Path, *, check: bool) -> list[str]:
    town = build_town(preset, seed)
    days = compute_days(town, progress=lambda part: print(f"{preset}-{seed}: {part}", file=sys.stderr))
    if check:
        return differences(load_days(town, folder), days)
    path = write_days(days, folder)
    print(f"{path}: {path.stat().st_size:,} bytes")
    return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

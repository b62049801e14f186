"""Reads and writes the kept days of a town: the msgpack of `TownDays`, compressed (xz), in `PRESET-SEED.days`.

Those that CI needs are in the repository (simulators/town/kept), so that a town is played without EPANET and SWMM.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from simulators.town.hydraulics.days import FORMAT, TownDays
from simulators.town.networks import Networks, networks_of
from simulators.town.town import Town

KEPT: Final = Path(__file__).parent.parent / "kept"
_MAX_BYTES: Final = 256 * 1024 * 1024
"""Of a decompressed file: a district has about 40 MB."""


class DaysMissing(Exception):
    """The days of this town are neither kept nor can they be computed here."""


def load_days(town: Town, cache: Path | None = None) -> TownDays:
    """The days of the town: from the repository, else from the folder `cache`, else computed and written to `cache`.

    Raises DaysMissing when they have to be computed and EPANET or SWMM is not installed.
    """
    networks = networks_of(town)
    for folder in (KEPT, cache):
        if folder is not None and (days := read_days(folder / file_name(town))) is not None and _fits(days, networks):
            return days
    days = compute_days(town, networks)
    if cache is not None:
        write_days(days, cache)
    return days


def file_name(town: Town) -> str:
    """The file of a town in a folder."""
    return f"{town.preset}-{town.seed}.days"


def compute_days(
    town: Town, networks: Networks | None = None, progress: Callable[[str], None] = lambda _: None
) -> TownDays:
    """Computes the days: about 0.2 s a compound and 1 s a hundred manholes. `progress` gets the name of each part."""
    try:
        from simulators.town.hydraulics.epanet import compute_main
        from simulators.town.hydraulics.swmm import compute_sewers
    except ImportError as missing:
        raise DaysMissing(
            f"{file_name(town)}: the water and sewer days of preset {town.preset}, seed {town.seed} are not kept, and "
            f"{missing.name} is not installed to compute them: run `make town-tools`, or take one of {_kept_names()}"
        ) from missing
    networks = networks or networks_of(town)
    water = []
    for main in networks.mains:
        progress(main.compound)
        water.append(compute_main(main))
    progress("sewers")
    sewers = compute_sewers(networks.sewers)
    return TownDays(FORMAT, town.preset, town.seed, networks.fingerprint, tuple(water), sewers)


def write_days(days: TownDays, folder: Path) -> Path:
    """Writes the file of the days into the folder; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{days.preset}-{days.seed}.days"
    path.write_bytes(lzma.compress(msgspec.msgpack.encode(days), preset=9))
    return path


def _kept_names() -> str:
    return ", ".join(sorted(path.stem for path in KEPT.glob("*.days"))) or "none"


def read_days(path: Path) -> TownDays | None:
    """What the file holds; None without a file, or when it is of another format."""
    if not path.is_file():
        return None
    decompressor = lzma.LZMADecompressor(memlimit=_MAX_BYTES)
    try:
        raw = decompressor.decompress(path.read_bytes(), _MAX_BYTES)
        return msgspec.msgpack.decode(raw, type=TownDays)
    except (lzma.LZMAError, EOFError, msgspec.MsgspecError):
        return None


def _fits(days: TownDays, networks: Networks) -> bool:
    """Whether they are of this format, and of the pipes of this town."""
    return days.format == FORMAT and days.fingerprint == networks.fingerprint

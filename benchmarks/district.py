"""Building a district of 169,720 places and 73,260 devices and writing its files, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.result import Result

_BUILD = """
import json, resource, sys, time
from pathlib import Path
from simulators.town.population.build import build_town
from simulators.town.site_files import write_site
started = time.process_time()
town = build_town("district", 1)
built = time.process_time()
files = write_site(town, Path(sys.argv[1]))
print(json.dumps({
    "cpu_s": time.process_time() - started,
    "build_cpu_s": built - started,
    "resident_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    "written_mb": sum(file.stat().st_size for file in files) // 2**20,
    "places": len(town.places), "people": len(town.people), "devices": len(town.devices),
}))
"""


def run() -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", _BUILD, folder]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    measured = json.loads(printed)
    measured["build_cpu_s"] = round(measured["build_cpu_s"], 1)
    yield Result("town_district_cpu_s", round(measured.pop("cpu_s"), 1), "s", measured)

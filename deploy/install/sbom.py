"""Completes the software bills of materials (CycloneDX) that `make sbom` writes: the same locks give the same bytes.

Usage: sbom.py LOCK BOM [LOCK BOM ...]    LOCK: a requirements lock or package-lock.json. Each BOM is changed.
Ends with 1 and a line for each package that a bill lacks, or has beside its lock.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any


def locked(lock: Path) -> set[tuple[str, str]]:
    """(package, version) of everything in the lock. Of the pages' lock that is what builds them too: parts of it, such
    as the API page, end in what is built."""
    text = lock.read_text()
    if lock.suffix != ".json":
        return {(name.lower(), version) for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE)}
    packages = json.loads(text)["packages"].items()
    return {(path.rpartition("node_modules/")[2], entry["version"]) for path, entry in packages if path}


def listed(bom: dict[str, Any]) -> set[tuple[str, str]]:
    """(package, version) of what the bill lists."""
    parts = bom["components"]
    names = (f"{part['group']}/{part['name']}" if part.get("group") else part["name"] for part in parts)
    return {(name.lower(), part["version"]) for name, part in zip(names, parts, strict=True)}


def reproducible(bom: dict[str, Any]) -> str:
    """The bill without the time of its making; its serial number is derived from its content."""
    bom.pop("serialNumber", None)
    bom.get("metadata", {}).pop("timestamp", None)
    bom["components"].sort(key=lambda part: (part.get("group", ""), part["name"], part["version"]))
    content = json.dumps(bom, ensure_ascii=False, sort_keys=True)
    bom["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"
    return json.dumps(bom, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    faults = []
    for lock, file in zip(map(Path, arguments[::2]), map(Path, arguments[1::2]), strict=True):
        bom = json.loads(file.read_text())
        file.write_text(reproducible(bom))
        faults += [f"{file}: lacks {name} {version}" for name, version in sorted(locked(lock) - listed(bom))]
        faults += [f"{file}: {name} {version} is not in {lock}" for name, version in sorted(listed(bom) - locked(lock))]
        print(f"{file}: {len(bom['components'])} components, {bom['serialNumber']}")
    print("\n".join(faults), file=sys.stderr, end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

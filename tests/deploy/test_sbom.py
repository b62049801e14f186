"""The bills of materials are compared with the locks, and the same locks give the same bytes."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "install" / "sbom.py"
spec = importlib.util.spec_from_file_location("sbom", SCRIPT)
assert spec
assert spec.loader
sbom: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sbom)

PYTHON_LOCK = "aiomqtt==2.5.1 \\\n    --hash=sha256:00\nPyYAML==6.0.3 ; python_version > '3' \\\n    --hash=sha256:00\n"
WEB_LOCK = {
    "packages": {
        "": {},
        "node_modules/@vue/shared": {"version": "3.5.45"},
        "node_modules/a/node_modules/b": {"version": "1.0.0"},
    }
}


def bill(*parts: tuple[str, str, str], serial: str = "urn:uuid:1") -> dict[str, Any]:
    components = [{"group": group, "name": name, "version": version} for group, name, version in parts]
    return {"serialNumber": serial, "metadata": {"timestamp": serial}, "components": components}


def write(folder: Path, python: dict[str, Any], web: dict[str, Any]) -> list[str]:
    files = {"requirements.lock": PYTHON_LOCK, "p.json": json.dumps(python)}
    files |= {"package-lock.json": json.dumps(WEB_LOCK), "w.json": json.dumps(web)}
    for name, text in files.items():
        (folder / name).write_text(text)
    return [str(folder / name) for name in files]


PYTHON = (("", "aiomqtt", "2.5.1"), ("", "pyyaml", "6.0.3"))
WEB = (("@vue", "shared", "3.5.45"), ("", "b", "1.0.0"))


def test_bills_that_list_the_locks_are_the_same_bytes_whenever_they_are_made(tmp_path: Path) -> None:
    assert sbom.main(write(tmp_path, bill(*PYTHON), bill(*WEB))) == 0
    first = [(tmp_path / name).read_bytes() for name in ("p.json", "w.json")]
    later = bill(*reversed(PYTHON), serial="urn:uuid:2"), bill(*reversed(WEB), serial="urn:uuid:2")
    assert sbom.main(write(tmp_path, *later)) == 0
    assert [(tmp_path / name).read_bytes() for name in ("p.json", "w.json")] == first


def test_a_package_that_is_missing_or_of_another_version_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sbom.main(write(tmp_path, bill(PYTHON[0], ("", "pyyaml", "5.0")), bill(WEB[1]))) == 1
    found = capsys.readouterr().err
    assert f"{tmp_path}/p.json: lacks pyyaml 6.0.3" in found
    assert f"{tmp_path}/p.json: pyyaml 5.0 is not in {tmp_path}/requirements.lock" in found
    assert f"{tmp_path}/w.json: lacks @vue/shared 3.5.45" in found

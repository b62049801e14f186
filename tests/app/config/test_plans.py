"""`plans/` of a site: drawings by the id of their place, and the faults of files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config.faults import ConfigError
from app.config.plans import BYTES_MAX, check_plans, read_plans

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"/>'
PNG = b"\x89PNG\r\n\x1a\n"


def plans(site: Path, **files: bytes) -> Path:
    folder = site / "plans"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_bytes(content)
    return folder


def test_drawings_are_found_by_the_id_of_their_place(tmp_path: Path) -> None:
    assert read_plans(tmp_path) == {}
    folder = plans(tmp_path, b3_svg=b"\n" + SVG, b4_PNG=PNG, b5_pdf=b"%PDF", b6_png=SVG)
    (folder / ".DS_Store").write_bytes(b"")
    found = read_plans(tmp_path)
    assert {place: plan.media_type for place, plan in found.items()} == {"b3": "image/svg+xml", "b4": "image/png"}
    assert found["b3"].path == folder / "b3.svg"


def test_every_fault_of_the_folder_is_named(tmp_path: Path) -> None:
    folder = plans(tmp_path, b3_svg=SVG, b3_png=PNG, b4_pdf=b"%PDF", b5_png=SVG, b33_svg=SVG)
    with (folder / "b6.jpg").open("wb") as large:
        large.write(b"\xff\xd8\xff")
        large.truncate(BYTES_MAX + 1)
    with pytest.raises(ConfigError) as raised:
        check_plans(tmp_path, {"b3", "b4", "b5", "b6"})
    assert [(Path(fault.file).name, fault.message.partition(":")[0]) for fault in raised.value.faults] == [
        ("b3.svg", "draws 'b3' as b3.png does"),
        ("b33.svg", "'b33' does not exist"),
        ("b4.pdf", "is no drawing that browsers show"),
        ("b5.png", "is no image/png"),
        ("b6.jpg", f"has {BYTES_MAX + 1} bytes, more than {BYTES_MAX}"),
    ]
    check_plans(tmp_path / "without", set())

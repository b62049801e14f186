"""Every environment variable that the code reads is in the reference of settings."""

from __future__ import annotations

import re
from pathlib import Path

from app.config.environment_variables import VARIABLES
from app.config.settings_reference import reference

ROOT = Path(__file__).parents[3]


def test_every_variable_that_the_code_reads_is_in_the_reference() -> None:
    sources = [
        path
        for package in ("app", "console")
        for path in (ROOT / package).rglob("*.py")
        # Tools for the development of pages, and the demo, which names the variables of its own site.
        if "web" not in path.parts and path.name != "demo.py"
    ]
    read = {name for path in sources for name in re.findall(r'"(FENGSHAO_[A-Z_]+)"', path.read_text())}
    text = reference()
    assert {name for name in read if f"`{name}`" not in text} == set()
    assert len({one.name for one in VARIABLES}) == len(VARIABLES)

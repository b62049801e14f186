"""Every test that docs/incidents.md names exists in the file it names."""

from __future__ import annotations

import re

from tests.architecture.pure_modules import ROOT

ROW = re.compile(r"\| `(?P<file>tests/[a-z_/]+\.py)` `(?P<test>test_[a-z0-9_]+)` \|$", re.MULTILINE)


def test_the_table_of_incidents_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "incidents.md").read_text("utf-8")
    rows = [match.groupdict() for match in ROW.finditer(text)]
    missing = [row["test"] for row in rows if f"def {row['test']}(" not in (ROOT / row["file"]).read_text("utf-8")]
    assert missing == []
    assert len(rows) == text.count("\n| ") - 1, "every row names a test"

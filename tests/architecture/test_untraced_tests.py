"""Which tests are traced: every branch stays run by one that is, and the list names tests that exist."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.untraced_tests import durations_s, untraced, untraced_faults
from tests.conftest import is_traced

OUTPUT = """\
0.40s call     tests/rules/test_a.py::test_long[gas]
0.30s call     tests/rules/test_a.py::test_long[smoke]
0.60s setup    tests/rules/test_a.py::test_alone
0.50s call     tests/rules/test_a.py::test_also
0.01s teardown tests/rules/test_a.py::test_short
"""


def test_a_costly_test_is_untraced_while_two_others_run_its_branches() -> None:
    durations = durations_s(OUTPUT)
    assert round(durations["tests/rules/test_a.py::test_long"], 1) == 0.7
    both, alone = {("a.py", 1, 2), ("a.py", 2, 3)}, {("a.py", 9, 10)}
    ran = dict.fromkeys(durations, both) | {"tests/rules/test_a.py::test_alone": both | alone}
    ran["tests/rules/test_a.py::test_short"] = both
    assert untraced(ran, durations) == ["tests/rules/test_a.py::test_also", "tests/rules/test_a.py::test_long"]
    ran["tests/rules/test_a.py::test_short"] = {("a.py", 1, 2)}
    assert untraced(ran, durations) == ["tests/rules/test_a.py::test_long"]


def test_a_line_that_names_no_test_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("async def test_one(): ...\n")
    lines = "tests/test_a.py\ntests/test_a.py::test_one\ntests/test_a.py::test_two\ntests/test_b.py\n"
    assert [fault.split(": ")[1] for fault in untraced_faults(lines, tmp_path)] == [
        "tests/test_a.py::test_two",
        "tests/test_b.py",
    ]


def test_tests_of_pure_modules_are_traced_unless_they_are_listed() -> None:
    assert is_traced("tests/rules/engine/test_timers.py::test_new[1]")
    assert not is_traced("tests/console/api/test_alerts.py::test_new")
    listed = "tests/rules/hosts/test_partition.py::test_parts_together_give_the_findings_of_one_engine"
    assert not is_traced(f"{listed}[7]")

from pathlib import Path

import pytest

from app.cli.score_faults import compare_each
from app.errors import UserError
from app.score.matching import Status
from app.score.run import Result
from app.score.settings import Settings
from domain import MINUTE
from tests.app.score.test_faults_each import AT, BASE, effect, result


def test_each_fault_is_run_alone_and_what_none_explains_is_an_error(tmp_path: Path):
    later = AT + 5 * MINUTE
    runs = {(): BASE, ("late",): result(Status.IN_TIME, later, effects=(effect("gas-402"),)), ("duplicate",): BASE}
    ran: list[str] = []

    def run(settings: Settings, folder: Path) -> Result:
        ran.append(folder.name)
        return runs[settings.faults]

    printed: list[str] = []
    table = tmp_path / "faults.md"
    compare_each(Settings(faults=("late", "duplicate")), tmp_path, run, "en", printed.append, table)
    head, _, late, duplicate = table.read_text("utf-8").splitlines()
    assert head.startswith("| fault | acted |")
    assert late.startswith("| `late` | 1 | +0 | leak: 30 s -> 330 s | A message is late")
    assert duplicate.startswith("| `duplicate` | did not act, which shows nothing | +0 |  |")
    assert ran == ["none", "late", "duplicate"]
    assert printed[1] == "  leak: 30 s -> 330 s"
    runs["duplicate",] = result(Status.MISSED)
    with pytest.raises(UserError, match=r"duplicate \(1\)"):
        compare_each(Settings(faults=("late", "duplicate")), tmp_path, run, "en", printed.append)
    assert printed[-1].endswith("[unexplained]")

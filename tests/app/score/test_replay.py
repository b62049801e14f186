"""The findings of a finished run, again through alerts and people."""

import shutil
from pathlib import Path

import pytest

from app.errors import UserError
from app.score.recorded_run import FOLDER
from app.score.replay import replay
from app.score.report.terminal import lines
from app.score.run import Result, simulate
from app.score.settings import Settings, fault_names
from tests.support.two_kitchens import tiny

SETTINGS = Settings(days=2, seed=7, faults=fault_names("all"), intensity=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replay") / "run"


@pytest.fixture(scope="module")
def run(folder: Path) -> Result:
    return simulate(SETTINGS, folder, build=tiny)


def test_a_replay_with_unchanged_code_gives_every_text_of_the_run_at_the_same_instant(
    run: Result, folder: Path, tmp_path: Path
) -> None:
    again = replay(folder, tmp_path / "again", build=tiny)
    assert len(run.texts) > 30, "people, providers and devices fail: there is something to compare"
    assert again.texts == run.texts
    assert (again.matches, again.figures, again.incidents) == (run.matches, run.figures, run.incidents)
    assert any("A replay:" in line for line in lines(again, "en")), "what is not as in the run is stated"


def test_of_a_run_without_a_record_of_its_rules_the_same_people_are_notified_of_the_same_dangers(
    run: Result, folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "old")
    shutil.rmtree(tmp_path / "old" / FOLDER)
    again = replay(tmp_path / "old", tmp_path / "again", build=tiny)
    called = {(text.person, text.title) for text in run.texts if text.kind == "alert" and text.dangers[0].device}
    assert called <= {(text.person, text.title) for text in again.texts}
    assert again.remarks == ("replayed", "approximate")
    assert again.texts != run.texts, "it is approximate, and says so"


def test_a_folder_that_cannot_be_replayed_is_refused(run: Result, folder: Path, tmp_path: Path) -> None:
    assert run.texts
    with pytest.raises(UserError, match="not empty"):
        replay(folder, folder, build=tiny)
    with pytest.raises(UserError, match="holds no run"):
        replay(tmp_path / "nowhere", tmp_path / "third", build=tiny)
    shutil.copytree(folder, tmp_path / "unfinished")
    (tmp_path / "unfinished" / "days" / "0001" / "state.msgpack").unlink()
    with pytest.raises(UserError, match="not finished"):
        replay(tmp_path / "unfinished", tmp_path / "third", build=tiny)

"""The findings of a finished run, again through alerts and people."""

from pathlib import Path

import pytest

from app.errors import UserError
from app.score.replay import replay
from app.score.run import simulate
from app.score.settings import Settings
from tests.support.two_kitchens import tiny


def test_the_same_people_are_told_of_the_same_dangers_without_devices_and_rules(tmp_path: Path) -> None:
    run = simulate(Settings(days=2, seed=7), tmp_path / "run", build=tiny)
    shown: list[int] = []
    again = replay(tmp_path / "run", tmp_path / "again", shown.append, build=tiny)

    assert [one.status for one in again.matches.outcomes] == [one.status for one in run.matches.outcomes]
    assert again.figures.run == run.figures.run
    called = [(text.person, text.title) for text in run.texts if text.kind == "alert" and text.dangers[0].device]
    assert called == [(text.person, text.title) for text in again.texts if text.kind == "alert"]
    with pytest.raises(UserError, match="not empty"):
        replay(tmp_path / "run", tmp_path / "run", build=tiny)
    with pytest.raises(UserError, match="holds no run"):
        replay(tmp_path / "again", tmp_path / "third", build=tiny)
    (tmp_path / "run" / "days" / "0001" / "state.msgpack").unlink()
    with pytest.raises(UserError, match="not finished"):
        replay(tmp_path / "run", tmp_path / "third", build=tiny)

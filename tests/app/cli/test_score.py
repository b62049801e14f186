import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.main import main
from app.cli.score import How, Output, as_json, run_and_print
from app.score.matching import Matches
from app.score.metrics import Run, figures
from app.score.run import Result
from app.score.settings import START, Settings


def empty_result() -> Result:
    matches = Matches((), ())
    return Result(figures(Run("small", 1, 1, (), 10, 5, ("li",), START), matches, []), matches, [], [], [])


def test_options_that_do_not_exist_are_named():
    for arguments, word in (
        (["score", "--preset", "smal"], "small"),
        (["score", "--faults", "lat"], "late"),
        (["score", "--against", "no-such-commit", "--preset", "tiny"], "--preset"),
    ):
        answer = CliRunner().invoke(main, arguments)
        assert answer.exit_code, arguments
        assert word in answer.output


def test_json_and_page_hold_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.cli.score.simulate", lambda *_arguments, **_options: empty_result())
    printed: list[str] = []
    page = tmp_path / "score.html"
    run_and_print(Settings(), How(tmp_path / "run"), Output("en", True, page), printed.append)
    assert json.loads(printed[0])["figures"]["run"]["preset"] == "small"
    assert "Score of notifications" in page.read_text("utf-8")
    assert as_json(empty_result())["incidents"] == []


def test_a_folder_without_rulebooks_is_nothing_to_compare_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.cli.score.simulate", lambda *_arguments, **_options: empty_result())
    (tmp_path / "empty").mkdir()
    answer = CliRunner().invoke(main, ["score", "--against", str(tmp_path / "empty"), "--data", str(tmp_path / "run")])
    assert answer.exit_code
    assert "no rulebook" in answer.output
    rules = tmp_path / "books"
    rules.mkdir()
    (rules / "gas.yaml").write_text("hazard: gas")
    answer = CliRunner().invoke(
        main, ["score", "--against", str(rules), "--data", str(tmp_path / "run"), "--lang", "en"]
    )
    assert "compared with" in answer.output

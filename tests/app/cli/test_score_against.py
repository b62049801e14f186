from pathlib import Path

import msgspec
import pytest

from app.cli import score_against
from app.cli.score_against import figures_against
from app.errors import UserError
from app.score.run import Result
from app.score.settings import Settings, first_day
from tests.app.score.test_faults_each import BASE

FAKE = """
import json, sys
print(json.dumps({"figures": json.load(open("figures.json")) | {"incidents": len(sys.argv)}}))
"""


def not_run(_settings: Settings, _folder: Path) -> Result:
    raise AssertionError("a commit is run by its own command")


def test_a_commit_is_run_from_its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tree = tmp_path / "tree" / "app" / "cli"
    tree.mkdir(parents=True)
    for folder in (tree, tree.parent):
        (folder / "__init__.py").touch()
    (tree / "main.py").write_text(f"def main():\n    exec({FAKE!r})\n")
    (tmp_path / "tree" / "figures.json").write_bytes(msgspec.json.encode(BASE.figures))
    monkeypatch.setattr(score_against, "_tree", lambda _commit, _folder: tmp_path / "tree")
    plain = figures_against(Settings(), "older", tmp_path, not_run)
    summer = figures_against(Settings(start=first_day("2026-07-06")), "older", tmp_path, not_run)
    assert plain.run == BASE.figures.run
    assert summer.incidents == plain.incidents + 2, "--from and its date"
    (tree / "main.py").write_text("raise SystemExit('no such option')")
    with pytest.raises(UserError, match="no such option"):
        figures_against(Settings(), "older", tmp_path, not_run)


def test_the_files_of_a_commit_are_taken_from_the_repository_once(tmp_path: Path):
    tree = score_against._tree("HEAD", tmp_path)
    assert (tree / "app" / "cli" / "score_against.py").exists() or (tree / "app" / "cli" / "score.py").exists()
    assert score_against._tree("HEAD", tmp_path) == tree
    assert [path.name for path in tmp_path.iterdir()] == [tree.name]


def test_what_is_neither_a_folder_nor_a_commit_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="no commit here"):
        figures_against(Settings(), "no-such-commit", tmp_path, not_run)

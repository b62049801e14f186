"""What the safety office sees when it makes a mistake in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from app.config.faults import ConfigError
from app.config.yaml_files import Document, error_text, read_model, read_yaml
from domain.duration import Duration


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    severity: str
    hold: Duration = 0


class Book(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[Item]


def faults_of(path: Path, text: str) -> list[str]:
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_model(path, Book)
    return [str(fault).removeprefix(str(path)) for fault in caught.value.faults]


def test_a_field_at_the_wrong_depth_is_not_suggested_in_place_of_itself() -> None:
    error: Any = {"type": "extra_forbidden", "loc": ("rungs", 0, "at_most"), "msg": "", "input": 1}
    assert error_text(error, ["at_most", "wait"]) == (
        "is not known here: `at_most` belongs in another part of the file, at another depth"
    )


def test_every_fault_is_reported_at_once_with_its_position_and_what_to_write(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path / "bad.yaml",
        "rules:\n  - severty: high\n    hold: 30 seconds\n  - severity: low\n    holed: 3s\n",
    )

    assert faults == [
        ":2:5: rules.0.severity: is missing: write `severity: ...`",
        ":2:5: rules.0.severty: is not known here: write `severity`",
        ":3:5: rules.0.hold: not a duration: '30 seconds' (write 30s, 5m, 12h or 2d)",
        ":5:5: rules.1.holed: is not known here: write `hold`",
    ]


def test_a_key_written_twice_names_the_first_line(tmp_path: Path) -> None:
    faults = faults_of(tmp_path / "twice.yaml", "rules: []\nrules: []\n")

    assert faults == [":2:1: rules: stands twice (first in line 1): remove one"]


def test_an_alias_saves_typing_but_cannot_grow_without_bound(tmp_path: Path) -> None:
    small = tmp_path / "small.yaml"
    small.write_text("rules: [&one {severity: low}, *one]\n")
    assert read_model(small, Book).rules == [Item(severity="low")] * 2

    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 8))
    faults = faults_of(tmp_path / "bomb.yaml", f"l0: &l0 [1, 2]\n{levels}")
    assert "grow without bound" in faults[0]

    assert "grow without bound" in faults_of(tmp_path / "loop.yaml", "rules: &a [*a]\n")[0]


def test_a_yaml_syntax_error_is_reported_with_its_line(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "torn.yaml", "rules:\n  - [1, 2\n")[0].startswith(":3:1: not YAML: expected")


def test_a_file_that_is_not_there_is_a_fault_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_yaml(tmp_path / "absent.yaml")


def test_a_control_character_in_a_file_is_a_fault_with_its_position(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "bad.yaml", "rules:\n  - se\x07verity: low\n") == [
        ":2:7: holds the control character 0x07, which YAML does not take: remove it"
    ]


YAML_FILES = [
    path for path in Path(__file__).parents[3].rglob("*.yaml") if not {".venv", "node_modules"} & set(path.parts)
]


def test_libyaml_parses_every_file_of_the_repository_as_the_python_parser_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data and places; what differs between the two would shift the columns of the faults we name."""

    def read() -> list[Document | str]:
        parsed: list[Document | str] = []
        for path in YAML_FILES:
            try:
                parsed.append(read_yaml(path))
            except ConfigError as error:
                parsed.append(str(error))
        return parsed

    quick = read()
    monkeypatch.setattr("app.config.yaml_files._compose", lambda text: yaml.compose(text, Loader=yaml.SafeLoader))
    assert read() == quick
    assert len(YAML_FILES) > 50


@pytest.mark.parametrize("text", ["[" * 50_000, "- " * 50_000, "{a: " * 50_000])
def test_nesting_without_bound_is_a_fault_and_no_crash(tmp_path: Path, text: str) -> None:
    (tmp_path / "deep.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"deep\.yaml:1:1: is nested deeper than 40 levels"):
        read_yaml(tmp_path / "deep.yaml")


def test_a_time_of_day_and_a_date_stay_as_they_were_written(tmp_path: Path) -> None:
    """YAML 1.1 reads 22:30 as 1350, in sixties, and 2026-05-01 as an object."""
    file = tmp_path / "x.yaml"
    file.write_text("a: 22:30\nb: 2026-05-01\nc: 2026-05-01T08:00:00+08:00\nd: 3\ne: '22:30'\n", "utf-8")
    assert read_yaml(file).data == {
        "a": "22:30", "b": "2026-05-01", "c": "2026-05-01T08:00:00+08:00", "d": 3, "e": "22:30",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb：2\nc: 3\n", "write : instead of ："),
        ("a: 1\nb: [1\n", "not YAML"),
        ("a: {x: 1，y：2\nc: 3\n", "instead of"),
    ],
)
def test_a_full_width_sign_that_breaks_a_file_is_named(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_yaml(file)
    assert message in str(caught.value)

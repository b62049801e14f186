"""Tests stand where they are looked for: which module lacks one, and which entry of mirror.toml is not needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.mirror import mirror_faults


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "ingest/topics.py": "X = 1",
        "ingest/__init__.py": '"""Nothing but a docstring."""',
        "ingest/mqtt/__init__.py": "X = 1",
        "tests/ingest/test_mqtt.py": "",
        "tests/ingest/test_other.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_module_without_a_test_is_named_with_the_file_to_write(root: Path) -> None:
    (fault,) = mirror_faults(root, ["ingest"], {})
    assert fault.startswith("ingest/topics.py: no test: write tests/ingest/test_topics.py")


@pytest.mark.parametrize("name", ["test_topics.py", "test_topics_with_wildcards.py"])
def test_a_test_of_the_module_or_of_one_topic_of_it_is_enough(root: Path, name: str) -> None:
    (root / "tests/ingest" / name).write_text("")
    assert list(mirror_faults(root, ["ingest"], {})) == []


def test_an_entry_names_a_file_that_exists_and_a_module_without_tests(root: Path) -> None:
    assert list(mirror_faults(root, ["ingest"], {"ingest.topics": "tests/ingest/test_other.py"})) == []
    needless = {"ingest.topics": "tests/gone.py", "ingest.mqtt": "tests/ingest/test_other.py", "ingest.x": "y"}
    assert [fault.split(": ", 1)[1] for fault in mirror_faults(root, ["ingest"], needless)] == [
        "ingest.mqtt has tests at tests/ingest/test_mqtt.py: remove the entry",
        "ingest.topics: tests/gone.py does not exist",
        "ingest.x does not exist",
    ]

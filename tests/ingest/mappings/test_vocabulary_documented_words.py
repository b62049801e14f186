"""Words of published sources have the meaning that their source documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.kind import Kind
from ingest.mappings.field_values import read_fields
from ingest.mappings.mapping import MappingBook
from ingest.mappings.plan import compile_plan
from ingest.mappings.vocabulary import Meaning
from tests.support.yaml_text import load_yaml

SOURCES: list[dict[str, Any]] = load_yaml((Path(__file__).parent / "documented_words.yaml").read_text("utf-8"))


def documented() -> Iterator[Any]:
    for source in SOURCES:
        for kind, meanings in source["words"].items():
            for meant, words in meanings.items():
                for word in words:
                    yield pytest.param(kind, meant, word, id=f"{source['source'][:40]}: {word}")


@pytest.mark.parametrize(("kind", "meant", "word"), list(documented()))
def test_a_documented_word_means_what_its_source_says(
    kinds: dict[str, Kind], books: list[MappingBook], kind: str, meant: str, word: str
) -> None:
    found = compile_plan(kinds[kind], books, "thingsboard").vocabulary.meaning_of(word)

    assert found is not None
    if meant in {each.value for each in Meaning}:
        assert (found.meaning.value, found.quantity) == (meant, "")
    else:
        assert (found.meaning, found.quantity) == (Meaning.DANGER, meant)


def book(platform: str, fields: dict[str, Any] | None = None, **words: Any) -> MappingBook:
    models = [{"models": ["M"], "kind": "gas_alarm", "fields": {}, "words": words.pop("of_model", {})}]
    about = {"platform": platform, "version": 1, "fields": fields or {}, "models": models}
    return MappingBook.model_validate({**about, "words": {"every": words}})


@pytest.mark.parametrize(
    ("model", "field", "word", "becomes"),
    [
        (None, "gasLeakAlarm", "active", {"alarm": True}),  # a general table of this field
        ("M", "gasLeakAlarm", "active", {"alarm": False}),  # the model's own word
        (None, "gas", "qwx", {"alarm": True}),  # the platform's word
        ("M", "gas", "qwx", {"fault": True}),  # the model's before the platform's
        ("M", "own", "active", {"alarm": True}),  # what the platform maps by name is as special
        ("M", "gasAlarm_1", "ACTIVE", {"alarm": False}),
        ("M", "fault", "sensor failure", {"fault": True}),
        ("M", "gas", True, {"alarm": True}),
    ],
)
def test_a_word_is_looked_up_by_model_and_platform_before_the_general_list(
    kinds: dict[str, Kind], books: list[MappingBook], model: str | None, field: str, word: object, becomes: object
) -> None:
    own = {"own": {"to": "alarm", "words": {"active": True}}}
    theirs = book("thingsboard", own, danger=["qwx"], of_model={"clear": ["active"], "fault": ["qwx"]})
    plan = compile_plan(kinds["gas_alarm"], [*books, theirs], "thingsboard", model)

    assert becomes == read_fields({field: word}, plan).values

"""Mappings: the built-in ones are complete, and what a file may not contain."""

from __future__ import annotations

import pytest
import yaml
from pydantic import ValidationError

from alerts.alert import State
from alerts.exchange.mapping import DATUMS, IncomingAction, SystemMapping
from domain import Severity
from domain.geo import to_wgs84
from tests.alerts.exchange.builders import MAPPINGS, mapping

BUILT_IN = ("hotline12345", "cjt545")


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_mapping_has_a_word_for_every_state_but_shelved(name: str) -> None:
    words = {state: mapping(name).state_word(state) for state in State}

    assert [state for state, word in words.items() if word is None] == [State.SHELVED]
    assert set(mapping(name).report.urgencies) == set(Severity)
    answers = set(mapping(name).event.states.values())
    assert {IncomingAction.ACCEPT, IncomingAction.RESOLVE, IncomingAction.REFUSE, IncomingAction.CLOSE} <= answers


def test_every_datum_of_a_mapping_can_be_converted() -> None:
    assert all(to_wgs84((30.0, 104.0), datum) is not None for datum in DATUMS)


@pytest.mark.parametrize(
    ("path", "value", "location"),
    [
        (("timezone",), "Mars/Olympus", "timezone"),
        (("datum",), "Mars-97", "datum"),
        (("case", "fields", "colour"), ["颜色"], "case"),
        (("event", "states", "受理"), "explode", "event"),
        (("report", "states", "flying"), "飞行", "report"),
        (("surprise",), 1, "surprise"),
    ],
)
def test_a_fault_names_its_field(path: tuple[str, ...], value: object, location: str) -> None:
    data = yaml.safe_load((MAPPINGS / "hotline12345.yaml").read_text("utf-8"))
    node = data
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    with pytest.raises(ValidationError) as caught:
        SystemMapping.model_validate(data)

    assert caught.value.errors()[0]["loc"][0] == location

"""The schema of a scenario file."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simulators.publisher import packaged_scenario
from simulators.scenario import Scenario


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"steps": [{"at": "5s", "what": "late"}]}, "the first begins at 0s"),
        ({"steps": [{"at": "0s", "what": "a"}, {"at": "9s", "what": "b"}, {"at": "8s", "what": "c"}]}, "in order"),
        ({"every": "10s"}, "lasts longer than"),
        ({"steps": []}, "at least 1"),
        ({"colour": "red"}, "not permitted"),
    ],
)
def test_a_scenario_that_cannot_be_played_is_refused(changed: dict[str, object], said: str) -> None:
    written = packaged_scenario("kitchen_leak").model_dump()
    for field in ("first_after", "every", "lasts"):
        written[field] = f"{written[field]}ms"
    written["device"] = {}
    written["steps"] = [{**step, "at": f"{step['at']}ms"} for step in written["steps"]]
    Scenario.model_validate(written)
    with pytest.raises(ValidationError, match=said):
        Scenario.model_validate(written | changed)

"""The most similar known name is suggested for an unknown one."""

from __future__ import annotations

from app.config.suggestions import FUZZY_NAMES_MAX, NAMES_LISTED_MAX, missing_reference, nearest, unknown_name


def test_one_edit_is_found_whichever_it_is() -> None:
    for name in ("smss", "sm", "msm", "sns"):
        assert nearest(name, ["sms", "wecom"]) == "sms"


def test_several_edits_are_found_by_similarity_and_nonsense_is_not() -> None:
    assert nearest("zigbe2mqt", ["zigbee2mqtt", "tasmota"]) == "zigbee2mqtt"
    assert nearest("xyz", ["zigbee2mqtt", "tasmota"]) is None


def test_among_very_many_names_only_one_edit_is_searched() -> None:
    names = {f"place-{number}" for number in range(FUZZY_NAMES_MAX + 1)}

    assert nearest("place-17x", names) == "place-17"
    assert nearest("plce-1-7", names) is None


def test_a_long_list_of_names_is_not_printed() -> None:
    assert unknown_name("b", ["a"]) == "'b' is unknown: write one of a; did you mean a?"
    assert "write one that is known" in unknown_name("x", [f"kind-{n}" for n in range(NAMES_LISTED_MAX + 1)])
    assert (
        missing_reference("grdi", ["grid"]) == "'grdi' does not exist: add it, or correct the name; did you mean grid?"
    )

"""State of a Sparkplug host: sequence numbers, limits."""

from __future__ import annotations

import pytest

from ingest.adapters.sparkplug.state import DEVICES_MAX, NODES_MAX, BirthDefinitions, SparkplugState


def test_the_count_goes_on_at_zero_after_255_and_the_same_number_again_is_no_gap() -> None:
    sparkplug_state = SparkplugState()
    sparkplug_state.on_node_birth("n", BirthDefinitions(), 1, 0)
    numbers = [*range(1, 256), 0, 0, 1, 2, 250, None]

    wrong = [seq for seq in numbers if sparkplug_state.count_message("n", seq) is not None]

    assert [250] == wrong


def test_a_birth_without_a_sequence_number_starts_no_count() -> None:
    sparkplug_state = SparkplugState()
    sparkplug_state.on_node_birth("n", BirthDefinitions(), None, None)

    assert [None, None] == [sparkplug_state.count_message("n", 7), sparkplug_state.count_message("n", None)]


@pytest.mark.parametrize("topic", ["spBv1.0", "spBv1.0/estate", "fengshao/v1/gas-1/up", "spBv1.0/a/NBIRTH/other"])
def test_peeking_at_a_message_of_an_unknown_node_needs_no_state(topic: str) -> None:
    sparkplug_state = SparkplugState()
    sparkplug_state.on_node_birth("estate/edge", BirthDefinitions(), 1, 0)

    assert SparkplugState() == sparkplug_state.copy_for_peek(topic)


def test_the_state_is_bounded() -> None:
    sparkplug_state = SparkplugState()
    sparkplug_state.request_rebirth("0")
    for index in range(1, NODES_MAX + 2):
        sparkplug_state.node(str(index))
    for index in range(DEVICES_MAX + 1):
        sparkplug_state.on_device_birth("9", str(index), BirthDefinitions())
    sparkplug_state.on_device_birth("9", "7", BirthDefinitions())

    assert (NODES_MAX, False, set()) == (
        len(sparkplug_state.nodes),
        "0" in sparkplug_state.nodes,
        sparkplug_state.rebirth_requests,
    )
    assert (DEVICES_MAX, False) == (len(sparkplug_state.nodes["9"].devices), "0" in sparkplug_state.nodes["9"].devices)


def test_after_a_gap_alone_a_node_can_still_be_decoded() -> None:
    sparkplug_state = SparkplugState()
    sparkplug_state.on_node_birth("gap", BirthDefinitions(), 1, 0)
    sparkplug_state.count_message("gap", 7)
    sparkplug_state.count_message("unborn", 7)

    assert {"gap", "unborn"} == sparkplug_state.rebirth_requests
    assert {"unborn"} == sparkplug_state.undecodable_nodes()

"""Of the copies of a message on both sessions the journal stores as many as the fuller session delivered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.mqtt.session_copies import BULK_AHEAD_MS, COUNTERS_MAX, SessionCopies

NOW = 1767225660000


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1)), max_size=40))
def test_of_copies_on_both_sessions_as_many_are_stored_as_the_fuller_session_delivered(
    deliveries: list[tuple[bool, int]],
) -> None:
    copies, stored = SessionCopies(), [0, 0]
    for urgent, message in deliveries:
        keep = copies.keep_urgent(message, NOW) if urgent else copies.keep_bulk(message, NOW, urgent_is_certain=False)
        stored[message] += keep

    for message in (0, 1):
        delivered = [deliveries.count((urgent, message)) for urgent in (True, False)]
        assert max(delivered) == stored[message]


@given(st.lists(st.booleans(), max_size=20))
def test_a_bulk_copy_is_left_to_a_certain_urgent_copy_and_never_stored_twice(order: list[bool]) -> None:
    copies = SessionCopies()
    stored = [
        copies.keep_urgent(1, NOW) if urgent else copies.keep_bulk(1, NOW, urgent_is_certain=True) for urgent in order
    ]

    assert order == stored


def test_a_bulk_copy_from_long_ago_does_not_swallow_a_new_alarm() -> None:
    copies = SessionCopies()
    assert copies.keep_bulk(1, NOW, urgent_is_certain=False)
    assert copies.keep_urgent(1, NOW + BULK_AHEAD_MS + 1)


def test_a_new_urgent_session_delivers_no_earlier_copies() -> None:
    copies = SessionCopies()
    assert copies.keep_bulk(1, NOW, urgent_is_certain=False)
    copies.reset_bulk()
    assert copies.keep_urgent(1, NOW)


def test_the_number_of_copy_counters_is_bounded() -> None:
    copies = SessionCopies()
    for message in range(COUNTERS_MAX + 1):
        assert copies.keep_urgent(message, NOW)
    assert copies.keep_bulk(0, NOW, urgent_is_certain=False)
    assert not copies.keep_bulk(1, NOW, urgent_is_certain=False)

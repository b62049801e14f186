"""Messages to outside systems: order within a subject, dead letters, failures of targets, what is deleted when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection

from alerts.exchange.messages import MessageState, NewEvent
from domain import DAY
from store.database.exchange import outbox
from store.database.exchange.outbox import MessageFilter
from store.database.exchange.tables import exchange_events

TARGET = "board"


def append(tx: Connection, *subjects: str, targets: Sequence[str] = (TARGET,), at: int = 0) -> None:
    outbox.append(tx, [NewEvent("t", subject, 7, at, {"名": subject}, tuple(targets)) for subject in subjects], at)


def due(tx: Connection, now: int = 0, limit: int = 10, target: str = TARGET) -> list[tuple[int, str]]:
    return [(message.n, message.event.subject) for message in outbox.due_messages(tx, target, now, limit)]


def test_of_each_subject_only_the_oldest_message_is_due(tx: Connection) -> None:
    append(tx, "case:1", "case:1", "case:2", targets=(TARGET, "other"))

    assert due(tx) == [(1, "case:1"), (5, "case:2")]
    assert due(tx, target="other") == [(2, "case:1"), (6, "case:2")]
    assert due(tx, limit=1) == [(1, "case:1")]
    outbox.settle(tx, 1, MessageState.DELIVERED, 5, 200, "")
    assert due(tx) == [(3, "case:1"), (5, "case:2")]


def test_a_postponed_message_holds_back_those_behind_it(tx: Connection) -> None:
    append(tx, "case:1", "case:1")
    outbox.postpone(tx, 1, 1_000, 503, "HTTP 503")

    assert due(tx, 999) == []
    assert (due(tx, 1_000), outbox.next_due(tx, TARGET)) == ([(1, "case:1")], 1_000)
    message = outbox.get_message(tx, 1)
    assert message is not None
    assert (message.attempts, message.status, message.error) == (1, 503, "HTTP 503")
    assert (message.event.data, message.event.alert) == ({"名": "case:1"}, 7)
    assert (outbox.get_message(tx, 99), outbox.next_due(tx, "nowhere")) == (None, None)


def test_a_dead_letter_lets_the_others_pass_and_is_sent_again_on_request(tx: Connection) -> None:
    append(tx, "case:1", "case:1")
    outbox.settle(tx, 1, MessageState.DEAD, 9, 400, "HTTP 400")
    assert due(tx) == [(2, "case:1")]

    assert [outbox.resend(tx, number, 20) for number in (1, 1, 2)] == [True, False, False]
    message = outbox.get_message(tx, 1)
    assert message is not None
    assert (message.state, message.attempts, message.created_at) == (MessageState.PENDING, 0, 20)
    assert due(tx, 20) == [(1, "case:1")]


def test_messages_are_listed_by_state_and_target_newest_first(tx: Connection) -> None:
    append(tx, "a", "b", "c", targets=(TARGET, "other"))
    outbox.settle(tx, 3, MessageState.DEAD, 9, None, "x")

    def numbers(filters: MessageFilter, after: str | None = None, limit: int = 9) -> list[int]:
        return [message.n for message in outbox.list_messages(tx, filters, limit, after).items]

    assert numbers(MessageFilter()) == [6, 5, 4, 3, 2, 1]
    assert numbers(MessageFilter(state=MessageState.DEAD)) == [3]
    assert numbers(MessageFilter(target="other"), after="6") == [4, 2]
    assert outbox.list_messages(tx, MessageFilter(), 2).next == "5"


def test_a_target_fails_since_its_first_failure_after_a_success(tx: Connection) -> None:
    append(tx, "a", "b", at=3)
    outbox.settle(tx, 2, MessageState.DEAD, 9, None, "x")
    assert outbox.target_status(tx, "nowhere").failing_since is None
    assert [outbox.record_failure(tx, TARGET, at, f"error {at}") for at in (10, 20)] == [10, 10]
    status = outbox.target_status(tx, TARGET)
    assert (status.failing_since, status.last_error, status.pending, status.dead) == (10, "error 20", 1, 1)
    assert status.oldest_pending_at == 3
    assert [outbox.record_success(tx, TARGET, at) for at in (30, 40)] == [10, None]
    assert outbox.target_status(tx, TARGET).last_success_at == 40


def test_messages_of_a_partner_that_is_gone_become_dead_letters(tx: Connection) -> None:
    append(tx, "a", targets=(TARGET, "gone"))

    assert outbox.give_up_unknown(tx, [TARGET], 9) == 1
    dead = outbox.list_messages(tx, MessageFilter(state=MessageState.DEAD), 9).items
    assert [(message.target, message.error) for message in dead] == [("gone", "the target is no longer configured")]
    assert due(tx) == [(1, "a")]


@pytest.mark.parametrize(
    ("delivered_before", "dead_before", "left"), [(DAY, 0, [2, 3]), (DAY, DAY, [3]), (0, 0, [1, 2, 3])]
)
def test_what_is_settled_long_ago_is_deleted_with_its_event(
    tx: Connection, delivered_before: int, dead_before: int, left: list[int]
) -> None:
    append(tx, "a", "b", "c")
    outbox.settle(tx, 1, MessageState.DELIVERED, 5, 200, "")
    outbox.settle(tx, 2, MessageState.DEAD, 5, 400, "x")
    deleted = outbox.purge(tx, delivered_before, dead_before)

    page: Any = outbox.list_messages(tx, MessageFilter(), 9).items
    assert sorted(message.n for message in page) == left
    assert deleted == 3 - len(left)
    assert len(tx.execute(exchange_events.select()).all()) == len(left)

"""One record on its way to a server that fails inside."""

from __future__ import annotations

from collections.abc import Callable

from store.history.remote.answers import Accepted, NotAdmitted, TryLater
from store.history.remote.compression import compress, decompress
from store.history.remote.delivery import FAULTS_MAX, Delivery

LINES = [f"fengshao,device=d{n},kind=k a={n},b={n} 5" for n in range(20)] + ["fengshao_position,lane=bulk pos=7 5"]
FAULT = TryLater("HTTP 500: panic: runtime error", None, is_fault=True)


def deliver(delivery: Delivery, fails: Callable[[str], bool], attempts_max: int) -> list[str]:
    """What the server took, in lines."""
    taken = []
    for _ in range(attempts_max):
        body = delivery.next()
        if body is None:
            return taken
        text = "\n".join(decompress(body))
        if fails(text):
            delivery.failed(FAULT)
        else:
            delivery.answered(Accepted())
            taken += text.split("\n")
    raise AssertionError("not done")


def test_a_value_by_which_a_server_fails_again_and_again_is_refused_and_the_rest_is_written() -> None:
    delivery = Delivery(compress("\n".join(LINES)))
    taken = deliver(delivery, lambda text: "a=7" in text or "b=9" in text, 80)
    assert [(value.device, value.quantity, value.sentence) for value in delivery.refused] == [
        ("d7", "a", FAULT.sentence),
        ("d9", "b", FAULT.sentence),
    ]
    assert {line for line in LINES if "d7" not in line and "d9" not in line} <= set(taken)
    assert {"fengshao,device=d7,kind=k b=7 5", "fengshao,device=d9,kind=k a=9 5"} <= set(taken)


def test_nothing_is_refused_for_a_server_that_takes_nothing() -> None:
    delivery = Delivery(compress("\n".join(LINES)))
    for _ in range(500):
        assert delivery.next() is not None
        delivery.failed(FAULT)
    taken = deliver(delivery, lambda _text: False, 100)
    assert delivery.refused == []
    assert {line.split(",")[1] for line in taken if "device" in line} == {f"device=d{n}" for n in range(20)}


def test_a_disk_that_fills_up_in_the_middle_refuses_nothing() -> None:
    delivery = Delivery(compress("\n".join(LINES)))
    for _ in range(FAULTS_MAX):
        delivery.next()
        delivery.failed(FAULT)
    delivery.next()
    delivery.answered(Accepted())
    for _ in range(300):
        assert delivery.next() is not None
        delivery.failed(FAULT)
    assert delivery.refused == []


def test_other_failures_divide_nothing() -> None:
    delivery = Delivery(compress("\n".join(LINES)))
    whole = delivery.next()
    for answer in (TryLater("HTTP 503: busy"), NotAdmitted("history.org: ...")) * 50:
        delivery.failed(answer)
    assert delivery.next() == whole

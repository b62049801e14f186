"""Faults of people and providers: what workers do with a text, and what becomes of a provider's sends and receipts.

They act outside the service, so a run asks for each message what happens to it. Everything is drawn by name, whatever
was asked before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from domain import MINUTE, SECOND, Instant
from simulators.faults.draws import draws
from simulators.faults.fault import Change
from simulators.faults.windows import Windows


class Answer(StrEnum):
    """What a worker does with a text that asks for an answer."""

    USUAL = "usual"
    LATE = "late"
    WRONG = "wrong"
    """Answers with words that are no code."""
    NEVER = "never"


class WorkerBehaviour(Struct, frozen=True):
    """What a worker does with one message: after `delay_ms` more than usual."""

    answer: Answer
    delay_ms: int = 0


class Receipt(Struct, frozen=True):
    """A provider's receipt of one message: lost, or later than usual."""

    is_lost: bool = False
    delay_ms: int = 0


class PeopleFaultSpec(Struct, frozen=True):
    """Parameters with their defaults, and what the fault may rightly change in what people are notified of."""

    parameters: Mapping[str, float]
    may_change_zh: str
    may_change: str
    changes: frozenset[Change] = frozenset()
    """What `may_change` says, for comparisons of two runs."""


PEOPLE_FAULTS: Final[Mapping[str, PeopleFaultSpec]] = {
    "provider_down": PeopleFaultSpec(
        {
            "share": 0.2,
            "shortest_s": 120,
            "longest_s": 1_200,
            "all_share": 0.02,
            "all_shortest_s": 30,
            "all_longest_s": 180,
        },
        "一家服务商中断：消息即刻改走另一家；全部短暂中断（至多3分钟）时，期间的消息在恢复后补发，可能超时。",
        "One provider is down: messages go by the other at once. All are, for 3 minutes at most: the messages of that "
        "time follow afterwards, and may be late.",
        frozenset({Change.LATER, Change.MISSED}),
    ),
    "receipts_lost": PeopleFaultSpec(
        {"share": 0.05},
        "回执丢失：送达情况未知，查询后才换通道；同一人可能收到两条；一家服务商的回执都收不到时告知值守人员。",
        "A receipt is lost: delivery is looked up before another channel is used; a person may be notified twice. That"
        " a provider's receipts are missing is told as a fault of the channel.",
    ),
    "receipts_late": PeopleFaultSpec(
        {"share": 0.1, "most_s": 600},
        "回执迟到：可能已按未送达升级，多通知一人。",
        "A receipt is late: the next person may have been called already.",
    ),
    "workers_late": PeopleFaultSpec(
        {"share": 0.15, "most_s": 900},
        "接警人回复晚：超时后按阶梯通知下一人。",
        "A worker answers late: after the deadline the next one on the ladder is called.",
    ),
    "workers_wrong": PeopleFaultSpec(
        {"share": 0.05},
        "接警人回复内容有误：系统请其重新回复，超时后升级。",
        "A worker answers with something else: the answer is asked for again, then the ladder goes on.",
    ),
    "workers_silent": PeopleFaultSpec(
        {"share": 0.08},
        "接警人不回复：按阶梯通知下一人。",
        "A worker does not answer: the next one on the ladder is called.",
    ),
}


class PeopleFaults:
    """The chosen faults of people and providers; without any, all behave as usual. Keeps no state."""

    def __init__(self, settings: Mapping[str, Mapping[str, float]], seed: int) -> None:
        """`settings`: parameters by name, `{}` for the defaults. Raises ValueError for a name that does not exist."""
        self._seed = seed
        self._parameters = {name: _parameters(name, given) for name, given in settings.items()}
        down = self._parameters.get("provider_down", {})
        self._one_down, self._all_down = (
            _windows(f"{seed}/provider_down", down, ""),
            _windows(f"{seed}/all_providers_down", down, "all_"),
        )

    def provider_down_until(self, provider: str, among: Sequence[str], at: Instant) -> Instant | None:
        """When a provider of a channel with these providers answers again; None while it answers.

        One of them is down at a time, or all for a short time: a failure of what they share, as the line of the site.
        """
        one, every = self._one_down.active("sms", at), self._all_down.active("sms", at)
        ends = [every.end] if every is not None else []
        if one is not None and among[int(one.draw * len(among))] == provider:
            ends.append(one.end)
        return max(ends, default=None)

    def receipt(self, message: str) -> Receipt:
        """What becomes of the receipt of a message."""
        if self._is_chosen("receipts_lost", message):
            return Receipt(is_lost=True)
        return Receipt(delay_ms=self._delay_ms("receipts_late", message))

    def worker(self, person: str, message: str) -> WorkerBehaviour:
        """What a person does with a message that asks for an answer."""
        key = f"{person}/{message}"
        if self._is_chosen("workers_silent", key):
            return WorkerBehaviour(Answer.NEVER)
        delay_ms = self._delay_ms("workers_late", key)
        if self._is_chosen("workers_wrong", key):
            return WorkerBehaviour(Answer.WRONG, delay_ms)
        return WorkerBehaviour(Answer.LATE if delay_ms else Answer.USUAL, delay_ms)

    def _is_chosen(self, fault: str, key: str) -> bool:
        parameters = self._parameters.get(fault)
        return parameters is not None and draws(1, self._seed, fault, key)[0] < parameters["share"]

    def _delay_ms(self, fault: str, key: str) -> int:
        """At least a minute: less is no fault."""
        parameters = self._parameters.get(fault)
        if parameters is None:
            return 0
        chosen, length = draws(2, self._seed, fault, key)
        return MINUTE + int(length * parameters["most_s"] * SECOND) if chosen < parameters["share"] else 0


def _windows(key: str, parameters: Mapping[str, float], prefix: str) -> Windows:
    """Outages by the parameters with this prefix; none without any."""
    if not parameters:
        return Windows(key, 0.0, 0, 1)
    shortest_ms, longest_ms = (int(parameters[f"{prefix}{name}"] * SECOND) for name in ("shortest_s", "longest_s"))
    return Windows(key, parameters[f"{prefix}share"], shortest_ms, longest_ms)


def _parameters(name: str, given: Mapping[str, float]) -> Mapping[str, float]:
    if (spec := PEOPLE_FAULTS.get(name)) is None:
        raise ValueError(f"no fault {name!r} of people; write one of: {', '.join(PEOPLE_FAULTS)}")
    if unknown := given.keys() - spec.parameters.keys():
        parameter_names = ", ".join(spec.parameters)
        raise ValueError(f"{name}: no parameter {', '.join(sorted(unknown))}; write one of: {parameter_names}")
    return {**spec.parameters, **given}

"""The carrier and the people at the phones, on virtual time."""

import asyncio

import httpx2

from app.score.settings import START
from app.score.sms_network import NetworkState, Situation, SmsNetwork
from app.score.virtual_loop import VirtualLoop, run_virtually
from domain import HOUR
from simulators.faults.people import PeopleFaults
from simulators.providers.carrier import SubmittedMessage

PEOPLE = 300
CALL = "【枫林苑】紧急：燃气泄漏，09:00，枫林苑3栋402。勿开关电器，10分钟内到场。回复11接警，12无法到场。"


class Provider:
    def __init__(self) -> None:
        self.reported: list[str] = []
        self.replies: list[tuple[str, str]] = []

    async def deliver(self, _message: SubmittedMessage) -> None: ...

    async def report(self, message: SubmittedMessage) -> None:
        self.reported.append(message.id)

    async def reply(self, phone: str, text: str) -> None:
        self.replies.append((phone, text))


class Readers:
    async def read(self, message: SubmittedMessage, _at: int) -> tuple[int, ...]:
        return (int(message.id),)

    def situation(self, _alert: int, at: int) -> Situation:
        return Situation(is_real=True, over_at=at)


def answered(faults: dict[str, dict[str, float]]) -> Provider:
    """Three hundred people are called; what they answer within an hour, and what is reported."""
    provider = Provider()

    async def run(loop: VirtualLoop) -> None:
        people = PeopleFaults(faults, seed=1)
        network = SmsNetwork(loop, httpx2.AsyncClient(), NetworkState(), Readers(), people, seed=1)
        network.servers = {"aliyun": provider}
        for number in range(PEOPLE):
            phone = f"139{number:08}"
            network.accept(SubmittedMessage("aliyun", str(number), "", phone, "枫林苑", "", CALL, loop.clock()))
        running = asyncio.create_task(network.run())
        await asyncio.sleep(HOUR / 1000)
        running.cancel()
        await network.client.aclose()

    run_virtually(START, run)
    return provider


def test_what_people_answer_does_not_depend_on_receipts():
    usual = answered({})
    assert len(usual.reported) == PEOPLE
    assert {text for _, text in usual.replies} > {"11", "12"}, "some decline, some write words"
    lost, late = answered({"receipts_lost": {"share": 1.0}}), answered({"receipts_late": {"share": 1.0, "most_s": 600}})
    assert (len(lost.reported), len(late.reported)) == (0, PEOPLE)
    assert lost.replies == late.replies == usual.replies


def test_people_answer_otherwise_where_they_are_late_wrong_or_silent():
    usual = answered({})
    assert answered({"workers_silent": {"share": 1.0}}).replies == []
    wrong = answered({"workers_wrong": {"share": 1.0}})
    assert {phone for phone, _ in wrong.replies} == {phone for phone, _ in usual.replies}
    assert not {"11", "12"} & {text for _, text in wrong.replies}
    late = answered({"workers_late": {"share": 1.0, "most_s": 600}})
    assert sorted(late.replies) == sorted(usual.replies)
    assert late.replies != usual.replies, "in another order"

"""What a live run sends, on virtual time; the service and the broker of a real one are processes."""

import asyncio
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.errors import UserError
from app.score.live import Live, run_live, today
from app.score.settings import START, Settings
from app.score.virtual_loop import VirtualLoop, run_virtually
from domain import DAY, HOUR, MINUTE, Instant
from simulators.town.town import Period
from simulators.wire import HttpPush, Sent
from tests.support.two_kitchens import tiny

SETTINGS = Settings(seed=7)


class Broker:
    def __init__(self, loop: VirtualLoop) -> None:
        self.received: list[tuple[Instant, str]] = []
        self._loop = loop

    async def publish(self, topic: str, _payload: bytes, qos: int, retain: bool) -> None:
        assert (qos, retain) == (1, False)
        self.received.append((self._loop.clock(), topic))


def played(
    begin: Instant, minutes: float, tmp_path: Path, reported_at: list[Instant] | None = None
) -> tuple[Period, Broker, list[tuple[str, dict[str, str]]]]:
    requests: list[tuple[str, dict[str, str]]] = []
    clocks: list[VirtualLoop] = []

    async def answer(request: Request) -> Response:
        if reported_at is not None and request.url.path == "/api/v1/report":
            reported_at.append(clocks[0].clock())
        async with request.form() as form:
            requests.append((request.url.path, {**request.query_params, "photos": str(len(form.getlist("photos")))}))
        return Response(status_code=200 if request.query_params.get("platform") != "iotda" else 401)

    async def run(loop: VirtualLoop) -> tuple[Period, Broker]:
        clocks.append(loop)
        broker, live = Broker(loop), Live(SETTINGS, tiny(SETTINGS, tmp_path), tmp_path, loop.clock)
        transport = httpx2.ASGITransport(app=Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])]))
        texts = asyncio.create_task(asyncio.Event().wait())
        async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
            found = await live.play(minutes, broker, client, texts)  # type: ignore[arg-type]
            push = Sent(begin, begin, "meter", HttpPush("iotda", b"{}", query={"a": "1"}))
            await live.send(push, broker, client)
            assert live.counts.pushed == live.counts.refused == 1
        texts.cancel()
        return found, broker

    period, broker = run_virtually(begin, run)
    return period, broker, requests


def test_messages_are_sent_when_they_are_due_and_those_of_the_hours_before_are_not(tmp_path: Path):
    begin = START + DAY - 10 * MINUTE
    period, broker, requests = played(begin, 9, tmp_path)
    assert period == Period(begin, begin + 9 * MINUTE)
    ((at, topic),) = broker.received
    assert begin + 5 * MINUTE < at < begin + 7 * MINUTE, "the leak of the evening, after the delay of its network"
    assert topic.endswith("gas-402/alarm")
    assert requests == [("/api/v1/readings", {"platform": "iotda", "a": "1", "photos": "0"})]


def test_residents_report_on_the_public_page_and_a_run_ends_at_midnight(tmp_path: Path):
    begin, reported_at = START + HOUR - MINUTE, list[Instant]()
    _, _, requests = played(begin, 24 * 60, tmp_path, reported_at)
    assert ("/api/v1/report", {"photos": "1"}) in requests
    assert reported_at == [START + HOUR], "not with the next message of a device, three hours later"


def test_a_live_run_is_of_today_and_in_a_folder_of_its_own(tmp_path: Path):
    settings = today(Settings(days=7), START + 20 * HOUR)
    assert settings.whole == Period(START, START + DAY)
    (tmp_path / "other").touch()
    with pytest.raises(UserError, match="new folder"):
        run_live(settings, tiny(settings, tmp_path), tmp_path, 1)

"""The simulated voice service refuses what the real one refuses."""

from __future__ import annotations

import pytest

from simulators.providers.aliyun.messages import Rejected
from simulators.providers.aliyun.voice import AliyunVoiceServer

PHONE = "13800138000"
CALL = {"CalledNumber": PHONE, "TtsCode": "TTS_1", "TtsParam": '{"place":"三栋"}', "OutId": "k3f9x2"}


def server() -> AliyunVoiceServer:
    voice = AliyunVoiceServer(
        access_keys={}, templates={"TTS_1": "地点${place}。"}, clock=lambda: clock[0], numbers=["0571"]
    )
    clock = [0]
    voice.__dict__["tick"] = lambda ms: clock.__setitem__(0, clock[0] + ms)
    return voice


@pytest.mark.parametrize(
    ("changes", "action", "code"),
    [
        ({"TtsCode": "TTS_9"}, "SingleCallByTts", "isv.TTS_TEMPLATE_ILLEGAL"),
        ({"CalledNumber": "110"}, "SingleCallByTts", "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"OutId": "x" * 16}, "SingleCallByTts", "isv.INVALID_PARAMETERS"),
        ({"TtsParam": "x" * 250}, "SingleCallByTts", "isv.TEMPLATE_PARAMS_ILLEGAL"),
        ({}, "IvrCall", "isv.CALLED_SHOW_NUMBER_NOT_EXISTS"),
        ({"CalledShowNumber": "0571"}, "IvrCall", "isv.INVALID_MENU_KEY_MAP"),
    ],
)
async def test_a_wrong_call_is_refused(changes: dict[str, str], action: str, code: str) -> None:
    async with server() as voice:
        with pytest.raises(Rejected) as refused:
            voice._accept({**CALL, **changes}, action)
    assert refused.value.code == code


async def test_a_number_is_called_once_a_minute_and_five_times_an_hour() -> None:
    async with server() as voice:
        for _ in range(5):
            assert voice._accept(CALL, "SingleCallByTts").text == "地点三栋。"
            with pytest.raises(Rejected, match="流控"):
                voice._accept(CALL, "SingleCallByTts")
            voice.__dict__["tick"](60_000)
        with pytest.raises(Rejected, match="流控"):
            voice._accept(CALL, "SingleCallByTts")

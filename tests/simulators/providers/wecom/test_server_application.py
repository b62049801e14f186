"""What the simulated WeCom answers about an application, before anything is sent."""

from __future__ import annotations

from typing import Any

from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import loopback_client
from simulators.providers.wecom.server import WeComServer

NOW = 1_767_333_900_000


async def test_an_application_is_described_to_its_own_token_from_a_trusted_address() -> None:
    server = WeComServer(
        corp_id="ww1", secret="s", agent_id=7, token="t", aes_key="A" * 43, members={"li"}, clock=lambda: NOW
    )
    async with server, loopback_client() as client:

        async def get(path: str, **params: Any) -> dict[str, Any]:
            answer: dict[str, Any] = (await client.get(f"{server.url}/cgi-bin/{path}", params=params)).json()
            return answer

        server.token_faults.schedule(Fault(FaultKind.REJECT, "45009"))
        assert (await get("gettoken", corpid="ww1", corpsecret="s"))["errcode"] == 45009
        token = (await get("gettoken", corpid="ww1", corpsecret="s"))["access_token"]
        found = await get("agent/get", access_token=token, agentid=7)
        assert (found["name"], found["close"], found["allow_userinfos"]) == (
            "安全预警",
            0,
            {"user": [{"userid": "li"}]},
        )
        assert (await get("agent/get", access_token=token, agentid=8))["errcode"] == 40056
        assert (await get("agent/get", access_token="old", agentid=7))["errcode"] == 40014
        server.is_ip_trusted = False
        assert (await get("agent/get", access_token=token, agentid=7))["errcode"] == 60020

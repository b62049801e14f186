"""The SMS providers of a simulated town, in the order in which the service tries them: simulators of Aliyun and of
Tencent with one carrier, our account with both, and the channel of the site.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

import httpx2
from msgspec import Struct

from alerts.messages.catalog import TextCatalog
from alerts.messages.filed_texts import by_position
from app.score.provider_outages import SometimesDown
from app.server.demo import registered_templates
from domain import Instant
from simulators.faults.people import PeopleFaults
from simulators.providers.aliyun import templates as aliyun
from simulators.providers.aliyun.server import IN_PROCESS_URL as ALIYUN_URL
from simulators.providers.aliyun.server import AliyunSmsServer
from simulators.providers.carrier import Carrier
from simulators.providers.tencent import sms as tencent
from simulators.providers.tencent.sms import TencentSmsServer

IN_PROCESS: Final[Mapping[str, str]] = {
    aliyun.PROVIDER: ALIYUN_URL,
    tencent.PROVIDER: tencent.IN_PROCESS_URL,
}
"""Addresses of servers that do not listen."""
_APP_ID: Final = "1400000001"
_FIXED_ID: Final = "1000"
_FIRST_ID: Final = 1001
PER_NUMBER_PER_DAY: Final = 50
"""Of Tencent, whose 2 a day are raised on request; as many as Aliyun's of one template."""


class Account(Struct, frozen=True):
    """Our account with both vendors, and the secret of their callbacks."""

    key_id: str
    key_secret: str
    callback_secret: str

    def environ(self) -> Mapping[str, str]:
        """The variables from which the service reads it."""
        return {
            "FENGSHAO_ALIYUN_KEY_ID": self.key_id,
            "FENGSHAO_ALIYUN_KEY_SECRET": self.key_secret,
            "FENGSHAO_ALIYUN_CALLBACK_SECRET": self.callback_secret,
            "FENGSHAO_TENCENT_SECRET_ID": self.key_id,
            "FENGSHAO_TENCENT_SECRET_KEY": self.key_secret,
            "FENGSHAO_TENCENT_CALLBACK_SECRET": self.callback_secret,
        }


class SmsProviders:
    """Both servers, by name: they serve between enter and exit."""

    def __init__(
        self,
        account: Account,
        wording: TextCatalog,
        sign: str,
        clock: Callable[[], Instant],
        carrier: Carrier,
        service_url: str,
        *,
        listens: bool = False,
    ) -> None:
        """`service_url` is where the service is called back. `listens`: on ports of this machine."""
        keys = {account.key_id: account.key_secret}

        def callback(provider: str) -> str:
            return f"{service_url}/api/v1/callbacks/sms-{provider}/{account.callback_secret}"

        self.servers: Final[Mapping[str, AliyunSmsServer | TencentSmsServer]] = {
            aliyun.PROVIDER: AliyunSmsServer(
                access_keys=keys,
                templates=registered_templates(wording, service_url if listens else ""),
                clock=clock,
                callback_url=callback(aliyun.PROVIDER),
                carrier=carrier,
                listens=listens,
            ),
            tencent.PROVIDER: TencentSmsServer(
                keys=keys,
                app_id=_APP_ID,
                templates=_texts_by_id(wording, service_url if listens else ""),
                clock=clock,
                signs=[sign],
                callback_url=callback(tencent.PROVIDER),
                per_number_per_day=PER_NUMBER_PER_DAY,
                carrier=carrier,
                listens=listens,
            ),
        }

    def transport(self, faults: PeopleFaults, clock: Callable[[], Instant]) -> httpx2.AsyncBaseTransport:
        """How the service reaches servers that do not listen."""
        reached = {name: (httpx2.URL(server.url).host, server.transport) for name, server in self.servers.items()}
        return SometimesDown(reached, faults, clock)

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            for server in self.servers.values():
                await stack.enter_async_context(server)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()


def sms_channel(wording: TextCatalog, urls: Mapping[str, str]) -> dict[str, Any]:
    """`channels.sms` of a site with these addresses of its providers."""
    second = {
        "type": tencent.PROVIDER,
        "app_id": _APP_ID,
        "templates": {name: id_ for name, (id_, _) in _filed(wording).items()},
        "fallback_template": _FIXED_ID,
        "limits": [{"count": PER_NUMBER_PER_DAY, "within": "1d"}],
    }
    first = {"type": aliyun.PROVIDER, "base_url": urls[aliyun.PROVIDER]}
    return {"providers": [first, {**second, "base_url": urls[tencent.PROVIDER]}]}


def _filed(wording: TextCatalog) -> Mapping[str, tuple[str, str]]:
    """Name of each text -> its id at Tencent, and its code at Aliyun."""
    names = enumerate(wording.codes_by_name({}).items(), _FIRST_ID)
    return {name: (str(number), code) for number, (name, code) in names}


def _texts_by_id(wording: TextCatalog, public_url: str) -> Mapping[str, str]:
    texts = registered_templates(wording, public_url)
    filed = {id_: by_position(texts[code]) for id_, code in _filed(wording).values()}
    return {_FIXED_ID: wording.house.fixed, **filed}

"""The account and the texts of the town with its two providers."""

import httpx2

from app.cli.provider_templates import template_lines
from app.config.catalog import load_wording
from app.config.phone_settings import SmsSettings
from app.config.settings import ChannelSettings, SiteSettings
from app.score.sms_providers import IN_PROCESS, Account, SmsProviders, sms_channel
from simulators.providers.carrier import SubmittedMessage
from simulators.providers.tencent.sms import TencentSmsServer

WORDING = load_wording()
ACCOUNT = Account("key", "secret", "callback")


class Carrier:
    def __init__(self) -> None:
        self.client = httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _request: httpx2.Response(404)))
        self.accepted: list[SubmittedMessage] = []

    def accept(self, message: SubmittedMessage) -> None:
        self.accepted.append(message)


def providers(carrier: Carrier) -> SmsProviders:
    return SmsProviders(ACCOUNT, WORDING, "枫树社区", lambda: 0, carrier, "http://service.simulator")


async def test_templates_printed_for_tencent_are_filed_under_the_ids_of_the_channel() -> None:
    settings = SmsSettings.model_validate(sms_channel(WORDING, IN_PROCESS))
    assert [one.name for one in settings.providers] == list(IN_PROCESS)
    lines = template_lines(WORDING, SiteSettings(sign="枫树社区", channels=ChannelSettings(sms=settings)))
    listed = [line.split("\t") for line in lines if line.startswith("sms/tencent")]
    server = providers(Carrier()).servers["tencent"]
    assert isinstance(server, TencentSmsServer)
    assert {code: text for _, code, _, text in listed} == dict(server.templates)
    assert "-" not in {code for _, code, _, _ in listed}


async def test_both_servers_are_called_back_at_the_address_of_their_provider() -> None:
    called: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        called.append(str(request.url))
        is_aliyun = request.url.path.startswith("/api/v1/callbacks/sms-aliyun/")
        return httpx2.Response(200, json={"code": 0} if is_aliyun else {"result": 0, "errmsg": "OK"})

    carrier = Carrier()
    carrier.client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    async with providers(carrier) as town:
        for server in town.servers.values():
            await server.reply("13900000001", "11")
    path = "http://service.simulator/api/v1/callbacks/sms-{}/callback"
    assert called == [path.format("aliyun"), path.format("tencent")]
    assert set(ACCOUNT.environ().values()) == {"key", "secret", "callback"}

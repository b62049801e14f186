"""A simulated WeCom (企业微信): access tokens, cards with buttons, encrypted callbacks, silent limits.

Written from the provider's documentation (facts/notifications.md 1.1, 4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain import SECOND, Instant
from simulators.providers.faults import Fault, FaultKind, FaultPlan
from simulators.providers.provider_server import ProviderServer
from simulators.providers.wecom.callback import Callback, CallbackFailed
from simulators.providers.wecom.card import BAD_TASK_ID, message_fault
from simulators.providers.wecom.inbox import Inboxes, Notice

_TOKEN_LIFETIME_MS: Final = 7200 * SECOND
_BAD_SECRET, _BAD_CORP, _BAD_TOKEN, _EXPIRED_TOKEN = 40001, 40013, 40014, 42001
_BAD_AGENT, _NO_VALID_RECIPIENT, _BAD_RESPONSE_CODE, _NOT_JSON, _NO_CALLBACK = 40056, 81013, 40035, 40035, 40058
_UNTRUSTED_IP: Final = 60020


class WeComServer(ProviderServer):
    """The service on a loopback port: `async with WeComServer(...) as server: server.url`.

    `members` are the existing userids; `unlicensed` those without an activation licence. `callback_url` may be set
    later; without it no card with buttons is accepted. `faults` are injected into the next calls.
    """

    def __init__(
        self,
        *,
        corp_id: str,
        secret: str,
        agent_id: int,
        token: str,
        aes_key: str,
        members: Collection[str],
        clock: Callable[[], Instant],
        port: int = 0,
        unlicensed: Collection[str] = (),
        callback_url: str | None = None,
    ) -> None:
        super().__init__(_app(self), port=port)
        self.corp_id, self.secret, self.agent_id = corp_id, secret, agent_id
        self.members, self.unlicensed = set(members), set(unlicensed)
        self.clock, self.inboxes = clock, Inboxes()
        self.callback = Callback(token, aes_key, corp_id, agent_id, clock)
        self.callback_url = callback_url
        self.tokens_given = 0
        self.token_faults = FaultPlan()
        self.is_ip_trusted = True
        """False: every call with a token is refused, as from an address that is not among the 企业可信IP."""
        self._tokens: dict[str, Instant] = {}
        self._tasks: set[str] = set()
        self._bodies: dict[bytes, tuple[Instant, dict[str, Any]]] = {}
        self._messages = 0

    # Actions of a test or a person

    def spoil_tokens(self) -> None:
        """Invalidate all issued tokens before they expire."""
        self._tokens.clear()

    async def verify_callback(self) -> None:
        """Verify the callback URL, as when it is entered in the admin console. Raises `CallbackFailed`."""
        await self.callback.verify(self._callback_client, self._callback_address())

    async def press(self, userid: str, key: str, *, times: int = 1) -> Notice:
        """Press a button of the member's newest card that shows it; `times` > 1 repeats the same event."""
        cards = reversed(self.inboxes.notices_of(userid))
        notice = next((card for card in cards if key in card.buttons), None)
        if notice is None:
            raise LookupError(f"{userid} sees no button {key!r}")
        code = self.inboxes.issue_code(notice.msgid, self.clock())
        event = self.callback.click_event(userid, key, notice.task_id, code)
        for _ in range(times):
            replaced = await self.callback.push(self._callback_client, self._callback_address(), event)
            if replaced is not None:
                notice.replaced = replaced
                await self.inboxes.notify_changed()
        return notice

    # The API

    async def give_token(self, request: Request) -> Response:
        """gettoken: a new token for every call, so that tests can count the calls."""
        if request.query_params.get("corpid") != self.corp_id:
            return _error(_BAD_CORP, "invalid corpid")
        if request.query_params.get("corpsecret") != self.secret:
            return _error(_BAD_SECRET, "invalid credential")
        fault = self.token_faults.next()
        if fault is not None and (failure := _fault_response(fault)) is not None:
            return failure
        self.tokens_given += 1
        token = f"access-token-{self.tokens_given:06d}"
        self._tokens[token] = self.clock() + _TOKEN_LIFETIME_MS
        return _ok(access_token=token, expires_in=_TOKEN_LIFETIME_MS // SECOND)

    async def send(self, request: Request) -> Response:
        """message/send."""
        raw = await request.body()
        rejected, body = await self._checked(request)
        if rejected is not None:
            return rejected
        fault = self.faults.next()
        if fault is not None and (failure := _fault_response(fault)) is not None:
            return failure
        result = self._repeated(body, raw) or await self._accept(body, raw)
        if fault is None or fault.kind is FaultKind.UNDELIVERED:
            return JSONResponse(result)
        if fault.kind is FaultKind.SILENT:
            await self._leave_unanswered(request)
        return Response("bad gateway", status_code=fault.status)

    async def update(self, request: Request) -> Response:
        """message/update_template_card: a response code, once."""
        rejected, body = await self._checked(request)
        if rejected is not None:
            return rejected
        fault = self.faults.next()
        if fault is not None and (failure := _fault_response(fault)) is not None:
            return failure
        text = body.get("button", {}).get("replace_name", "")
        userids = [str(userid) for userid in body.get("userids", [])]
        if not self.inboxes.replace_buttons(str(body.get("response_code", "")), userids, text, self.clock()):
            return _error(_BAD_RESPONSE_CODE, "invalid response_code")
        await self.inboxes.notify_changed()
        return _ok(invaliduser=[userid for userid in userids if userid not in self.members])

    async def agent(self, request: Request) -> Response:
        """agent/get: name and state of the application."""
        if (rejected := self._token_fault(request)) is not None:
            return rejected
        if request.query_params.get("agentid") != str(self.agent_id):
            return _error(_BAD_AGENT, "invalid agentid")
        users = [{"userid": userid} for userid in sorted(self.members)]
        return _ok(agentid=self.agent_id, name="安全预警", close=0, allow_userinfos={"user": users})

    def _token_fault(self, request: Request) -> Response | None:
        until = self._tokens.get(request.query_params.get("access_token", ""))
        if until is None:
            return _error(_BAD_TOKEN, "invalid access_token")
        if self.clock() >= until:
            return _error(_EXPIRED_TOKEN, "access_token expired")
        return None if self.is_ip_trusted else _error(_UNTRUSTED_IP, "not allow to access from your ip")

    async def _checked(self, request: Request) -> tuple[Response | None, dict[str, Any]]:
        if (rejected := self._token_fault(request)) is not None:
            return rejected, {}
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _error(_NOT_JSON, "invalid json"), {}
        if body.get("agentid") != self.agent_id:
            return _error(_BAD_AGENT, "invalid agentid"), {}
        return None, body

    def _repeated(self, body: Mapping[str, Any], raw: bytes) -> dict[str, Any] | None:
        """The previous response, when duplicate check is requested and the same body came within the interval."""
        if not body.get("enable_duplicate_check") or raw not in self._bodies:
            return None
        at, response = self._bodies[raw]
        interval_ms = int(body.get("duplicate_check_interval", 1800)) * SECOND
        return response if self.clock() - at < interval_ms else None

    async def _accept(self, body: dict[str, Any], raw: bytes) -> dict[str, Any]:
        recipients = [userid for userid in str(body.get("touser", "")).split("|") if userid]
        invalid = [userid for userid in recipients if userid not in self.members]
        unlicensed = [userid for userid in recipients if userid in self.unlicensed]
        reached = [userid for userid in recipients if userid not in invalid and userid not in unlicensed]
        if error := self._fault_of(body, bool(reached or unlicensed)):
            return {"errcode": error[0], "errmsg": error[1]}
        self._messages += 1
        msgid = f"msgid-{self._messages:06d}"
        response = {
            "errcode": 0,
            "errmsg": "ok",
            "invaliduser": "|".join(invalid),
            "invalidparty": "",
            "invalidtag": "",
        }
        response |= {"unlicenseduser": "|".join(unlicensed), "msgid": msgid}
        if body["msgtype"] == "template_card":
            response["response_code"] = self.inboxes.issue_code(msgid, self.clock())
        self._bodies[raw] = (self.clock(), response)
        for userid in reached:
            await self.inboxes.put(self._notice(userid, msgid, body))
        return response

    def _fault_of(self, body: Mapping[str, Any], has_recipients: bool) -> tuple[int, str] | None:
        if fault := message_fault(body):
            return fault
        if not has_recipients:
            return _NO_VALID_RECIPIENT, "user & party & tag all invalid"
        if body["msgtype"] != "template_card":
            return None
        if self.callback_url is None:
            return _NO_CALLBACK, "no callback url: interactive cards cannot be sent"
        task = body["template_card"]["task_id"]
        if task in self._tasks:
            return BAD_TASK_ID, "task_id was used before"
        self._tasks.add(task)
        return None

    def _notice(self, userid: str, msgid: str, body: Mapping[str, Any]) -> Notice:
        kind = str(body["msgtype"])
        part = cast("dict[str, Any]", body[kind])
        return Notice(userid, msgid, kind, part, self.clock(), str(part.get("task_id", "")))

    def _callback_address(self) -> str:
        if self.callback_url is None:
            raise CallbackFailed("no callback address is set")
        return self.callback_url


def _fault_response(fault: Fault) -> Response | None:
    """The response of a fault that prevents any effect of the call; None for other faults."""
    if fault.kind is FaultKind.REJECT:
        return _error(int(fault.code), fault.message or "ordered to fail")
    if fault.kind is FaultKind.HTTP and not fault.accepted:
        return Response("bad gateway", status_code=fault.status)
    return None


def _ok(**more: object) -> JSONResponse:
    return JSONResponse({"errcode": 0, "errmsg": "ok", **more})


def _error(code: int, message: str) -> JSONResponse:
    return JSONResponse({"errcode": code, "errmsg": message})


def _app(server: WeComServer) -> Starlette:
    async def give_token(request: Request) -> Response:
        return await server.give_token(request)

    async def send(request: Request) -> Response:
        return await server.send(request)

    async def update(request: Request) -> Response:
        return await server.update(request)

    async def inbox(request: Request) -> Response:
        notices = reversed(server.inboxes.notices_of(request.path_params["userid"]))
        items = [{"text": n.text, "buttons": n.buttons, "replaced": n.replaced, "at": n.at} for n in notices]
        return JSONResponse({"items": items, "next": None})

    async def press(request: Request) -> Response:
        try:
            notice = await server.press(request.path_params["userid"], str((await request.json())["key"]))
        except LookupError as error:  # the card was answered, or its buttons were replaced
            return JSONResponse({"error": str(error)}, status_code=404)
        return JSONResponse({"replaced": notice.replaced})

    return Starlette(
        routes=[
            Route("/demo/inbox/{userid}", inbox),
            Route("/demo/inbox/{userid}/press", press, methods=["POST"]),
            Route("/cgi-bin/gettoken", give_token),
            Route("/cgi-bin/agent/get", server.agent),
            Route("/cgi-bin/message/send", send, methods=["POST"]),
            Route("/cgi-bin/message/update_template_card", update, methods=["POST"]),
        ]
    )

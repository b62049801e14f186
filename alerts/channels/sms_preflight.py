"""Questions to SMS providers about signature and templates: only what is approved can be sent.

Sources: Aliyun QuerySmsSign and QuerySmsTemplate (status 1 is approved), Tencent DescribeSmsSignList and
DescribeSmsTemplateList (status 0 is approved).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final

from alerts.channels.preflight import ProviderFault

_ALIYUN_APPROVED: Final = 1
_ALIYUN_STATES: Final = {0: "审核中", 2: "未通过", 10: "取消审核"}
_ALIYUN_UNKNOWN: Final = ("isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_SIGN_NOT_FOUND", "isv.SMS_TEMPLATE_ILLEGAL")
_TENCENT_APPROVED: Final = 0
_TENCENT_STATES: Final = {1: "审核中", 2: "审核通过待生效", -1: "未通过"}
_TENCENT_PAGE: Final = 100
_MAINLAND: Final = 0

AliyunCall = Callable[[str, Mapping[str, str]], Awaitable[Mapping[str, Any]]]
TencentCall = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""One signed call: action and parameters -> the answer."""


async def aliyun_faults(call: AliyunCall, sign: str, templates: Collection[str]) -> list[ProviderFault]:
    """Signature and templates that Aliyun has not approved; the first fault of access ends the questions."""
    faults: list[ProviderFault] = []
    queries = [("QuerySmsSign", "SignName", "SignStatus", sign, "aliyun.signature")]
    queries += [
        ("QuerySmsTemplate", "TemplateCode", "TemplateStatus", code, "aliyun.template") for code in sorted(templates)
    ]
    for action, name, status, value, problem in queries:
        answer = await call(action, {name: value})
        code = str(answer.get("Code") or "")
        if code != "OK" and code not in _ALIYUN_UNKNOWN:
            return [*faults, ProviderFault("aliyun.access", code)]
        if code != "OK":
            faults.append(ProviderFault(problem, f"{value}: {code}"))
        elif answer.get(status) != _ALIYUN_APPROVED:
            state = _ALIYUN_STATES.get(answer.get(status, -1), str(answer.get(status)))
            faults.append(ProviderFault(problem, f"{value}: {state} {answer.get('Reason') or ''}".strip()))
    return faults


async def tencent_faults(call: TencentCall, sign: str, templates: Collection[str]) -> list[ProviderFault]:
    """Signature and templates that Tencent has not approved."""
    signs = await call("DescribeSmsSignList", {"International": _MAINLAND, "Limit": _TENCENT_PAGE, "Offset": 0})
    if "Error" in signs:
        return [ProviderFault("tencent.access", str(signs["Error"].get("Code")))]
    own = [item for item in signs.get("DescribeSignListStatusSet", []) if item.get("SignName") == sign]
    faults = []
    if not any(item.get("StatusCode") == _TENCENT_APPROVED for item in own):
        faults.append(ProviderFault("tencent.signature", f"{sign}: {_tencent_state(own)}"))
    for code in sorted(templates):
        wanted = {"International": _MAINLAND, "TemplateIdSet": [int(code)]} if code.isdecimal() else None
        answer = await call("DescribeSmsTemplateList", wanted) if wanted is not None else {}
        items = answer.get("DescribeTemplateStatusSet", [])
        if not any(item.get("StatusCode") == _TENCENT_APPROVED for item in items):
            faults.append(ProviderFault("tencent.template", f"{code}: {_tencent_state(items)}"))
    return faults


def _tencent_state(items: Collection[Mapping[str, Any]]) -> str:
    item = next(iter(items), None)
    if item is None:
        return "没有找到"
    return f"{_TENCENT_STATES.get(item.get('StatusCode', 9), '')} {item.get('ReviewReply') or ''}".strip()

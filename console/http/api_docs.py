"""`/docs`, the page of the API for logged-in users; title, tags and security schemes of the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from console.http.authorization import authenticate
from console.http.static_files import API_PAGE, StaticPages
from console.security.auth import COOKIE, AccessRole

TITLE: Final = "枫哨 API"
LOGIN_URL: Final = "/login?next=/docs"

DESCRIPTION: Final = """
所有接口在 `/api/v1` 下，收发 JSON。请求头：`Authorization: Bearer <令牌>`；浏览器登录后用会话 Cookie。

- 列表：`{"items": [...], "next": 游标或 null}`，`limit` 1–1000，默认 100；把 `next` 原样放进下一次请求的 `next` 参数。
- 时间：带时区的 RFC 3339。
- 错误：`application/problem+json`（RFC 9457），`errors` 逐项写明哪个字段、该怎么写。
- 令牌：`scope` 限定用途（read 只读、actions 处置告警、devices 设备），`expires_at` 到期作废。
- 实时：`/api/v1/stream`（server-sent events），事件内容见该接口的 `x-events`。
- 本页只能试读取接口（GET）：写入会叫人到场、会改登记，请在自己的测试环境里试。
"""

TAGS: Final = (
    ("alerts", "告警：列表、经过、接警到结案"),
    ("reports", "随手报：公开上报、核实、答复、评价、统计"),
    ("devices", "设备：登记、查询、诊断"),
    ("readings", "读数：查询与推送"),
    ("places", "地点：小区、楼栋、住户"),
    ("cells", "网格"),
    ("people", "人员与居民"),
    ("rosters", "排班"),
    ("rotations", "轮班"),
    ("rules", "规则：阈值与依据、试跑、回测、解释、复位"),
    ("refusals", "没听懂的消息：原因、重放、待认领设备"),
    ("registry", "站点文件与登记的差异"),
    ("why", "为什么通知了（没通知）我"),
    ("statistics", "统计与月报：响应时间、结案率、告警负荷"),
    ("drills", "演练：只通知工作人员"),
    ("silences", "静默"),
    ("supervision", "督办：所有超时未办的告警"),
    ("statistics", "统计：处置结论"),
    ("stream", "实时事件"),
    ("session", "登录"),
    ("account", "自己的账号：密码、PIN、登录"),
    ("users", "账号与登录"),
    ("tokens", "访问令牌"),
    ("audit", "操作记录"),
    ("callbacks", "短信、企业微信等的回调"),
    ("health", "存活、就绪、指标"),
    ("cap", "CAP 1.2：给城市平台的告警"),
    ("exchange", "与外部系统交换案件：12345、城市运行管理服务平台、养老平台"),
)

SECURITY: Final[dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}


def with_security(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its security requirements: a token or a session, except where no user is required."""
    document["components"]["securitySchemes"] = SECURITY
    document["security"] = [{name: []} for name in SECURITY]
    for methods in document["paths"].values():
        for operation in methods.values():
            if "x-credential" in operation:
                operation["security"] = []
    return document


async def read_docs(request: Request) -> Response:
    """The page; a worker's link or a platform's token leads to the login instead."""
    user = await authenticate(request)
    if user is None or user.role is AccessRole.DEVICE or user.alert is not None:
        return RedirectResponse(LOGIN_URL, 303)
    pages: StaticPages = request.app.router.default
    return await pages.page(API_PAGE, request.scope)

"""Daily limits, and the JSON items of delivery reports and queries.

Times of this provider are Beijing wall time.
"""

from __future__ import annotations

import re
from collections import deque
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from domain import DAY, Instant
from simulators.providers.aliyun.messages import Rejected, segments
from simulators.providers.carrier import SubmittedMessage

PROVIDER: Final = "aliyun"
_BEIJING: Final = timezone(timedelta(hours=8))
_PHONE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_MAX_PER_PAGE: Final = 50
_MAX_AGE_DAYS: Final = 30


class MessageLog:
    """All submitted messages, oldest first."""

    def __init__(self, per_number_per_day: int) -> None:
        self.per_number_per_day = per_number_per_day
        self.sent: list[SubmittedMessage] = []
        self._recent: dict[tuple[str, str, str], deque[Instant]] = {}

    def submit(
        self, phones: list[str], sign: str, template: str, text: str, out_id: str, failure: str | None, now: Instant
    ) -> list[SubmittedMessage]:
        """Store one message per phone. The daily limit counts submissions, whatever the variables."""
        limit = self.per_number_per_day
        used = [self._used(phone, sign, template, now) for phone in phones]
        if any(len(times) >= limit for times in used):
            raise Rejected("isv.BUSINESS_LIMIT_CONTROL", f"触发天级流控Permits:{limit}")
        for times in used:
            times.append(now)
        biz_id = f"{848922680159657299 + len(self.sent)}^0"
        accepted = [
            SubmittedMessage(PROVIDER, biz_id, out_id, phone, sign, template, text, now, failure) for phone in phones
        ]
        self.sent += accepted
        return accepted

    def _used(self, phone: str, sign: str, template: str, now: Instant) -> deque[Instant]:
        """When this phone was sent this template under this signature, within the last 24 hours."""
        times = self._recent.setdefault((phone, sign, template), deque())
        while times and now - times[0] >= DAY:
            times.popleft()
        return times

    def details(self, query: dict[str, str], now: Instant) -> tuple[list[SubmittedMessage], int]:
        """The page that QuerySendDetails requests, newest first, and the total."""
        phone = normalise_phone(_required(query, "PhoneNumber"))
        day = _day(_required(query, "SendDate"), now)
        size, page = _number(query, "PageSize"), _number(query, "CurrentPage")
        if not 1 <= size <= _MAX_PER_PAGE or page < 1:
            raise Rejected("isv.INVALID_PARAMETERS", "PageSize 为 1 到 50，CurrentPage 从 1 开始")
        biz_id = query.get("BizId")
        matching = [
            sent
            for sent in reversed(self.sent)
            if sent.phone == phone and beijing_time(sent.at)[:10] == day and biz_id in (None, "", sent.id)
        ]
        return matching[(page - 1) * size : page * size], len(matching)


def _required(query: dict[str, str], name: str) -> str:
    if not query.get(name):
        raise Rejected("isv.INVALID_PARAMETERS", f"参数异常: 缺少 {name}")
    return query[name]


def _number(query: dict[str, str], name: str) -> int:
    text = _required(query, name)
    if not text.isdecimal():
        raise Rejected("isv.INVALID_PARAMETERS", f"参数异常: {name} 不是整数")
    return int(text)


def _day(text: str, now: Instant) -> str:
    try:
        day = datetime.strptime(text, "%Y%m%d").replace(tzinfo=_BEIJING)
    except ValueError:
        raise Rejected("isv.INVALID_PARAMETERS", "SendDate 格式为 yyyyMMdd") from None
    if now - int(day.timestamp() * 1000) > (_MAX_AGE_DAYS + 1) * DAY:
        raise Rejected("isv.INVALID_PARAMETERS", "SendDate 仅支持最近 30 天")
    return day.strftime("%Y-%m-%d")


def normalise_phone(number: str) -> str:
    """Eleven digits. Raises `Rejected`."""
    match = _PHONE.fullmatch(number.strip())
    if match is None:
        raise Rejected("isv.MOBILE_NUMBER_ILLEGAL", f"非法手机号: {number[:20]}")
    return match[1]


def beijing_time(at: Instant) -> str:
    """`2026-01-02 14:05:01`, the format of this provider."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def rfc3339(at: Instant) -> str:
    """`2026-01-02T14:05:01.000+08:00`, the format of the demo pages."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(_BEIJING).isoformat(timespec="milliseconds")


def report_item(sent: SubmittedMessage) -> dict[str, object]:
    """One element of an SmsReport push."""
    delivered = sent.failure is None
    return {
        "phone_number": sent.phone,
        "send_time": beijing_time(sent.at),
        "report_time": beijing_time(sent.reported or sent.at),
        "success": delivered,
        "err_code": "DELIVERED" if delivered else sent.failure,
        "err_msg": "用户接收成功" if delivered else "运营商返回失败",
        "sms_size": str(segments(sent.text)),
        "biz_id": sent.id,
        "out_id": sent.reference,
    }


def detail_item(sent: SubmittedMessage) -> dict[str, object]:
    """One element of the response to QuerySendDetails."""
    item: dict[str, object] = {
        "PhoneNum": sent.phone,
        "SendStatus": sent.status,
        "SendDate": beijing_time(sent.at),
        "Content": sent.text,
        "TemplateCode": sent.template,
        "OutId": sent.reference,
    }
    if sent.reported is not None:
        item |= {"ReceiveDate": beijing_time(sent.reported), "ErrCode": sent.failure or "DELIVERED"}
    return item

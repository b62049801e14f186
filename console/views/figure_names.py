"""Names, in Chinese or English, of what statistics and reports are grouped by. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from alerts.analysis.case_figures import GroupBy
from console.dependencies import RuleSummary
from console.messages_zh import DELIVERY_STATES, SEVERITIES
from domain.people import Community
from domain.places import self_and_ancestors
from domain.roles import Roles

Language = Literal["zh", "en"]

_NONE: Final = {"zh": "未登记", "en": "none"}
_NOT_TAKEN: Final = {"zh": "无人接警", "en": "not taken"}

_ZH: Final[Mapping[GroupBy, Mapping[str, str]]] = {
    GroupBy.SEVERITY: SEVERITIES,
    GroupBy.HAZARD: {
        "gas": "燃气",
        "fire": "火灾",
        "person": "人身",
        "water": "用水",
        "manhole": "井盖",
        "street": "街面设施",
        "service": "便民服务",
        "device": "设备",
    },
    GroupBy.SOURCE: {
        "device": "设备",
        "report": "随手报",
        "manual": "人工立案",
        "external": "外部系统",
        "exercise": "演练",
        "system": "系统",
    },
    GroupBy.LEDGER: {"danger": "险情", "health": "设备健康"},
}
_DISPOSITIONS_ZH: Final = {
    "real": "真实",
    "false_alarm": "误报",
    "test": "测试",
    "device_fault": "设备故障",
    "prank": "恶作剧",
}
_CHANNELS_ZH: Final = {
    "sms": "短信",
    "voice": "电话",
    "wecom": "企业微信",
    "wecom_robot": "企业微信群机器人",
    "wechat": "微信服务号",
    "email": "邮件",
    "webhook": "接口推送",
    "apprise": "其他渠道",
    "logbook": "值班日志",
}


class FigureNames:
    """Names of keys in one language; a key without a name is its own name."""

    def __init__(
        self, language: Language, community: Community, roles: Roles, rules: Sequence[RuleSummary] = ()
    ) -> None:
        self.language, self._community, self._roles = language, community, roles
        self._rules = {rule.name: rule.title if language == "zh" else rule.title_en or rule.title for rule in rules}

    def group(self, group: GroupBy, key: str | None) -> str:
        """The name of a group's key."""
        if key is None:
            return _NOT_TAKEN[self.language] if group is GroupBy.ROLE else _NONE[self.language]
        if group is GroupBy.RULE:
            return self._rules.get(key, key)
        if group is GroupBy.PLACE:
            place = self._community.places.get(key)
            return key if place is None else place.name
        if group is GroupBy.ROLE:
            role = self._roles.get(key)
            return key if role is None else getattr(role, self.language)
        return self._word(_ZH[group], key)

    def rule(self, rule: str) -> str:
        return self._rules.get(rule, rule)

    def device(self, device: str, places: Mapping[str, str]) -> str:
        """A device with the address of its place: 枫林苑3栋402（gas-402）."""
        place = places.get(device)
        address = self._community.address(place) if place is not None else ""
        return f"{address}（{device}）" if address else device

    def disposition(self, key: str) -> str:
        return self._word(_DISPOSITIONS_ZH, key)

    def channel(self, key: str) -> str:
        return self._word(_CHANNELS_ZH, key)

    def delivery_state(self, key: str) -> str:
        return self._word(DELIVERY_STATES, key)

    def _word(self, chinese: Mapping[str, str], key: str) -> str:
        return chinese.get(key, key) if self.language == "zh" else key.replace("_", " ")


def area_under(community: Community, root: str | None, place: str | None) -> str | None:
    """The place directly under `root` (or the outermost place) that contains this one; `root` for itself."""
    path = [node.id for node in self_and_ancestors(community.places, place)]
    if root is None:
        return path[-1] if path else None
    if root not in path:
        return None
    return path[max(0, path.index(root) - 1)]

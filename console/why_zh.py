"""Chinese texts of the explanations of `/why`."""

from __future__ import annotations

from typing import Final

WHY_PARAMETERS: Final = "请给出 alert、finding、message 之一，或同时给出 device 和 at。"
WHY_NOTIFIED: Final = "“{title}”已发出{count}条通知，经过如下。"
WHY_NOT_NOTIFIED: Final = "“{title}”没有通知任何人，原因见经过。"
WHY_RECEIVED: Final = "收到{device}的消息"
WHY_NO_DEVICE: Final = "设备"
WHY_JUDGED: Final = "规则{rule}判断成立{evidence}"
WHY_PERSON_NOTIFIED: Final = "{name}收到了关于“{title}”的通知：{state}。"
WHY_PERSON_NOT_NOTIFIED: Final = "没有通知{name}“{title}”：{reason}。"
WHY_PERSON: Final = "{name}在这前后一小时内有{count}条通知。"
WHY_PERSON_QUIET: Final = "{name}在这前后一小时内没有收到通知：{reason}。"
WHY_REASONS: Final = {
    "absent": "当时请假或停岗",
    "passed": "本人已表示无法到场",
    "no_address": "没有登记能用的号码或账号",
    "exercise": "演练不通知居民、家属、志愿者和外部单位",
    "not_on_duty": "当时不在岗",
    "not_reached": "在岗，但还没有轮到他，别人已接手",
    "silenced": "当时有静默",
    "budget": "短时间内发得太多，并入了汇总",
    "quiet": "当时是免打扰时段，推迟到之后发",
    "failed": "发送没有成功",
    "nothing": "当时没有需要他处理的告警",
}
WHY_ON_DUTY: Final = "当时在岗的{role}是{names}"
WHY_ROSTER_LINE: Final = "{name}当时在岗：{role}，第{rank}位，{source}"
WHY_CALLED_LINE: Final = "用{channel}通知{name}（{role}），第{rung}级，{why}"
WHY_CALL_KINDS: Final = {
    "alert": "首次通知",
    "escalate": "升级通知",
    "added": "新增险情",
    "assist": "请配合",
    "inform": "告知",
    "swap_asked": "请他答复换班",
    "swap_agreed": "告知对方同意换班",
    "swap_declined": "告知对方不同意换班",
    "swap_withdrawn": "告知换班已撤回",
    "cover": "安排他替班",
    "cover_ended": "告知不用替班了",
    "leave": "告知请假已登记",
    "leave_ended": "告知请假已取消",
}
WHY_PERSONAL_LINE: Final = "用{channel}通知{name}：{why}"
WHY_PERSONAL_MESSAGE: Final = "给{name}的这条消息（{kind}）与告警无关，现在的状态：{state}。"
WHY_ROSTER_SOURCES: Final = {"duty": "值班表{id}", "rotation": "轮班{id}", "override": "替班：原排{scheduled}"}
WHY_REGISTRY_CHANGED: Final = "此后登记或排班改过（第{then}版，现在第{now}版）：在岗情况按现在的登记推算"
WHY_NO_FINDING: Final = "没有这条判断的记录：它没有发生过，或者还没有传到告警台。"
WHY_SILENCED: Final = "“{title}”没有通知任何人：静默{silence}（{by}：{reason}）正在生效。"
WHY_SILENCED_NOTIFIED: Final = "“{title}”发生时静默{silence}（{by}：{reason}）正在生效，静默结束后已经通知。"
WHY_SILENCED_ENDED: Final = "“{title}”没有通知任何人：它在静默{silence}（{by}：{reason}）期间已经结束。"
WHY_NO_MESSAGE: Final = "没有这条消息的记录。"
WHY_MESSAGE: Final = "给{name}的这条消息是为“{title}”发的，现在的状态：{state}。"
WHY_STEP: Final = "{before} → {after}{detail}"
WHY_DEVICE: Final = "设备 {device} 在这前后一天内有告警，当时的情况如下。"
WHY_DEVICE_QUIET: Final = "设备 {device} 在这前后一天内没有告警，当时的情况如下。"
WHY_ALERT_LINE: Final = "告警{id}：{title}"
WHY_JOINED_LINE: Final = "并入告警{id}：{title}"
WHY_REFUSAL_LINE: Final = "有一条消息没有被采用（{reason}）：{detail}"
WHY_READING_LINE: Final = "设备最后的读数：{values}"
WHY_RULE_LINE: Final = "规则“{title}”现在：{phase}"
WHY_SILENT: Final = "此前一小时内没有收到这个设备的任何读数。"

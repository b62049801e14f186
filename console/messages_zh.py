"""Chinese texts of the API: error messages, explanations and names of states."""

from __future__ import annotations

from typing import Final

TITLES: Final = {
    400: "请求不正确",
    401: "未登录",
    403: "无权操作",
    404: "没有找到",
    405: "不支持这种方法",
    409: "现在不能这样做",
    412: "已被别人修改",
    413: "内容太大",
    415: "内容类型不支持",
    422: "内容有误",
    429: "尝试太频繁",
    500: "系统内部错误",
    503: "暂时不可用",
}

NOT_FOUND: Final = {
    "alert": "没有编号为{id}的告警。",
    "device": "没有编号为{id}的设备。",
    "place": "没有编号为{id}的地点。",
    "person": "没有编号为{id}的人员。",
    "cell": "没有编号为{id}的网格。",
    "duty": "没有编号为{id}的班次。",
    "rotation": "没有编号为{id}的轮班。",
    "override": "没有编号为{id}的顶班或请假。",
    "swap": "没有编号为{id}的换班。",
    "calendar": "没有这个日历，或者链接已经作废。",
    "token": "没有编号为{id}的有效令牌。",
    "user": "没有用户名为{id}的账号。",
    "session": "没有这个登录，或者已经结束。",
    "silence": "没有编号为{id}的静默。",
    "kind": "没有名为{id}的设备类型。",
    "job": "没有编号为{id}的回测或评分。",
    "drill": "编号为{id}的告警不是演练。",
    "canary": "还没有做过系统自检。",
    "backup": "还没有做过备份。",
    "rule": "没有名为{id}的规则。",
    "rulebook": "没有名为{id}的规则册。",
    "rulebook_version": "这本规则册没有第{id}版。",
    "report": "没有编号为{id}的上报。",
    "plan": "没有{id}的平面图。",
    "photo": "没有这张照片，或者已过保存期限。",
    "path": "没有这个地址。",
    "system": "没有编号为{id}的对接系统。",
    "external_case": "没有编号为{id}的案件。",
    "dead_letter": "没有编号为{id}的待重发消息。",
}

NOT_LOGGED_IN: Final = "请先登录，或在请求头中带上令牌：Authorization: Bearer <令牌>。"
WRONG_TOKEN: Final = "令牌不对，或者已经停用。"  # noqa: S105 - a sentence about tokens
WRONG_LINK: Final = "链接不对，或者已经过期。请打开最新一条消息里的链接。"
TOO_MANY_LOGINS: Final = "登录失败次数太多，请{seconds}秒后再试。"
NOT_ALLOWED: Final = "您的角色（{access}）不能做这件事。"
OTHER_ALERT: Final = "这个链接只能处理它所指的那一条告警。"
OTHER_PLACE: Final = "这不在您负责的范围内。"
WRONG_SIGNATURE: Final = "推送的签名不对：请核对平台上填写的签名令牌。"
OTHER_PLATFORM: Final = "这个令牌只能推送平台 {platform} 的数据。"
PLATFORM_NEEDS_DEVICE_ROLE: Final = "只有 device 角色的令牌可以限定平台，可用：{known}。"
PLATFORM_NEEDS_SYSTEM: Final = "exchange 角色的令牌必须在 platform 写明对接系统，可用：{known}。"
OTHER_SYSTEM: Final = "这个令牌只能用于对接系统 {system}。"
NEED_HEADER: Final = "浏览器会话的写操作必须带请求头 X-Fengshao: 1。"
TOO_LARGE: Final = "请求内容不能超过{limit}字节。"
INTERNAL_ERROR: Final = "系统没能完成这个请求，已经记录。请稍后再试。"
HISTORY_UNREAD: Final = "历史库服务器没有应答，曲线与读数暂时看不到；监测与告警不受影响。请稍后再试。"
LEDGER_UNREAD: Final = "数据库服务器没有应答，暂时看不到告警与台账；设备消息仍在接收和判断，恢复后补发。请稍后再试。"
STORE_FULL: Final = "存储暂时写不进去（磁盘满或故障），没有保存任何内容。请稍后再试。"
SEE_FIELDS: Final = "有{count}处内容有误，请按 errors 逐项修改。"
TOOLS_BUSY: Final = "正在进行另一个回测或评分（{id}）。请等它结束，或先取消它。"
TOOLS_REFUSED: Final = "做不了：{why}"
DOCTOR_BUSY: Final = "正在监听，一次只能有一个。请等它结束。"
DOCTOR_REFUSED: Final = "无法监听：{why}"
NOT_LATCHED: Final = "{device} 没有等待人工复位的 {rule}：没有报，或者会自行结束。"
DEVICE_OR_SUBJECT: Final = "请写 device（设备编号）或 subject（例如 building/b3），二者取一。"
NOT_AVAILABLE: Final = "本系统没有启用这个接口。"

IDENTITY_TAKEN: Final = "{platform} 的标识 {id} 已经属于设备 {holder}。"
DEVICE_EXISTS: Final = "设备 {id} 已经登记，内容不同。要修改请用 PUT 或 PATCH。"
CHANGED_MEANWHILE: Final = "这条记录在此期间被别人改过，没有保存。请重新读取后再改。"
NO_OBJECT: Final = "内容必须是 JSON 对象。"
TO_BEFORE_FROM: Final = "结束时间必须晚于开始时间，并且不早于现在。"
PERIOD_LONGER_THAN: Final = "最长{days}天。"
SAME_PERSON: Final = "不能由本人顶替本人，请写另一个人。"
LEAVE_EVERYWHERE: Final = "请假对所有网格和角色有效，不写 cell 和 role；只换一处请用 cover。"
NO_SUBSTITUTE: Final = "顶班要写 substitute（谁来顶班）。"
OF_A_SWAP: Final = "这是换班 {swap} 的一半，请撤销整个换班。"
NOT_THE_OTHER: Final = "换班要由 {name} 本人同意或拒绝。"
NOT_THE_ASKER: Final = "只能由本人提出换班，或者由有排班权限的人代为提出。"
SWAP_SETTLED: Final = "这个换班{state}，不能再改。"
SWAP_STATES: Final = {
    "proposed": "还没有答复",
    "accepted": "已经同意",
    "declined": "已被拒绝",
    "expired": "已经过期",
    "withdrawn": "已经撤回",
}
SHARED_OR_PERSONAL: Final = "令牌要么属于一个人，要么由几个人共用，不能两者都填。"
WRONG_PIN: Final = "口令不对，或者这个账号不归 {person} 使用。"
SYSTEM_IS_SENT_TO: Final = "发给这个系统的消息由我们推送，不用来取。"
EXCHANGE_FAILURES: Final = {
    "connection": "连不上对方的地址。请检查地址、域名和网络。",
    "timeout": "对方没有按时答复。",
    "tls": "加密连接不成功：对方的证书不被认可，或者已经过期。",
    "address": "这个地址不允许发送：内网地址要写进 exchange.networks。",
    "access": "对方不认我们的签名或令牌。请核对密钥。",
    "not_found": "对方的地址上没有这个接口，或者已经搬走。",
    "rate": "对方限制了次数，暂时不收。",
    "server": "对方系统出错。",
    "refused": "对方看懂了内容，但不接受。请看对方返回的说明。",
    "content": "消息没法写成对方的格式。请检查对接映射文件。",
    "unconfigured": "这个对接方已经不在站点设置里。",
    "not_fetched": "对方应该自己来取，没有按时来取。",
    "other": "发送没有成功，原因见技术信息。",
}
BAD_CODE: Final = "没有这个号码对应的换班，或者已经过期。请核对短信里的八位数字。"
TOO_MANY_CODES: Final = "输错太多次了，请等 {seconds} 秒再试。"
BAD_LINK: Final = "链接无效或已经过期。"
ROW_EXISTS: Final = "编号 {id} 已经登记，内容不同。要修改请用 PUT。"
UNKNOWN_KIND: Final = "不认识的设备类型 {kind}，可用：{known}。"
UNKNOWN_PLATFORM: Final = "不认识的平台 {platform}，可用：{known}。"
UNKNOWN_PLACE: Final = "没有登记地点 {place}。请先登记地点，或写 null。"
UNKNOWN_CELL: Final = "没有登记网格 {cell}。请先登记网格，或写 null。"
UNKNOWN_ROLE: Final = "没有角色 {role}。请写以下之一：{roles}，或在站点的 roles.yaml 中添加。"
UNKNOWN_PERSON: Final = "没有登记人员 {person}。"
UNKNOWN_QUANTITY: Final = "{kind} 没有 {quantity} 这个量，可用：{known}。"
DUPLICATE_ID: Final = "同一请求里重复出现：{id}。"
ID_FIXED: Final = "地址里的编号是 {path}，内容里的编号是 {body}，两者必须一致。"
PARENT_LOOP: Final = "上级关系成环：{id}。"

BAD_TIME: Final = "不是时间。请写 RFC 3339，例如 2026-11-21T22:05:03+08:00，年份从 1900 到 9998。"
BAD_ORDER: Final = "from 必须早于 to。"
CANARY_NOBODY: Final = "没有人值“自检接收”岗，自检没有发出。请在排班里给自检接收排一个人，例如值班室的手机。"
BAD_MONTH: Final = "请写成 2026-11 这样的月份。"
PERIOD_TOO_LONG: Final = "from 必须早于 to，最长{days}天。"
BAD_STEP: Final = "不是时长。请写 30s、5m、1h 或秒数，最短 1s，最长 400 天。"
BAD_LIMIT: Final = "limit 必须是 1 到 1000 的整数。"
BAD_CURSOR: Final = "next 游标不对。请原样使用上一页给出的 next。"
BAD_CHOICE: Final = "不能是 {value}，可用：{known}。"
BAD_JSON: Final = "不是 JSON。"
NO_SITE: Final = "服务启动时没有指定站点文件夹（--site），没有可比较、可导入的文件。"
NUL_CHARACTER: Final = "文字里不能有空字符（U+0000）。"
SURROGATE: Final = "文字里有半个字符（如 \\ud83d 这样的转义），请直接写完整的字符。"
INTEGER_TOO_LARGE: Final = "整数太大：要在 64 位以内。"
MISSING_FIELDS: Final = {
    "reason": "请写明原因。",
    "until": "请写明到什么时候（将来的时间，且不超过允许的最长搁置时间）。",
    "to": "请写明交给谁：人员、角色或外部系统的编号。",
    "comment": "请写明内容。",
    "disposition": "请写明结论：real 真实、false_alarm 误报、test 测试、device_fault 设备故障、prank 恶作剧。",
    "into": "请写明并入哪一条告警（告警编号）。",
    "findings": "请写明拆出哪些报警（报警编号）。",
    "action": "没有这个操作。",
}
SILENCE_OVER: Final = "静默{id}已经结束。"
PHOTO_IN_COMMENT: Final = "这里不能传照片，什么都没有保存。照片请用 POST /api/v1/alerts/<编号>/photos 上传。"
NEED_PLACE: Final = "请写明地点：您的权限限于一个范围。"
NEED_PERSON: Final = "请写明由谁安排（人员编号）。"
INVALID_SILENCE: Final = {
    "no_reason": "请写明原因。",
    "empty": "至少写一个条件：rule、hazard、kind、device、place、ledger 或 severity。",
    "order": "结束时间必须晚于开始时间。",
    "past": "结束时间已经过去。",
    "long": "静默最长 7 天。",
    "bare": "这会静默紧急的险情：请写明设备或地点，或者用 rule、ledger、severity 排除紧急险情。",
    "whole_site": "紧急的险情不能整个社区一起静默：请写明设备或更小的地点。",
    "life_long": "紧急的险情最多静默 4 小时：请缩短，或者选“紧急险情照常通知”（except_critical）。",
}
"""By alerts.silence.Wrong."""
BAD_PHONE: Final = "要写一个电话号码：3 到 20 位数字，前面可以有 +。"
BAD_WECOM_USER: Final = (
    "要写一个人的企业微信账号：字母、数字和 _-@. ，以字母或数字开头；@all 和用 | 隔开的几个账号都不行。"
)
BAD_ATTRIBUTE: Final = "要写 true、false、数字或文字。"
BAD_ID: Final = "编号要 1 到 128 个字符，不能含 /、+、#、空白或控制字符。"

MAPPED_FIELDS: Final = {
    "external_id": "对方的案件编号",
    "title": "标题",
    "text": "诉求或问题描述",
    "category": "问题类型",
    "address": "位置描述",
    "place_code": "地点编码",
    "cell_code": "单元网格编码",
    "lat": "纬度",
    "lon": "经度",
    "reported_at": "受理时间",
    "deadline": "办理时限",
    "urgency": "紧急程度",
    "reporter_name": "诉求人",
    "reporter_phone": "联系电话",
    "at": "状态变更时间",
}
"""Our fields of a case of an outside system."""
MAPPING_FAULTS: Final = {
    "required": "必填：{detail}",
    "identifier": "要写 1 到 128 个字符，不含空白、/、?、#",
    "kind": "要写文字或数字",
    "length": "最多 {detail} 个字符",
    "time": "不是时间：要写 2026-11-21 22:05:00 或 2026-11-21T22:05:00+08:00",
    "point": "经纬度要写十进制度，例如 30.657000 和 104.080000",
    "choice": "要写 {detail} 之一",
    "category": "没有对应的险情：要写 {detail} 之一，或在对接文件里加上它",
    "version": "要写不小于 0 的整数",
}
"""By alerts.exchange.incoming.FaultCode."""

FIELD_ERRORS: Final = {
    "identifier": BAD_ID,
    "nul_character": NUL_CHARACTER,
    "surrogate": SURROGATE,
    "integer_too_large": INTEGER_TOO_LARGE,
    "attribute_value": BAD_ATTRIBUTE,
    "wecom_user": BAD_WECOM_USER,
    "address_name": "没有这种地址。可以写 email、wechat、webhook、apprise、wecom_robot。",
    "address": "不是这一种的一个地址：邮箱如 li@example.cn，网址如 https://…，或一个编号。",
    "phone": "电话要写 3 到 20 位数字，国家代码前可以有 +。",
    "clock": "不是时刻。请写 08:00 到 24:00。",
    "missing": "必填。",
    "none_required": PHOTO_IN_COMMENT,
    "extra_forbidden": "没有这个字段，请删去。",
    "string_type": "要写文字。",
    "string_too_short": "至少 {min_length} 个字符。",
    "string_too_long": "最多 {max_length} 个字符。",
    "string_pattern_mismatch": "格式不对。",
    "int_type": "要写整数。",
    "int_parsing": "要写整数。",
    "int_from_float": "要写整数。",
    "float_type": "要写数字。",
    "float_parsing": "要写数字。",
    "finite_number": "要写有限的数字。",
    "bool_type": "要写 true 或 false。",
    "bool_parsing": "要写 true 或 false。",
    "dict_type": "要写 JSON 对象。",
    "model_attributes_type": "要写 JSON 对象。",
    "model_type": "要写 JSON 对象。",
    "list_type": "要写 JSON 数组。",
    "tuple_type": "要写 JSON 数组。",
    "too_long": "最多 {max_length} 项。",
    "greater_than_equal": "不能小于 {ge}。",
    "less_than_equal": "不能大于 {le}。",
    "json_invalid": BAD_JSON,
}
"""Messages by error type of pydantic. Types that are missing here get pydantic's own message."""

ROLES: Final = {
    "viewer": "查看者",
    "worker": "网格员",
    "operator": "值班员",
    "dispatcher": "调度员",
    "administrator": "管理员",
    "device": "设备接入",
    "exchange": "对接系统",
}

NOT_BUILT: Final = (
    "<!doctype html><html lang=zh-CN><meta charset=utf-8><title>枫哨</title>"
    "<h1>页面还没有构建</h1><p>服务在运行，接口可用：<a href=/api/v1/openapi.json>openapi.json</a>。"
    "构建页面请在源码目录运行 make install，然后重新启动。</p></html>"
)

SELF_MONITORING_TITLES: Final = {
    "未登记设备报警": "Alarm of a device that is not registered",
    "消息服务器丢弃消息": "The message server dropped messages",
    "日志磁盘写不进": "The journal's disk takes nothing",
    "历史库服务器写不进，读数暂存本机": "The history server takes nothing; readings wait on this machine",
    "历史库服务器拒收部分读数": "The history server refuses some values",
    "规则文件有错，仍按旧规则判断": "A rule file has faults; the former rules stay in force",
    "站点配置不全，险情可能无人接收": "The site is incomplete: a danger could reach nobody",
    "未来两周有岗位无人值班": "Nobody is on duty at some hours of the next two weeks",
}
"""English titles of findings of the service itself, which no rulebook has."""


DELIVERY_STATES: Final = {
    "pending": "等待发送",
    "sending": "正在发送",
    "accepted": "服务商已接收",
    "delivered": "已送达",
    "unknown": "结果不明，正在核实",
    "failed": "发送失败",
    "skipped": "不必再发",
    "expired": "已过时，没有发",
    "dead": "多次失败，已放弃",
}

SEVERITIES: Final = {"critical": "紧急", "high": "高", "medium": "中", "low": "低"}
CASE_COLUMNS: Final = (
    *("编号", "状态", "级别", "类别", "标题", "来源", "规则", "设备", "地点编号", "地址"),
    *("发生时间", "告警时间", "接警时间", "到场时间", "处置时间", "核查时间", "结案时间"),
    *("接警人", "角色", "处置结论", "超时次数", "演练"),
)
CASE_STATES: Final = {
    "open": "待接警",
    "acknowledged": "已接警",
    "on_site": "已到场",
    "resolved": "已处置",
    "verified": "已核查",
    "closed": "已结案",
    "returned": "已退回",
    "shelved": "已搁置",
}
CASE_EXERCISE: Final = "演练"
CAP_RESTRICTION: Final = "仅限政务应急平台内部使用"
CAP_NOWHERE: Final = "位置未登记"
CAP_EVENT: Final = "险情"
CAP_EXERCISE: Final = "演练，非真实险情。"
CAP_EXERCISE_PREFIX: Final = "演练："

RULE_PHASES: Final = {
    "quiet": "正常",
    "pending": "已越限，持续时间还不够",
    "firing": "报警中",
    "clearing": "已好转，恢复时间还不够",
    "stale": "报警中，但设备已没有声音",
}

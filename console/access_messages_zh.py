"""Chinese texts of logins, accounts, tokens and the erasure of personal data."""

from __future__ import annotations

from typing import Final

FIRST_PASSWORD_EXPIRED: Final = "这个初始密码已过期，请管理员重新生成一个。"  # noqa: S105 - a sentence about passwords
WRONG_PASSWORD: Final = "用户名或密码不对。"  # noqa: S105 - a sentence about passwords
PASSWORD_MUST_CHANGE: Final = "请先设定您自己的密码。"  # noqa: S105
PASSWORD_LENGTH: Final = "密码至少{least}个字符，最多{most}个；一句容易记的话最好。"  # noqa: S105
PASSWORD_HAS_NAME: Final = "密码里不要有用户名。"  # noqa: S105
PASSWORD_TOO_COMMON: Final = "这个密码太容易猜到，请换一个。"  # noqa: S105
PASSWORD_SAME: Final = "新密码和旧密码一样，请换一个。"  # noqa: S105
OLD_PASSWORD_WRONG: Final = "旧密码不对。"  # noqa: S105
NO_PASSWORD_LOGIN: Final = "这个账号用统一身份认证登录，没有密码。"  # noqa: S105
ONE_WAY_TO_LOG_IN: Final = "用户名和密码，令牌，链接：请只写其中一种。"
BAD_USER_ID: Final = "用户名用小写字母、数字、点、横线，2到40个字符，以字母开头。"
USER_EXISTS: Final = "已经有用户名为{id}的账号。"
LAST_ADMINISTRATOR: Final = "这是最后一个能登录的管理员账号，不能停用、删除或改角色。"
NOT_A_USER: Final = "只有用账号登录的人才能这样做。"
USER_ROLE: Final = "账号的角色可用：{known}。"
OUT_OF_SCOPE: Final = "这个令牌的用途限定为“{scope}”，不能做这件事。"
BAD_EXPIRY: Final = "到期时间要在现在以后。"
SCOPE_NEEDS_PERSONAL_ROLE: Final = "{role} 角色的令牌本来就只有一种用途，不写 scope。"
NO_PERSON_OF_USER: Final = "您的账号没有对应的人员，请管理员先在“账号”页写明。"
NO_OIDC: Final = "没有配置统一身份认证。"
SCOPES: Final = {"read": "只读", "actions": "处置告警", "devices": "设备"}
PERSON_ON_DUTY: Final = "{person}还在值班表、轮班或最后责任人里，请先换人再删除。"
PERSON_IN_ALERT: Final = "编号为{alert}的告警还没有办结，和这个人有关，办结后再删除。"
ERASED: Final = "（已删除）"

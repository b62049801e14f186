"""Chinese texts of the import of tables: faults of a file, names of its columns."""

from __future__ import annotations

from typing import Final

FILE_EMPTY: Final = "文件是空的。第一行写列名，下面一行一条。"
NOT_TEXT: Final = "不是文字：请另存为“CSV UTF-8”或“Excel 工作簿 (.xlsx)”。"
OLD_EXCEL: Final = "这是旧格式的 Excel (.xls)：请另存为“Excel 工作簿 (.xlsx)”。"
BAD_XLSX: Final = "打不开这个 Excel 文件：请用表格软件重新另存一次。"
TOO_LARGE: Final = "表格太大：最多{rows}行、{columns}列，展开后不超过{megabytes}MB。请分几次导入。"
NOT_CSV: Final = "引号没有成对。引号里面的引号要写两个。"
TOO_MANY_CELLS: Final = "这一格上面没有列名：请补列名，或删去这一格。"
FORMULA_FAULT: Final = "这一格是公式错误 {value}：请改成文字或数字。"
BAD_BASE64: Final = "文件内容不是 base64。"
NO_COLUMN: Final = "没有这一列可用：请改成 {known} 之一，或删去这一列。"
COLUMN_TWICE: Final = "列名重复：请删去一列。"
COLUMN_MISSING: Final = "缺少这一列。第一行要有：{known}。"
CELL_EMPTY: Final = "空着：每行都要填。"
TWICE: Final = "和第{line}行是同一条：请删去一行，或写不同的编号。"
BAD_WEEKDAYS: Final = "看不懂的星期“{value}”：写 12345（1是周一）、周一至周五，或空着表示每天。"
BAD_RANK: Final = "看不懂的顺位“{value}”：0或“正”先叫，1或“副”后叫。"
BAD_YES: Final = "看不懂“{value}”：写“是”，或空着。"
BAD_DAY_TYPE: Final = "看不懂的日子“{value}”：可写 {known}。"
BAD_TIME: Final = "看不懂的时间“{value}”：写 2026-12-01，或 2026-12-01 08:00。"
UNTIL_BEFORE_SINCE: Final = "截止不晚于开始，这一行永远不生效：请改成更晚的时间。"
UNKNOWN_PERSON: Final = "没有登记“{value}”：请先登记这个人，或核对姓名。"
SAME_NAMES: Final = "有{count}人叫“{value}”：请改填编号（{ids}）。"
UNKNOWN_CELL: Final = "没有登记网格“{value}”：请核对名称。"
SAME_CELLS: Final = "有{count}个网格叫“{value}”：请改填编号（{ids}）。"
UNKNOWN_ROLE: Final = "没有岗位“{value}”：可写 {known}。"
UNKNOWN_PLACE: Final = "没有登记住址“{value}”：写登记的完整地址（如 枫林苑3栋2单元402），或地点编号。"
CHANGED_SINCE: Final = "预览之后文件或登记的内容变了，没有导入。请重新预览核对。"
NOTHING_TO_DO: Final = "和登记的内容一样，没有要改的。"
WHO_IMPORTS: Final = "这个登录由几个人共用：请选是谁导入，并填本人口令。"

DAY_TYPES: Final = {"工作日": "workday", "休息日": "rest_day", "节假日": "holiday", "调休上班": "makeup_workday"}
WEEKDAYS: Final = "一二三四五六日"

COLUMNS: Final = {
    "id": ("编号", "工号", "序号"),
    "name": ("姓名", "名字"),
    "phone": ("手机", "电话", "手机号", "联系电话", "手机号码"),
    "wecom": ("企业微信", "企业微信号"),
    "home": ("住址", "地址"),
    "email": ("邮箱",),
    "wechat": ("微信", "微信openid"),
    "cell": ("网格", "网格名称"),
    "role": ("岗位", "角色"),
    "person": ("人员", "姓名", "值班人", "值班人员"),
    "rank": ("顺位", "正副"),
    "weekdays": ("星期", "周几"),
    "from": ("上班", "开始时刻", "从"),
    "to": ("下班", "结束时刻", "到"),
    "since": ("开始", "开始日期", "起"),
    "until": ("截止", "结束日期", "止"),
    "absent": ("不在岗",),
    "hazards": ("险情",),
    "days": ("日子",),
}
"""Chinese names of the columns; the first is the one that is shown. console.imports.tables has those of each table."""

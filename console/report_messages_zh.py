"""Chinese texts of citizens' reports and of photos: of the public pages, and of the API about them."""

from __future__ import annotations

from typing import Final

BAD_FORM: Final = "表单格式不对。"
TOO_MANY_FIELDS: Final = "表单最多 {limit} 项。"
TOO_MANY_PHOTOS: Final = "最多 {limit} 张照片。"
PHOTO_TOO_LARGE: Final = "第{number}张照片超过 {limit} MB，请压缩后再传。"
PHOTO_FAULTS: Final = {
    "empty": "第{number}张照片是空文件。",
    "too_large": "第{number}张照片超过 10 MB。",
    "not_a_photo": "第{number}个文件不是照片。只收 JPEG、PNG、HEIC。",
    "too_many_pixels": "第{number}张照片像素太多，请缩小后再传。",
    "too_small": "第{number}张照片太小，看不清。边长至少 64 像素。",
    "damaged": "第{number}张照片不完整或已损坏，请重拍或重选。",
    "unreadable": "第{number}张照片读不出来，请换一张。",
    "no_space": "系统暂时存不下照片，文字已收到。",
}
"""By console.photos.messages.PhotoFault."""
CROSS_SITE: Final = "请从本系统的页面提交。"
NEED_FORM: Final = "照片请用 multipart/form-data 上传。"
TOO_BUSY: Final = "上传的人太多，请稍等几秒再试。"
NEED_TEXT_OR_PHOTO: Final = "请写几个字，或者拍一张照片。"
NEED_CONSENT: Final = "留了电话，请勾选同意联系；不想被联系可以不填电话。"
LEAVE_EMPTY: Final = "这一栏请留空。"
BAD_CODE: Final = "这个二维码已失效，请选择地点。"
NEED_REPORT_PLACE: Final = "请选择地点，或者写明在哪里。"
UNKNOWN_REPORT_PLACE: Final = "没有这个地点，请重新选择。"
BOTH_COORDINATES: Final = "经度和纬度要一起写。"
TOO_MANY_REPORTS: Final = {
    "client": "您所在的网络上报太频繁，请{minutes}分钟后再试。",
    "place": "这个地点刚有多人上报，工作人员已经知道，请{minutes}分钟后再试。",
    "phone": "这个电话今天上报次数太多，请{minutes}分钟后再试。",
    "site": "现在上报的人太多，请{minutes}分钟后再试。",
}
"""By alerts.cases.report.LimitCheck.name."""
NO_SUCH_REPORT_LINK: Final = "链接不对，或者已经过期。请核对上报时保存的链接。"
REPORT_SETTLED: Final = "这件事已经处置，不能再加照片。对结果不满意可以在答复后评价。"
REPORT_STAGES: Final = {
    "received": "已收到，正在通知网格员。",
    "accepted": "网格员已接单，正在处理。",
    "on_site": "工作人员已到现场。",
    "resolved": "现场已处置，等待社区核实。",
    "community_verified": "社区已核实，等待街道核实。",
    "street_verified": "街道已核实，即将答复您。",
    "answered": "已办结并答复。",
}
"""By alerts.cases.report.Stage: what the reporter reads."""
REPORT_STEPS: Final = {
    "received": "收到",
    "accepted": "接单",
    "on_site": "到场",
    "resolved": "处置",
    "community_verified": "社区核实",
    "street_verified": "街道核实",
    "answered": "答复",
}
REPORT_REFUSALS: Final = {
    "not_settled": "还没有处置完毕，不能核实。",
    "not_verified_by_community": "请先由社区核实。",
    "not_verified_by_street": "请先由社区和街道核实，再答复上报人。",
    "already_verified": "社区和街道都已核实。",
    "on_behalf": "核实须由本人进行，不能代办。请核实人用自己的账号，共用账号须输入本人口令。",
    "same_person": "核实须由处置人和前一级核实人以外的人本人进行。",
    "already_answered": "已经答复过上报人。",
    "not_answered": "还没有答复，不能评价。",
    "already_rated": "已经评价过了。",
}
"""By alerts.cases.report_steps.ReportRefusal."""
WRONG_LEVEL: Final = {"community": "这一级由社区人员核实。", "street": "这一级由街道人员核实。"}
MERGE_REASON: Final = "与居民上报是同一件事"
CANNOT_MERGE: Final = "不能与这条告警合并。"
TOO_MANY_CODES: Final = "共{count}个地点，一次最多打印{limit}个：请选小一些的范围或指定层级。"
QR_CARD: Final = (
    '<figure style="display:inline-block;width:60mm;margin:2mm;padding:2mm;text-align:center;'
    'border:0.3mm solid #999;break-inside:avoid;font-family:sans-serif">'
    '<div style="width:44mm;margin:0 auto">{svg}</div>'
    '<figcaption><b style="font-size:14pt">发现隐患 扫码上报</b>'
    '<br><span style="font-size:10pt">{address}</span>'
    '<br><span style="font-size:8pt">燃气泄漏、起火请先撤离并拨打119</span></figcaption></figure>'
)
QR_SHEET: Final = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{site} 随手报二维码</title>'
    '<body style="margin:0;background:#fff;color:#000">{cards}</body></html>'
)
"""One card a place, three beside each other on A4."""

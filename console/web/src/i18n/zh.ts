/** Every word on the screen, in Chinese: the worker's words, short. `{n}` is filled in. */
import { accounts } from './zh/accounts'
import { ask } from './zh/ask'
import { cases } from './zh/cases'
import { desk } from './zh/desk'
import { devices } from './zh/devices'
import { exchange } from './zh/exchange'
import { imports } from './zh/imports'
import { ladders } from './zh/ladders'
import { list } from './zh/list'
import { login } from './zh/login'
import { people } from './zh/people'
import { phone } from './zh/phone'
import { refusals } from './zh/refusals'
import { reports } from './zh/reports'
import { roster } from './zh/roster'
import { rules } from './zh/rules'
import { silence } from './zh/silence'
import { sound } from './zh/sound'
import { statistics } from './zh/statistics'
import { story } from './zh/story'
import { strip } from './zh/strip'
import { supervision } from './zh/supervision'
import { system } from './zh/system'
import { wall } from './zh/wall'
import { why } from './zh/why'

export const zh = {
  product: '枫哨',
  language: 'English',
  languageHint: '切换到英文',
  light: '浅色',
  dark: '深色',

  login,
  accounts,
  imports,

  pages: { ladders: '升级', people: '人员', system: '系统', refusals: '没听懂', devices: '设备', wall: '大屏', desk: '工作台', supervision: '督办', rosters: '排班', silences: '静默', reports: '随手报', why: '通知查询', management: '管理', exchange: '对接', statistics: '统计', missing: '没有这个页面。', home: '回到首页', rules: '规则', accounts: '账号', audit: '审计', account: '我的账号' },

  severity: { critical: '紧急', high: '高', medium: '中', low: '低' },
  state: {
    open: '待接警',
    acknowledged: '已接警',
    on_site: '已到场',
    resolved: '已处置',
    verified: '已核查',
    closed: '已结案',
    returned: '已退回',
    shelved: '已搁置',
  },
  action: {
    acknowledge: '接警',
    pass: '无法到场',
    reinforce: '请求增援',
    arrive: '到场',
    resolve: '处置',
    verify: '核查',
    close: '结案',
    return: '退回',
    reopen: '重开',
    shelve: '搁置',
    assign: '指派',
    comment: '备注',
    back: '退回转办',
    conclude: '结论',
    supervise: '督办',
    merge: '并案',
    split: '拆分',
  },
  disposition: { real: '真实', false_alarm: '误报', test: '测试', device_fault: '设备故障', prank: '恶作剧' },
  overdue: { take: '接警超时', arrive: '到场超时', resolve: '办结超时', verify: '核查超时', answer: '转办受理超时', order: '督办超时', street: '街道核查超时' },
  cases,
  deadline: { take: '接警', arrive: '到场', resolve: '处置', left: '{what}剩', over: '{what}已超时', none: '不限时' },
  role: {
    worker: '网格员',
    administrator: '管理员',
    dispatcher: '调度员',
    operator: '值班员',
    viewer: '查看',
  },
  provider: { aliyun: '阿里云', tencent: '腾讯云', http: '短信网关' },
  channel: {
    sms: '短信',
    aliyun_sms: '短信',
    tencent_sms: '短信',
    wecom: '企业微信',
    logbook: '值班记录',
    voice: '电话',
    screen: '大屏',
    phone: '手机',
    link: '手机',
    api: '接口',
    email: '邮件',
    other: '其他',
  },
  delivery: {
    pending: '待发',
    sending: '发送中',
    accepted: '已提交',
    delivered: '已送达',
    unknown: '结果不明',
    failed: '未送达',
    skipped: '未发',
    expired: '已过期',
    dead: '发不出',
  },
  unit: { bpm: '次/分', steps: '步', deg: '°', min: '分钟', m: '米' },
  /** Evidence that is no quantity of a kind. */
  reckoned: { count: '数量', distance_m: '离登记地点', heard: '最近一次消息', retained: '保留消息，时间不明' },

  top: {
    onDuty: '值守',
    people: '{n}人',
    noneOnDuty: '无人值守',
    canary: '发现到发出',
    canaryMs: '{n} 毫秒',
    canaryS: '{n} 秒',
    connected: '连接正常',
    disconnected: '设备连接中断',
    full: '磁盘写不进，新消息暂未接收',
    lost: '与服务器断开 {span}，画面停在 {time}。正在重连，请勿以此判断安全。',
    lostPhone: '没有网络 {span}，操作会先记下',
  },
  wall,
  strip,
  sound,
  ladders,
  list,
  devices,
  system,
  refusals,
  statistics,
  why,
  desk,
  story,
  supervision,
  ask,
  people,
  phone,
  latch: {
    held: '已自锁：险情消失也不会自行结束，等人复位',
    reason: '复位原因（必填）',
    reset: '复位',
    released: '险情还在：不再自锁，设备恢复后自动结束',
  },
  roster,
  rules,
  silence,
  reports,
  exchange,
  errors: {
    offline: '没有连上服务器，请检查网络后再试。',
    server: '服务器出错了，请再试一次；仍不行请联系管理员。',
    forbidden: '您没有这个权限，请联系管理员。',
    tooMany: '操作太快，请稍等几秒再试。',
    gone: '没有找到，可能已被移走。',
    notNow: '现在不能这样做，请看最新状态。',
  },
  announce: { fresh: '新警情：{severity}，{title}，{where}' },
  span: { seconds: '{n}秒', minutes: '{n}分钟', hours: '{h}小时', hoursMinutes: '{h}小时{m}分', days: '{n}天' },
  day: {
    yesterday: '昨天',
    date: '{m}{d}日',
    dateYear: '{y}年{m}{d}日',
    months: '1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月',
    weekdays: '周日 周一 周二 周三 周四 周五 周六',
  },
  listJoin: '、',
  colon: '：',
  clause: '，',
}

export type Messages = typeof zh

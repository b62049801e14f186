/** The same words in English. The type makes a missing one an error. */
import type { Messages } from './zh'
import { accounts } from './en/accounts'
import { ask } from './en/ask'
import { cases } from './en/cases'
import { desk } from './en/desk'
import { devices } from './en/devices'
import { exchange } from './en/exchange'
import { imports } from './en/imports'
import { ladders } from './en/ladders'
import { list } from './en/list'
import { login } from './en/login'
import { people } from './en/people'
import { phone } from './en/phone'
import { refusals } from './en/refusals'
import { reports } from './en/reports'
import { roster } from './en/roster'
import { rules } from './en/rules'
import { silence } from './en/silence'
import { sound } from './en/sound'
import { statistics } from './en/statistics'
import { story } from './en/story'
import { strip } from './en/strip'
import { supervision } from './en/supervision'
import { system } from './en/system'
import { wall } from './en/wall'
import { why } from './en/why'

export const en: Messages = {
  product: 'Fengshao',
  language: '中文',
  languageHint: 'Switch to Chinese',
  light: 'Light',
  dark: 'Dark',

  login,
  accounts,
  imports,

  pages: { ladders: 'Escalation', people: 'People', system: 'System', refusals: 'Refusals', devices: 'Devices', wall: 'Wall', desk: 'Desk', supervision: 'Supervision', rosters: 'Roster', silences: 'Silences', reports: 'Reports', why: 'Who was told', management: 'Management', exchange: 'Exchange', statistics: 'Statistics', missing: 'No such page.', home: 'Go home', rules: 'Rules', accounts: 'Accounts', audit: 'Audit', account: 'My account' },

  severity: { critical: 'Critical', high: 'High', medium: 'Medium', low: 'Low' },
  state: {
    open: 'Untaken',
    acknowledged: 'Taken',
    on_site: 'On site',
    resolved: 'Resolved',
    verified: 'Verified',
    closed: 'Closed',
    returned: 'Returned',
    shelved: 'Shelved',
  },
  action: {
    acknowledge: 'Take',
    pass: 'Cannot go',
    reinforce: 'Ask for more people',
    arrive: 'Arrived',
    resolve: 'Resolve',
    verify: 'Verify',
    close: 'Close',
    return: 'Return',
    reopen: 'Reopen',
    shelve: 'Shelve',
    assign: 'Assign',
    comment: 'Note',
    back: 'Give back',
    conclude: 'Conclude',
    supervise: 'Supervise',
    merge: 'Merge',
    split: 'Split',
  },
  disposition: { real: 'Real', false_alarm: 'False alarm', test: 'Test', device_fault: 'Device fault', prank: 'Prank' },
  overdue: {
    take: 'Not acknowledged for',
    arrive: 'Not arrived for',
    resolve: 'Not resolved for',
    verify: 'Not verified for',
    answer: 'No answer of the body for',
    order: 'Order overdue for',
    street: 'Verification by the street overdue for',
  },
  cases,
  deadline: { take: 'Take', arrive: 'Arrive', resolve: 'Resolve', left: '{what} in', over: '{what} overdue', none: 'No deadline' },
  role: {
    worker: 'Grid worker',
    administrator: 'Administrator',
    dispatcher: 'Dispatcher',
    operator: 'Operator',
    viewer: 'Viewer',
  },
  provider: { aliyun: 'Aliyun', tencent: 'Tencent', http: 'gateway' },
  channel: {
    sms: 'SMS',
    aliyun_sms: 'SMS',
    tencent_sms: 'SMS',
    wecom: 'WeCom',
    logbook: 'Logbook',
    voice: 'Call',
    screen: 'Screen',
    phone: 'Phone',
    link: 'Phone',
    api: 'API',
    email: 'E-mail',
    other: 'Other',
  },
  delivery: {
    pending: 'Waiting',
    sending: 'Sending',
    accepted: 'Submitted',
    delivered: 'Delivered',
    unknown: 'Unknown',
    failed: 'Not delivered',
    skipped: 'Not sent',
    expired: 'Expired',
    dead: 'Undeliverable',
  },
  unit: { bpm: 'bpm', steps: 'steps', deg: '°', min: 'min', m: 'm' },
  reckoned: {
    count: 'Number',
    distance_m: 'Distance from the place written down',
    heard: 'Last message',
    retained: 'Retained message of unknown age',
  },

  top: {
    onDuty: 'On duty',
    people: '{n}',
    noneOnDuty: 'Nobody on duty',
    canary: 'Detect to send',
    canaryMs: '{n} ms',
    canaryS: '{n} s',
    connected: 'Connected',
    disconnected: 'Devices unreachable',
    full: 'Disk takes nothing: new messages wait at the broker',
    lost: 'Server lost for {span}; the picture is of {time}. Reconnecting. Do not take it for safe.',
    lostPhone: 'No network for {span}; your taps are kept',
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
  ask,
  supervision,
  people,
  phone,
  latch: {
    held: 'Latched: it does not end by itself, a person resets it',
    reason: 'Reason for the reset (required)',
    reset: 'Reset',
    released: 'Still dangerous: no longer latched, it ends when the device recovers',
  },
  roster,
  rules,
  silence,
  reports,
  exchange,
  errors: {
    offline: 'Cannot reach the server. Check the network and try again.',
    server: 'The server failed. Try again; if it stays so, call the administrator.',
    forbidden: 'You may not do this. Ask the administrator.',
    tooMany: 'Too fast. Wait a few seconds.',
    gone: 'Not found; it may have been moved.',
    notNow: 'Not possible now; look at the latest state.',
  },
  announce: { fresh: 'New alert: {severity}, {title}, {where}' },
  span: { seconds: '{n} s', minutes: '{n} min', hours: '{h} h', hoursMinutes: '{h} h {m} min', days: '{n} d' },
  day: {
    yesterday: 'yesterday',
    date: '{d} {m}',
    dateYear: '{d} {m} {y}',
    months: 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec',
    weekdays: 'Sun Mon Tue Wed Thu Fri Sat',
  },
  listJoin: ', ',
  colon: ': ',
  clause: ', ',
}

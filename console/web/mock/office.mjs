/** Reports of residents and the exchange with outside systems, for the mock server. */
import { stamp } from './data.mjs'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const svg = (hue) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480"><rect width="640" height="480" fill="hsl(${hue} 20% 40%)"/><path d="M0 400 220 180 360 320 460 240 640 420V480H0z" fill="hsl(${hue} 25% 25%)"/></svg>`

export const photo = (id) => svg((Number(id) * 67) % 360)

function report(id, label, category, severity, state, stage, address, text, more = {}) {
  const now = Date.now()
  return {
    id, number: `26112900${id}`, alert: '31', work: '31', category, label, text, severity, state, stage, place: 'c1-b3', address,
    place_source: 'qr', lat: null, lon: null, phone: '19900001234', anonymous: false, created_at: stamp(now - Number(id) * HOUR),
    community: null, street: null, answer: '', answered_by: null, answered_at: null, satisfied: null, feedback: '',
    reopened_at: null, erased: false, overdue: false, photos_count: 0, photos: [], proposals: [], next_step: null,
    may_step: false, obstacle: '', may_merge: true, ...more,
  }
}

export function makeReports() {
  const now = Date.now()
  const by = (person, hours) => ({ person, name: person, at: stamp(now - hours * HOUR) })
  const shot = (id, purpose, who, hours) => ({ id, path: `/api/v1/photos/${id}`, purpose, width: 640, height: 480, at: stamp(now - hours * HOUR), by: who })
  return [
    report('11', '闻到燃气味', 'gas', 'critical', 'open', 'received', '枫林苑3栋2单元', '二单元楼道里有很浓的燃气味，三楼四楼都能闻到，我家有老人不敢开灯。', {
      photos_count: 2, photos: [shot('1', 'report', '居民', 11), shot('2', 'report', '居民', 11)],
      proposals: [{ alert: '30', title: '燃气泄漏', source: 'device', nearness: 'building', opened_at: stamp(now - 11 * HOUR), distance_m: 12 }],
    }),
    report('12', '消防通道堵塞', 'exit', 'high', 'resolved', 'resolved', '枫林苑5栋', '通道口停了三辆电动车', {
      overdue: true, created_at: stamp(now - 4 * DAY), photos_count: 2, next_step: 'community', may_step: true,
      photos: [shot('3', 'report', '居民', 96), shot('4', 'work', '王建国', 20)], phone: null, anonymous: true,
    }),
    report('13', '井盖破损', 'manhole', 'high', 'verified', 'community_verified', '枫林路与秋实街口东北角', '井盖裂了一半，晚上看不清', {
      community: by('孙德福', 2), next_step: 'street', obstacle: '这一级由街道人员核实。', place_source: 'map', photos_count: 1, photos: [shot('5', 'report', '居民', 13)],
    }),
    report('14', '路灯不亮', 'lamp', 'low', 'verified', 'street_verified', '枫林苑1栋北侧', '', {
      community: by('孙德福', 5), street: by('何静', 1), next_step: 'answer', may_step: true, reopened_at: stamp(now - 30 * HOUR),
      satisfied: false, feedback: '修了一盏，另外两盏还是不亮', photos_count: 1, photos: [shot('6', 'work', '王建国', 6)],
    }),
    report('15', '积水', 'flood', 'medium', 'closed', 'answered', '枫林苑2栋地下车库', '车库入口积水', {
      community: by('孙德福', 40), street: by('何静', 30), answered_by: { id: 'w5', name: '孙德福' }, answered_at: stamp(now - 28 * HOUR),
      answer: '您好，车库入口积水已抽排，排水口杂物已清理。', satisfied: true, feedback: '很快，谢谢', created_at: stamp(now - 50 * HOUR),
      photos_count: 1, photos: [shot('7', 'answer', '孙德福', 28)],
    }),
  ]
}

const named = (zh, en) => ({ zh, en })
export function makeTargets() {
  const now = Date.now()
  return [
    { id: 'brain', kind: 'subscriber', name: named('brain', 'brain'), failing_since: null, last_success_at: stamp(now - 40_000), last_error: '', pending: 0, dead: 0, oldest_pending_at: null },
    { id: 'system:hotline', kind: 'system', name: named('12345热线', '12345 hotline'), failing_since: stamp(now - 3 * HOUR), last_success_at: stamp(now - 3.1 * HOUR), last_error: 'HTTP 503', pending: 14, dead: 2, oldest_pending_at: stamp(now - 3 * HOUR) },
  ]
}
export const SYSTEMS = [
  { id: 'city', name: named('城市运行管理服务平台', 'City management'), body: null },
  { id: 'hotline', name: named('12345热线', '12345 hotline'), body: 'system:hotline' },
]
export function makeDeadLetters() {
  const now = Date.now()
  const one = (id, type, target, name, state, error, status, hours) => ({
    id, target, name, title: '燃气泄漏', type, subject: 'case:31', alert: '31', state: 'dead', attempts: 3, status, error,
    created_at: stamp(now - hours * HOUR), settled_at: stamp(now - (hours - 1) * HOUR),
    data: { state, title: '燃气泄漏', location: { address: '枫林苑3栋2单元402' } },
  })
  const hotline = named('12345热线', '12345 hotline')
  return [
    one('9', 'cn.fengshao.exchange.state.v1', 'system:hotline', hotline, '派遣', 'HTTP 503', 503, 3),
    one('8', 'cn.fengshao.exchange.handover.v1', 'system:hotline', hotline, 'returned', "code: 7, not one of 0", 200, 5),
    one('6', 'cn.fengshao.case.opened.v1', 'old-board', named('old-board', 'old-board'), 'open', 'the target is no longer configured', null, 40),
  ]
}

/** An invented community for the mock server: always the same, with times relative to the start. */

const NAMES = ['枫林苑', '梧桐里', '银杏园', '香樟坊', '桂花新村', '玉兰公寓', '静安里']
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

export const ZONE_OFFSET = '+08:00'
export const stamp = (ms) => new Date(ms + 8 * HOUR).toISOString().replace('Z', ZONE_OFFSET)

export function makePlaces() {
  const places = [{ id: 'c0', name: '枫树社区', level: 'community', parent: null }]
  NAMES.forEach((name, n) => {
    const compound = `p${n}`
    places.push({ id: compound, name, level: 'compound', parent: 'c0', lon: 121.45 + n * 0.002, lat: 31.23 })
    for (let b = 1; b <= 5 + ((n * 3) % 5); b += 1) {
      const building = `${compound}-${b}`
      places.push({ id: building, name: `${b}栋`, level: 'building', parent: compound })
      for (const unit of [1, 2]) {
        places.push({ id: `${building}-${unit}`, name: `${unit}单元`, level: 'unit', parent: building })
        for (const door of [101, 202, 402]) {
          places.push({
            id: `${building}-${unit}-${door}`,
            name: String(door),
            level: 'household',
            parent: `${building}-${unit}`,
          })
        }
      }
    }
  })
  places.push({ id: 'p3-lane', name: '东门车道', level: 'road', parent: 'p3' })
  return places
}

const told = (now, rows) =>
  rows.map(([name, role, channel, state, ago]) => ({ name, role, channel, state, at: stamp(now - ago) }))

/** [id, hazard, title, severity, ledger, state, place, address, device, since, extra] */
function alert(now, base, extra = {}) {
  const opened = now - base.ago
  return {
    rule: base.rule,
    ledger: 'danger',
    subject: { type: 'device', id: base.device },
    started_at: stamp(opened - (base.heard ?? 800)),
    opened_at: stamp(opened),
    updated_at: stamp(opened + SECOND),
    advice: '',
    stale: false,
    recovered: false,
    owner: null,
    deadline: null,
    next_step_at: null,
    told: [],
    late_ms: 0,
    evidence: [],
    exercise: false,
    returned_to: null,
    disposition: null,
    merged_into: null,
    verifier: null,
    second_check: null,
    overdue: ['29', '30'].includes(base.id) ? { what: base.id === '30' ? 'arrive' : 'take', since: stamp(now - 4 * MINUTE), count: 2 } : null,
    ...base,
    ...extra,
  }
}

export function makeAlerts(now) {
  const due = (what, left, span) => ({ what, at: stamp(now + left), since: stamp(now + left - span) })
  return [
    alert(now, {
      id: '31', rule: 'gas-alarm', hazard: 'gas', title: '燃气泄漏', severity: 'critical', state: 'open', ago: 22 * SECOND,
      device: 'gas-031', place: 'p0-3-2-402', address: '枫林苑3栋2单元402',
    }, {
      advice: '不要开关电器，先到室外联系；通知住户开窗、关阀、撤离。',
      deadline: due('take', 38 * SECOND, MINUTE),
      evidence: [{ quantity: 'alarm', value: true }, { quantity: 'lel_pct', value: 23, unit: '%LEL', limit: 10 }],
      told: told(now, [['王建国', 'worker', 'aliyun_sms', 'delivered', 21 * SECOND], ['王建国', 'worker', 'wecom', 'accepted', 21 * SECOND]]),
    }),
    alert(now, {
      id: '30', rule: 'band-sos', hazard: 'person', title: '老人求救', severity: 'critical', state: 'acknowledged', ago: 4 * MINUTE,
      device: 'band-017', place: 'p2-5-1-101', address: '银杏园5栋1单元101',
    }, {
      owner: { id: 'w2', name: '李秀兰' },
      deadline: due('arrive', 6 * MINUTE + 12 * SECOND, 10 * MINUTE),
      evidence: [{ quantity: 'sos', value: true }],
      told: told(now, [['李秀兰', 'worker', 'aliyun_sms', 'delivered', 4 * MINUTE]]),
    }),
    alert(now, {
      id: '29', rule: 'manhole-opened', hazard: 'manhole', title: '井盖打开', severity: 'high', state: 'on_site', ago: 31 * MINUTE,
      device: 'mh-003', place: 'p3-lane', address: '香樟坊东门车道',
    }, {
      owner: { id: 'w3', name: '陈志强' },
      deadline: due('resolve', 89 * MINUTE, 120 * MINUTE),
      evidence: [{ quantity: 'opened', value: true }, { quantity: 'tilt_deg', value: 38, unit: '°', limit: 15 }],
      told: told(now, [['陈志强', 'worker', 'aliyun_sms', 'failed', 31 * MINUTE], ['陈志强', 'worker', 'wecom', 'delivered', 31 * MINUTE]]),
    }),
    alert(now, {
      id: '28', rule: 'water-no-use', hazard: 'water', title: '独居老人12小时未用水', severity: 'high', state: 'open', ago: 13 * MINUTE,
      device: 'wm-044', place: 'p5-2-1-202', address: '玉兰公寓2栋1单元202',
    }, {
      deadline: due('take', -3 * MINUTE - 5 * SECOND, 10 * MINUTE),
      evidence: [{ quantity: 'volume_m3', value: 0.004, unit: 'm³', limit: 0.01 }],
      told: told(now, [['赵敏', 'worker', 'aliyun_sms', 'delivered', 13 * MINUTE], ['孙德福', 'lead', 'aliyun_sms', 'accepted', 3 * MINUTE]]),
    }),
    alert(now, {
      id: '27', rule: 'gas-low', hazard: 'gas', title: '燃气浓度偏高', severity: 'medium', state: 'open', ago: 9 * MINUTE,
      device: 'gas-012', place: 'p0-3-1-202', address: '枫林苑3栋1单元202',
    }, {
      stale: true, deadline: due('take', 6 * MINUTE, 15 * MINUTE),
      evidence: [{ quantity: 'lel_pct', value: 12, unit: '%LEL', limit: 10 }],
    }),
    alert(now, {
      id: '26', rule: 'band-hr', hazard: 'person', title: '心率偏高', severity: 'low', state: 'acknowledged', ago: 52 * MINUTE,
      device: 'band-008', place: 'p1-4-2-101', address: '梧桐里4栋2单元101',
    }, {
      recovered: true, owner: { id: 'w4', name: '周小梅' }, deadline: due('arrive', 8 * MINUTE, 60 * MINUTE),
      evidence: [{ quantity: 'heart_rate_bpm', value: 128, unit: 'bpm', limit: 120 }],
    }),
    ...Array.from({ length: 9 }, (_, n) =>
      alert(now, {
        id: String(10 + n), rule: 'gas-low', hazard: 'gas', title: ['燃气泄漏', '跌倒', '井下水位高'][n % 3],
        severity: ['high', 'critical', 'medium'][n % 3], state: n % 2 ? 'closed' : 'verified', ago: (n + 2) * 1.3 * HOUR,
        device: `old-${n}`, place: `p${n % 7}-2-1-101`, address: `${NAMES[n % 7]}2栋1单元101`,
      }, { owner: { id: 'w1', name: '王建国' }, updated_at: stamp(now - (n + 1) * HOUR) })),
    ...['电量低', '设备失联', '设备失联'].map((title, n) =>
      alert(now, {
        id: String(40 + n), rule: 'device-offline', hazard: 'device', title, severity: 'low', ledger: 'health', state: 'open',
        ago: (n + 3) * HOUR, device: `gas-05${n}`, place: `p4-${n + 1}-1-101`, address: `桂花新村${n + 1}栋1单元101`,
      })),
  ]
}

export function makeTimeline(item, now) {
  const begin = Date.parse(item.started_at)
  const opened = Date.parse(item.opened_at)
  const lines = [
    { at: stamp(begin), kind: 'heard', text: '设备报警' },
    { at: stamp(opened), kind: 'opened', text: `判定为${item.title}，警情开启` },
    ...item.told.map((one) => ({
      at: one.at, kind: 'delivery', text: `通知${one.name}`, person: one.name, channel: one.channel, state: one.state,
    })),
  ]
  if (item.owner) lines.push({ at: stamp(Math.min(now, opened + 35_000)), kind: 'acknowledged', text: `${item.owner.name}接警`, person: item.owner.name, channel: 'sms' })
  return lines
}

/** A kitchen leak: quiet, then a ramp from just before the onset; a pulse, a level, a meter in the same way. */
export function makeReadings(item, from, to) {
  const begin = Date.parse(item.started_at)
  const points = []
  const shapes = {
    gas: [['lel_pct', '%LEL', (t) => (t < -20 ? 1 + (Math.abs(t) % 3) : Math.min(46, 3 + (t + 20) * 0.9))], ['alarm', null, (t) => t >= 0]],
    person: [['heart_rate_bpm', 'bpm', (t) => Math.round(74 + 6 * Math.sin(t / 90) + (t > -60 ? 44 : 0))], ['sos', null, (t) => t >= 0 && t < 60]],
    manhole: [['tilt_deg', '°', (t) => (t < 0 ? 2 : 38)], ['opened', null, (t) => t >= 0]],
    water: [['volume_m3', 'm³', (t) => Number((312.407 + Math.max(0, -t - 600) * -0.00002).toFixed(3))]],
    device: [['battery_pct', '%', (t) => Math.round(12 - t / 4000)]],
  }
  for (let at = Math.max(from, begin - 30 * MINUTE); at <= to; at += 20 * SECOND) {
    const t = (at - begin) / SECOND
    for (const [quantity, unit, of] of shapes[item.hazard] ?? []) {
      const value = of(t)
      points.push({ at: stamp(at), quantity, value: typeof value === 'number' ? Number(value.toFixed(3)) : value, unit, quality: 'good' })
    }
  }
  return points
}

export const PEOPLE = [
  { id: 'w1', name: '王建国', role: 'worker' },
  { id: 'w2', name: '李秀兰', role: 'worker' },
  { id: 'w3', name: '陈志强', role: 'worker' },
  { id: 'l1', name: '孙德福', role: 'lead' },
]

export const RULES = [
  { name: 'gas-low', kinds: ['gas_alarm'], severity: 'high', when: 'lel_pct >= 10' },
  { name: 'gas-high', kinds: ['gas_alarm'], severity: 'critical', when: 'lel_pct >= 25' },
  { name: 'manhole-tilt', kinds: ['manhole'], severity: 'high', when: 'abs(tilt_deg) >= 15' },
  { name: 'band-heart-rate', kinds: ['wristband'], severity: 'high', when: 'heart_rate_bpm >= 131 or heart_rate_bpm <= 40' },
]

/** Forty alarms at once: a whole estate loses its gas pressure. One address is the longest a text may carry. */
export function makeStorm(now) {
  return Array.from({ length: 40 }, (_, n) =>
    alert(now, {
      id: String(100 + n), rule: 'gas-alarm', hazard: 'gas', title: '燃气泄漏', severity: n % 4 ? 'critical' : 'high', state: 'open',
      ago: (n + 1) * 4 * SECOND, device: `storm-${n}`, place: `p${n % 7}-${(n % 5) + 1}-1-202`,
      address: n === 3 ? '枫叶新居国际花园东区二期商业裙楼12号楼3单元1602室' : `${NAMES[n % 7]}${(n % 5) + 1}栋1单元202`,
    }, { deadline: { what: 'take', at: stamp(now + 60 * SECOND - n * 3 * SECOND) } }))
}

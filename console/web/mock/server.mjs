/**
 * A mock of the API for work on the screen: deterministic data, the same content security policy as the real server,
 * and a few switches for screenshots (POST /mock/quiet, /mock/disconnected, /mock/reset). It decides nothing about the real API.
 */
import { createReadStream, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeDeadLetters, makeReports, makeTargets, photo, SYSTEMS } from './office.mjs'
import { makeAlerts, makeStorm, makePlaces, makeReadings, makeTimeline, PEOPLE, RULES, stamp } from './data.mjs'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))
const PORT = Number(process.env.PORT ?? 8787)
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.svg': 'image/svg+xml' }
const CSP = "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

let alerts = new Map()
let disconnected = false
const streams = new Set()
const places = makePlaces()
const tree = new Map(places.map((one) => [one.id, one]))
const named = ({ id, name }) => ({ id, name })
const inside = (id) => places.filter((one) => one.parent === id && one.level === 'building').map(named)
const GROUPS = places
  .filter((one) => one.level === 'compound')
  .map((one) => ({ ...named(one), open: 0, worst: null, tiles: inside(one.id) }))

/** The map of one place, without outlines: the counts are the page's own once it has the alerts. */
function overview(place) {
  const top = places.filter((one) => !tree.has(one.parent))
  const shown = place ?? (top.length === 1 ? top[0].id : null)
  const path = []
  for (let at = tree.get(shown); at; at = tree.get(at.parent)) path.unshift({ ...named(at), level: at.level, role: at.level })
  const below = places.filter((one) => (shown ? one.parent === shown : top.includes(one)))
  const items = below.map((one) => ({
    ...named(one), level: one.level, role: one.level, open: 0, worst: null, untaken: 0, stale: 0, shelved: 0,
    places: places.filter((other) => other.parent === one.id).length, geometry: null,
  }))
  return { place: shown, path, items, quiet: 0, elsewhere: 0, open_here: 0, places: places.length }
}

/** Where an alert stands, and the way there, as the server says it. */
function whereabouts(item) {
  const path = []
  for (let at = tree.get(item.place); at; at = tree.get(at.parent)) path.push(at)
  const group = path.find((one) => one.level === 'compound')
  const tile = path.find((one) => one.level === 'building') ?? path[path.indexOf(group) - 1] ?? group
  const place_path = path.map((one) => one.id).reverse()
  return { place_path, spot: group ? { group: named(group), tile: named(tile) } : null, path: path.map((one) => one.name).reverse() }
}
const CONCERNED = [{
  name: '王桂芳',
  care: [
    { name: 'age', label: '年龄', label_en: 'age', value: 82 },
    { name: 'lives_alone', label: '独居', label_en: 'lives alone', value: true },
    { name: 'illness', label: '病史', label_en: 'illness', value: '糖尿病' },
  ],
}]

function reset() {
  alerts = new Map(makeAlerts(Date.now()).map((item) => [item.id, item]))
  disconnected = false
}
reset()

const LEADS_TO = { acknowledge: 'acknowledged', arrive: 'on_site', resolve: 'resolved', verify: 'verified', close: 'closed', return: 'returned', reopen: 'open', shelve: 'shelved' }
const ALLOWED = {
  open: ['acknowledge', 'pass', 'assign', 'shelve', 'return', 'supervise', 'merge', 'split', 'comment'],
  acknowledged: ['arrive', 'pass', 'assign', 'shelve', 'return', 'supervise', 'merge', 'split', 'comment'],
  on_site: ['resolve', 'assign', 'return', 'supervise', 'merge', 'split', 'comment'],
  resolved: ['verify', 'reopen', 'conclude', 'supervise', 'merge', 'comment'],
  verified: ['close', 'reopen', 'conclude', 'comment'],
  closed: ['reopen', 'conclude', 'comment'],
  returned: ['assign', 'reopen', 'back', 'comment'],
  shelved: ['reopen', 'comment'],
}
const withAllowed = (item) => ({ ...item, ...whereabouts(item), allowed: ALLOWED[item.state] })

function send(response, status, body, type = 'application/json') {
  response.writeHead(status, { 'content-type': type, 'content-security-policy': CSP, 'cache-control': 'no-store' })
  response.end(body === undefined ? '' : JSON.stringify(body))
}
const refuse = (response, status, detail) => send(response, status, { type: 'about:blank', title: 'refused', status, detail }, 'application/problem+json')
const list = (response, items) => send(response, 200, { items, next: null })

function emit(event, data, to = streams) {
  for (const stream of to) stream.write(`id: ${Date.now()}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}
const status = () => ({
  connected: !disconnected,
  last_reading_at: stamp(Date.now() - 1200),
  readings_per_s: 6.4,
  on_duty: { worker: ['王建国', '李秀兰', '陈志强', '周小梅'], community: ['孙德福'] },
  detect_to_send_ms: 42,
})
setInterval(() => emit('status', status()), 2000)

function find(query) {
  const states = query.getAll('state')
  const since = Date.parse(query.get('since') ?? '') || 0
  const place = query.get('place')
  const under = (id) => id === place || String(id).startsWith(`${place}-`)
  return [...alerts.values()]
    .filter((item) => !states.length || states.includes(item.state))
    .filter((item) => Date.parse(item.opened_at) >= since && (!place || under(item.place)))
    .sort((a, b) => Number(b.id) - Number(a.id))
    .map(withAllowed)
}

function act(response, id, action) {
  const item = alerts.get(id)
  if (!item) return refuse(response, 404, '没有这起警情')
  if (!ALLOWED[item.state].includes(action)) return refuse(response, 409, '这起警情还没有人到场，不能处置。')
  const now = Date.now()
  const state = LEADS_TO[action] ?? item.state
  const deadline = { acknowledged: ['arrive', 600_000], on_site: ['resolve', 7_200_000] }[state]
  const after = {
    ...item,
    state,
    owner: action === 'acknowledge' ? { id: 'w1', name: '王建国' } : item.owner,
    deadline: deadline ? { what: deadline[0], at: stamp(now + deadline[1]), since: stamp(now) } : null,
    updated_at: stamp(now),
  }
  alerts.set(id, after)
  emit('alert', withAllowed(after))
  return send(response, 200, withAllowed(after))
}

function readings(response, device, query) {
  const item = [...alerts.values()].find((one) => one.device === device)
  if (!item) return refuse(response, 404, '没有这台设备')
  return list(response, makeReadings(item, Date.parse(query.get('from')), Date.parse(query.get('to') ?? '') || Date.now()))
}

const findings = (item) =>
  [1, 2, 3].map((n) => ({ id: `${item.rule}@1/${item.device}/${n}`, title: item.title, device: `${item.device}-${n}`, place: item.place, active: n > 1 }))

const KINDS = { gas: 'gas_alarm', person: 'wristband', manhole: 'manhole', water: 'water_meter', device: 'gas_alarm' }
const SILENCES = (now) => {
  const hour = 3_600_000
  const one = (id, state, matchers, address, from, until, reason, suppressed = 0) => ({
    id, state, matchers, address, title: null, from: stamp(now + from * hour), until: stamp(now + until * hour), reason, suppressed,
    by: { id: 'w1', name: '王建国' }, ended_at: state === 'expired' ? stamp(now + until * hour) : null,
  })
  return [
    one('5', 'active', { place: 'c1-b3', kind: 'gas_alarm' }, '枫林苑3栋', -0.5, 1.5, '燃气公司检修', 2),
    one('4', 'active', { device: 'gas-0412', severity: 'high' }, null, -1, 3, '等待配件'),
    one('3', 'pending', { place: 'c1', hazard: 'fire', ledger: 'danger' }, '枫林苑', 20, 22, '消防演练'),
    one('2', 'expired', { place: 'c1-b5', kind: 'manhole' }, '枫林苑5栋', -30, -26, '施工作业', 7),
    one('1', 'expired', { rule: 'water-continuous', ledger: 'health' }, null, -90, -60, '设备测试'),
  ]
}
const CONTACTS = [
  { name: '王桂芳', role: 'resident', phone: '19900001234' },
  { name: '王建国', role: 'family', relation: '儿子', phone: '19900005678' },
]

function resource(request, response, parts, query) {
  const [name, id, verb] = parts
  if (name === 'session') {
    if (request.method === 'DELETE') return send(response, 204)
    return send(response, 200, { role: 'administrator', person: { id: 'w1', name: '王建国' }, roles: { worker: { zh: '网格员', en: 'Grid worker' }, community: { zh: '社区', en: 'Community' }, lead: { zh: '网格长', en: 'Grid lead' } }, site: { name: '枫树社区', timezone: 'Asia/Shanghai' } })
  }
  if (name === 'stream') return stream(request, response)
  if (name === 'places' && !id) return list(response, places.filter((one) => one.parent === query.get('parent')))
  if (name === 'supervision') return list(response, find(new URLSearchParams()).filter((one) => one.overdue))
  if (name === 'photos') {
    response.writeHead(200, { 'content-type': 'image/svg+xml' })
    return response.end(photo(id))
  }
  if (name === 'reports' && id) return send(response, 200, makeReports().find((one) => one.id === id))
  if (name === 'reports') return list(response, makeReports().filter((one) => String(one.answered_at !== null) === query.get('answered')))
  if (name === 'exchange') return list(response, { targets: makeTargets(), systems: SYSTEMS, 'dead-letters': makeDeadLetters() }[id])
  if (name === 'silences') return list(response, SILENCES(Date.now()))
  if (name === 'places' && id === 'overview') return send(response, 200, overview(query.get('place')))
  if (name === 'places') return send(response, 200, { items: GROUPS, next: null, places: places.length })
  if (name === 'cells') return list(response, [{ id: 'g1', parent: null }])
  if (name === 'rules') return list(response, RULES)
  if (name === 'rosters') return list(response, PEOPLE.map((one) => ({ person: one.id, role: one.role, cell: 'g1' })))
  if (name === 'people') return list(response, PEOPLE)
  if (name === 'devices' && verb === 'readings') return readings(response, id, query)
  if (name === 'devices') {
    const item = [...alerts.values()].find((one) => one.device === id)
    return item ? send(response, 200, { id, kind: KINDS[item.hazard], place: item.place }) : refuse(response, 404, '没有')
  }
  if (name !== 'alerts') return refuse(response, 404, '没有')
  if (id === undefined) return list(response, find(query))
  if (verb) return act(response, id, verb)
  const item = alerts.get(id)
  if (!item) return refuse(response, 404, '没有这起警情')
  return send(response, 200, { ...withAllowed(item), findings: findings(item), merged: item.id === '31' ? ['28'] : [], chattering: item.id === '29', proposals: [], report: null, description: '', reference: null, timeline: makeTimeline(item, Date.now()).map((one) => ({ photos: [], ...one })), contacts: CONTACTS, concerned: CONCERNED, lon: 121.45, lat: 31.23 })
}

function stream(request, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.write('retry: 1000\n\n')
  streams.add(response)
  emit('status', status(), [response])
  request.on('close', () => streams.delete(response))
}

function file(response, path) {
  const wanted = join(DIST, normalize(path))
  const found = wanted.startsWith(DIST) && extname(wanted) && existsSync(wanted) ? wanted : join(DIST, 'index.html')
  response.writeHead(200, { 'content-type': TYPES[extname(found)] ?? 'application/octet-stream', 'content-security-policy': CSP })
  createReadStream(found).pipe(response)
}

function play(response, what) {
  if (what !== 'drop') reset()
  if (what === 'drop') for (const one of streams) one.destroy()
  if (what === 'quiet') for (const item of [...alerts.values()]) if (item.state !== 'closed') alerts.delete(item.id)
  if (what === 'storm') for (const item of makeStorm(Date.now())) alerts.set(item.id, item)
  disconnected = what === 'disconnected'
  emit('resync', {})
  emit('status', status())
  return send(response, 204)
}

createServer((request, response) => {
  const url = new URL(request.url, 'http://mock')
  const parts = url.pathname.split('/').filter(Boolean).map(decodeURIComponent)
  if (parts[0] === 'mock') return play(response, parts[1])
  if (url.pathname === '/healthz') return send(response, 200, { ok: true })
  if (parts[0] === 'api') return resource(request, response, parts.slice(2), url.searchParams)
  return file(response, url.pathname)
}).listen(PORT, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${PORT}`))

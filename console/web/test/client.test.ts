import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as Client from '../src/api/client'

interface Asked {
  method: string
  url: string
  own: string | undefined
  body: string
}

const requests: Asked[] = []
let answer: { status: number; body: unknown } = { status: 200, body: {} }
let server: Server
const real = globalThis.fetch
const RealRequest = globalThis.Request
let root = ''
let client: typeof Client

/** A real server; a page's addresses are relative to it. */
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      const own = request.headers['x-fengshao'] as string | undefined
      requests.push({ method: request.method ?? '', url: request.url ?? '', own, body })
      response.writeHead(answer.status, { 'content-type': answer.status < 400 ? 'application/json' : 'application/problem+json' })
      response.end(answer.status === 204 ? '' : JSON.stringify(answer.body))
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  globalThis.Request = class extends RealRequest {
    constructor(input: RequestInfo | URL, init?: RequestInit) {
      super(typeof input === 'string' && input.startsWith('/') ? root + input : input, init)
    }
  }
  client = await import('../src/api/client') // it takes the Request that there is when it is made
})
afterAll(() => {
  globalThis.fetch = real
  globalThis.Request = RealRequest
  server.close()
})

const last = (): Asked => requests.at(-1) as Asked
const refused = (asking: Promise<unknown>): Promise<Client.Problem> => asking.then(() => Promise.reject(new Error('was not refused')), (error: Client.Problem) => error)

describe('the client of the API', () => {
  it('loads all pages, and repeats a filter of several values', async () => {
    answer = { status: 200, body: { items: [], next: null } }
    await client.api.alerts({ state: ['open', 'on_site'] })
    expect(last().url).toBe('/api/v1/alerts?state=open&state=on_site&limit=1000')
    answer = { status: 200, body: { items: [{ id: '1' }], next: 'more' } }
    expect((await client.api.cells()).length).toBe(5)
    expect(last().url).toBe('/api/v1/cells?limit=1000&next=more')
  })

  it('bears our own header on whatever changes something, and on nothing else', async () => {
    answer = { status: 200, body: {} }
    await client.api.act('3/1', 'acknowledge', { comment: '去看' })
    expect(last()).toEqual({ method: 'POST', url: '/api/v1/alerts/3%2F1/acknowledge', own: '1', body: '{"comment":"去看"}' })
    await client.api.session()
    expect(last().own).toBeUndefined()
  })

  it('reports every error of the response in the server\'s text', async () => {
    answer = { status: 422, body: { detail: '有 2 处不对', errors: [{ field: 'to', detail: '没有这个人。' }, { field: 'until', detail: '时间不对。' }] } }
    const problem = await refused(client.api.act('31', 'assign', {}))
    expect([problem.kind, problem.detail]).toEqual(['refused', '没有这个人。时间不对。'])
    answer = { status: 409, body: { detail: '已经结案' } }
    expect((await refused(client.api.act('31', 'close', {}))).detail).toBe('已经结案')
  })

  it('redirects to the login after a 401, except when it loads the session', async () => {
    let sent = 0
    client.whenUnauthorized(() => (sent += 1))
    answer = { status: 401, body: { detail: '未登录' } }
    expect((await refused(client.api.session())).kind).toBe('unauthorized')
    expect(sent).toBe(0)
    await refused(client.api.staff())
    expect(sent).toBe(1)
  })

  it('accepts an empty response, and fails at once without a server', async () => {
    answer = { status: 204, body: null }
    expect(await client.api.leave()).toBeUndefined()
    let isGone = 0
    client.whenUnreachable(() => (isGone += 1))
    globalThis.fetch = () => Promise.reject(new TypeError('no network'))
    expect((await refused(client.api.staff())).kind).toBe('offline')
    expect(isGone).toBe(1)
  })
})

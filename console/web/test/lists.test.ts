import { describe, expect, it } from 'vitest'
import { canonical, fromQuery, parseSaved, same, SAVED_MAX, withSaved, without, type SavedFilter } from '../src/logic/saved-filters'
import { moved } from '../src/logic/table'
import { usePagedList } from '../src/stores/paged-list'

describe('keys in a table', () => {
  it('move by one, begin at an end and never leave the list', () => {
    const ids = ['a', 'b', 'c']
    expect([moved(ids, null, 1), moved(ids, null, -1), moved(ids, 'a', 1), moved(ids, 'c', 1), moved(ids, 'a', -1)]).toEqual(['a', 'c', 'b', 'c', 'a'])
    expect([moved([], null, 1), moved(ids, 'gone', 1)]).toEqual([null, 'a'])
  })
})

describe('saved filters', () => {
  const night: SavedFilter = { name: '夜班', filters: { severity: 'critical' } }

  it('are the same whatever the order of their fields, and empty fields count for nothing', () => {
    expect(same({ a: '1', b: '2', c: '' }, { b: '2', a: '1' })).toBe(true)
    expect(canonical({ b: '', a: '1' })).toEqual({ a: '1' })
  })

  it('replace one of the same name, and lose the oldest beyond the limit', () => {
    expect(withSaved([night], ' 夜班 ', { severity: 'high' })).toEqual([{ name: '夜班', filters: { severity: 'high' } }])
    const many = Array.from({ length: SAVED_MAX }, (_, n) => ({ name: `${n}`, filters: { n: `${n}` } }))
    expect(withSaved(many, 'new', { a: '1' }).map((one) => one.name)).toEqual([...many.slice(1).map((one) => one.name), 'new'])
    expect([withSaved([night], '  ', {}), without([night], '夜班')]).toEqual([[night], []])
  })

  it('that another version of the pages wrote are read as none', () => {
    for (const text of [null, '', '{', '{}', '[1]', '[{"name":1}]', '[{"name":"a","filters":{"b":2}}]']) expect(parseSaved(text)).toEqual([])
    expect(parseSaved(JSON.stringify([night]))).toEqual([night])
  })

  it('come from an address, of known names only', () => {
    expect(fromQuery({ kind: 'door', x: '1', place: ['a', 'b'] }, ['kind', 'place'])).toEqual({ kind: 'door', place: '' })
  })
})

describe('pages of a list', () => {
  const pages: Record<string, { items: string[]; next: string | null }> = {
    '': { items: ['a', 'b'], next: 'p2' },
    p2: { items: ['c'], next: null },
  }

  it('go forward by the cursor and back to the pages before', async () => {
    const list = usePagedList(({ next }) => Promise.resolve(pages[next ?? '']!), 2)
    await list.restart()
    expect([list.rows.value, list.hasNext.value, list.page.value]).toEqual([['a', 'b'], true, 0])
    await list.go(1)
    expect([list.rows.value, list.hasNext.value, list.page.value]).toEqual([['c'], false, 1])
    await list.go(1)
    expect(list.page.value).toBe(1)
    await list.go(-1)
    expect([list.rows.value, list.page.value]).toEqual([['a', 'b'], 0])
  })

  it('show the answer to the last request, whatever comes back when, and keep the rows when one fails', async () => {
    const waiting: Array<(page: { items: string[]; next: null }) => void> = []
    const list = usePagedList<string>(() => new Promise((resolve) => waiting.push(resolve)))
    const [first, second] = [list.restart(), list.restart()]
    waiting[1]?.({ items: ['new'], next: null })
    waiting[0]?.({ items: ['old'], next: null })
    await Promise.all([first, second])
    expect(list.rows.value).toEqual(['new'])
    const failing = usePagedList(() => Promise.reject(new Error('boom')))
    await failing.restart()
    expect([failing.rows.value, failing.trouble.value !== '', failing.loading.value]).toEqual([[], true, false])
  })
})

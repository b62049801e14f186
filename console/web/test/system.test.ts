import { describe, expect, it } from 'vitest'
import type { SystemCheck } from '../src/api/types'
import { zh } from '../src/i18n/zh'
import { figureOf, sizeText, worstFirst } from '../src/logic/system'

const check = (name: SystemCheck['name'], state: SystemCheck['state'], value: number | null = null): SystemCheck => ({ name, state, value, detail: [] })
const disk = { disk_total: 1e12 }

describe('the health of the service', () => {
  it('has what is wrong first, else the order in which a message passes', () => {
    const checks = [check('broker', 'good'), check('backlog', 'watch'), check('disk', 'bad'), check('journal', 'good')]
    expect(worstFirst(checks).map((one) => one.name)).toEqual(['disk', 'backlog', 'broker', 'journal'])
  })

  it('says sizes as disks are sold', () => {
    expect([0, 850, 1_240_000, 82e9, 2.4e12].map(sizeText)).toEqual(['0 B', '850 B', '1.2 MB', '82 GB', '2.4 TB'])
  })

  it('has a figure in words where one is known', () => {
    expect(figureOf(check('backlog', 'watch', 12345), disk, zh)).toBe('12,345 条在排队')
    expect(figureOf(check('disk', 'good', 82e9), disk, zh)).toBe('剩 82 GB（共 1.0 TB）')
    expect(figureOf(check('outbox', 'bad', 360), disk, zh)).toBe('最久等了 6分钟')
    expect(figureOf(check('outbox', 'good', 0), disk, zh)).toBe('没有等着的')
    expect(figureOf(check('drill', 'watch'), disk, zh)).toBe('还没有演练过')
    expect(figureOf(check('backup', 'watch'), disk, zh)).toBe('还没有备份过')
    expect(figureOf(check('backup', 'good', 5), disk, zh)).toBe('5 小时前')
    expect([figureOf(check('broker', 'bad'), disk, zh), figureOf(check('canary', 'watch'), disk, zh)]).toEqual(['', ''])
  })
})

import { describe, expect, it } from 'vitest'
import type { SystemCheck } from '../src/api/types'
import { zh } from '../src/i18n/zh'
import { channelName, providerName } from '../src/i18n'
import { systemFault } from '../src/i18n/system-faults'
import { detailText, figureOf, sizeText, worstFirst } from '../src/logic/system'

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

describe('what is at fault', () => {
  const said = (check: string, line: string) => detailText(check, line, systemFault, { channel: channelName, provider: providerName }, zh, true)

  it('is said in Chinese, with the place in a file and the name of a channel', () => {
    const secret = 'channels.wecom: the environment variable FENGSHAO_WECOM_SECRET is not set; set it, or remove channels.wecom from site.yaml'
    expect(said('settings', secret)).toEqual({ text: 'channels.wecom：缺环境变量 FENGSHAO_WECOM_SECRET，请补上；不用这一项就从 site.yaml 删去 channels.wecom', original: '' })
    expect(said('site', 'places.csv:3:2: level: is missing: write `level: ...`').text).toBe('places.csv 第 3 行第 2 列：level：缺少：请写 `level: ...`')
    expect(said('preflight', 'sms: 阿里云短信：签名未通过审核（AUDIT）')).toEqual({ text: '短信：阿里云短信：签名未通过审核（AUDIT）', original: '' })
    expect(said('broker', '[Errno 111] Connection refused').text).toBe('对方拒绝连接，服务可能没有运行')
    expect(said('backlog', 'bulk: 1200').text).toBe('普通通道 1200 条')
  })

  it('is never an English sentence: what nobody has said in Chinese is kept apart, and names stay names', () => {
    expect(said('canary', 'the flux capacitor is not charged')).toEqual({ text: '原因见程序原文', original: 'the flux capacitor is not charged' })
    expect(said('providers', 'sms aliyun')).toEqual({ text: '短信 阿里云', original: '' })
    expect(said('subscriptions', 'zigbee2mqtt/#: NOT_AUTHORIZED')).toEqual({ text: 'zigbee2mqtt/#: NOT_AUTHORIZED', original: '' })
  })
})

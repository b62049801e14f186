import { describe, expect, it } from 'vitest'
import { PHOTOS_EXPIRE_MS, splitOldPhotos } from '../src/logic/photo-queue'

const taken = (key: string, at: number) => ({ key, alert: '7', by: 'w1', files: [], at })

describe('photos that wait for a network', () => {
  it('keeps them for a day, and no picture of a home longer', () => {
    const [fresh, old] = [taken('a', 1_000), taken('b', 0)]
    expect(splitOldPhotos([fresh, old], PHOTOS_EXPIRE_MS + 1)).toEqual({ current: [fresh], old: [old] })
  })
})

import { expect, test } from 'vitest'
import { photoProblem } from '../src/report/photo-check'

const MAX = 10 * 1024 * 1024
const file = (name: string, type: string, size = 1000) => ({ name, type, size })

test('photos of phones are accepted, HEIC without a type by its name', () => {
  for (const one of [file('a.jpg', 'image/jpeg'), file('a.png', 'image/png'), file('a.heic', 'image/heic'), file('A.HEIC', '')])
    expect(photoProblem(one, MAX)).toBe(null)
})

test('what the server would refuse is told before it is uploaded', () => {
  expect(photoProblem(file('a.svg', 'image/svg+xml'), MAX)).toBe('type')
  expect(photoProblem(file('a.mp4', ''), MAX)).toBe('type')
  expect(photoProblem(file('a.jpg', 'image/jpeg', 0), MAX)).toBe('empty')
  expect(photoProblem(file('a.jpg', 'image/jpeg', MAX + 1), MAX)).toBe('size')
})

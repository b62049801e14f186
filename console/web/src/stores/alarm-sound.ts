/** The sound of this screen: tones of Web Audio, and a mute by a named person that ends by itself. */
import { computed, ref, watch, type WatchStopHandle } from 'vue'
import type { Severity } from '../api/types'
import { BURSTS, isMuted, type Mute, NOTHING_SOUNDED, parseMute, soundStep } from '../logic/alarm-sound'
import { MINUTE } from '../logic/time'
import { readPreference, savePreference } from '../preferences'
import { danger, loaded } from './alerts'
import { now, serverNow } from './clock'
import { lost } from './stream'

const VOLUME = 0.5
const RAMP_S = 0.012
const STORED = 'mute'

const mute = ref<Mute | null>(null)
const isRunning = ref(false)
let context: AudioContext | null = null
let sounded = NOTHING_SOUNDED

/** The browser plays nothing before somebody touched the page (unless it is started with that permission). */
export const isBlocked = computed(() => !isRunning.value)
export const muted = computed(() => (isMuted(mute.value, now.value) ? mute.value : null))

export function muteSound(by: string, minutes: number): void {
  mute.value = { by, until: serverNow() + minutes * MINUTE }
  savePreference(STORED, JSON.stringify(mute.value))
}

export function endMute(): void {
  mute.value = null
  savePreference(STORED, null)
}

/** Called by a touch of the page; harmless when sound is allowed already. */
export async function unblockSound(): Promise<void> {
  context ??= new AudioContext()
  await context.resume()
  isRunning.value = context.state === 'running'
}

export function play(severity: Severity): void {
  if (!context || context.state !== 'running') return
  const { pulses, hz, pulseMs, gapMs } = BURSTS[severity]
  for (let number = 0; number < pulses; number += 1) {
    tone(context, hz, context.currentTime + (number * (pulseMs + gapMs)) / 1000, pulseMs / 1000)
  }
}

function tone(audio: AudioContext, hz: number, at: number, seconds: number): void {
  const oscillator = new OscillatorNode(audio, { type: 'triangle', frequency: hz })
  const gain = new GainNode(audio, { gain: 0 })
  gain.gain.setValueAtTime(0, at)
  gain.gain.linearRampToValueAtTime(VOLUME, at + RAMP_S)
  gain.gain.setValueAtTime(VOLUME, at + seconds - RAMP_S)
  gain.gain.linearRampToValueAtTime(0, at + seconds)
  oscillator.connect(gain).connect(audio.destination)
  oscillator.start(at)
  oscillator.stop(at + seconds)
}

function step(): void {
  if (!loaded.value || !isRunning.value) return
  const next = soundStep(danger.value, sounded, mute.value, serverNow())
  sounded = next.sounded
  if (next.burst) play(next.burst)
}

/** Sounds while the wall is shown; returns what ends it. A lost connection sounds once: nothing is heard after it. */
export function startSound(): () => void {
  // Not when this file is loaded: before the first answer of the server its clock is not known, and a valid mute looked expired.
  mute.value = parseMute(readPreference(STORED), serverNow())
  const stops: WatchStopHandle[] = [
    watch([danger, now], step),
    watch(lost, (isLost) => isLost && play('high')),
  ]
  void tryWithoutTouch()
  const onTouch = (): void => void unblockSound()
  window.addEventListener('pointerdown', onTouch, { once: true })
  window.addEventListener('keydown', onTouch, { once: true })
  return () => {
    for (const stop of stops) stop()
    window.removeEventListener('pointerdown', onTouch)
    window.removeEventListener('keydown', onTouch)
  }
}

/** A context that is made without permission stays suspended, and the browser logs a warning; so it is asked first. */
async function tryWithoutTouch(): Promise<void> {
  if (navigator.userActivation?.hasBeenActive) await unblockSound()
}

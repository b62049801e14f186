import type { Messages } from '../zh'

export const sound: Messages['sound'] = {
  blocked: 'No sound: click to allow it',
  mute: 'Mute',
  unmute: 'Sound on',
  mutedBy: 'Muted by {name} until {time}',
  who: 'Muted by',
  howLong: 'For how long',
  stillCritical: 'A new critical alert still sounds once; the mute ends by itself.',
}

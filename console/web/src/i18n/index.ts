/** The language of the pages, and names of kinds, quantities, channels and roles; unknown ones get a general name. */
import names from 'virtual:kinds'
import { computed, ref, shallowRef } from 'vue'
import { en } from './en'
import { zh, type Messages } from './zh'
import { savePreference, readPreference } from '../preferences'

export type Language = 'zh' | 'en'

export const language = ref<Language>(readPreference('language') === 'en' ? 'en' : 'zh')
export const messages = computed<Messages>(() => (language.value === 'en' ? en : zh))

export function switchLanguage(): void {
  language.value = language.value === 'zh' ? 'en' : 'zh'
  savePreference('language', language.value)
  applyLanguage()
}

export function applyLanguage(): void {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en'
}

export function kindName(kind: string | undefined): string {
  return names.kinds[kind ?? '']?.[language.value] ?? messages.value.desk.device
}

export function quantityName(quantity: string, kind?: string): string {
  const found = names.quantities[`${kind ?? ''}.${quantity}`] ?? names.quantities[quantity]
  const reckoned: Record<string, string> = messages.value.reckoned
  // Evidence of a group rule has the title of another rule: shown as it is.
  return found?.[language.value] ?? reckoned[quantity] ?? (/[^\x00-\x7f]/.test(quantity) ? quantity : messages.value.story.curve)
}

/** The alert's title; in English only where its rule has one. */
export function titleOf(alert: { title: string; title_en?: string | null }): string {
  return (language.value === 'en' && alert.title_en) || alert.title
}

export function channelName(channel: string | null | undefined): string {
  const known: Record<string, string> = messages.value.channel
  if (!channel) return ''
  return known[channel] ?? known[channel.split(/[_:.-]/)[0] ?? ''] ?? messages.value.channel.other
}

/** A provider of a channel; one that the site has named itself is shown by that name. */
export function providerName(provider: string | null | undefined): string {
  const known: Record<string, string> = messages.value.provider
  return known[provider ?? ''] ?? provider ?? ''
}

export function deliveryName(state: string | null | undefined): string {
  const known: Record<string, string> = messages.value.delivery
  return known[state ?? ''] ?? ''
}

export function unitName(unit: string | null | undefined): string {
  const known: Record<string, string> = messages.value.unit
  return known[unit ?? ''] ?? unit ?? ''
}

/** Names of the site's roles, as the session has them. */
export const roleNames = shallowRef<Record<string, { zh: string; en: string }>>({})

export function roleName(role: string | null | undefined): string {
  const named = roleNames.value[role ?? '']
  if (named) return named[language.value]
  const known: Record<string, string> = messages.value.role
  return known[role ?? ''] ?? ''
}

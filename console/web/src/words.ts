/** Which language is shown, and lookups that never show an id: an unknown word becomes a general one. */
import names from 'virtual:kinds'
import { computed, ref } from 'vue'
import { en } from './words.en'
import { zh, type Words } from './words.zh'
import { keep, kept } from './keep'

export type Language = 'zh' | 'en'

export const language = ref<Language>(kept('language') === 'en' ? 'en' : 'zh')
export const words = computed<Words>(() => (language.value === 'en' ? en : zh))

export function switchLanguage(): void {
  language.value = language.value === 'zh' ? 'en' : 'zh'
  keep('language', language.value)
  applyLanguage()
}

export function applyLanguage(): void {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en'
}

export function kindName(kind: string | undefined): string {
  return names.kinds[kind ?? '']?.[language.value] ?? words.value.desk.device
}

export function quantityName(quantity: string, kind?: string): string {
  const found = names.quantities[`${kind ?? ''}.${quantity}`] ?? names.quantities[quantity]
  const reckoned: Record<string, string> = words.value.reckoned
  // The title of another rule, gathered as evidence, stands for itself.
  return found?.[language.value] ?? reckoned[quantity] ?? (/[^\x00-\x7f]/.test(quantity) ? quantity : words.value.story.curve)
}

/** The alert's title; in English only where its rule has one. */
export function titleOf(alert: { title: string; title_en?: string | null }): string {
  return (language.value === 'en' && alert.title_en) || alert.title
}

export function channelName(channel: string | null | undefined): string {
  const known: Record<string, string> = words.value.channel
  if (!channel) return ''
  return known[channel] ?? known[channel.split(/[_:.-]/)[0] ?? ''] ?? words.value.channel.other
}

export function deliveryName(state: string | null | undefined): string {
  const known: Record<string, string> = words.value.delivery
  return known[state ?? ''] ?? ''
}

export function unitName(unit: string | null | undefined): string {
  const known: Record<string, string> = words.value.unit
  return known[unit ?? ''] ?? unit ?? ''
}

export function roleName(role: string | null | undefined): string {
  const known: Record<string, string> = words.value.role
  return known[role ?? ''] ?? ''
}

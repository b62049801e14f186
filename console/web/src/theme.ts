/** Dark or light theme: the wall defaults to dark, the desk and the phone to the setting of the system. */
import { ref } from 'vue'
import { savePreference, readPreference } from './preferences'

export type Theme = 'dark' | 'light'

const prefersLight = (): boolean => window.matchMedia('(prefers-color-scheme: light)').matches

export const theme = ref<Theme>('dark')
let surface = 'wall'

export function applyTheme(of: string): void {
  surface = of
  const chosen = readPreference(`theme.${surface}`)
  const usual: Theme = surface !== 'wall' && prefersLight() ? 'light' : 'dark'
  theme.value = chosen === 'dark' || chosen === 'light' ? chosen : usual
  document.documentElement.dataset.theme = theme.value
}

const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve))

/** Prints the page in the light theme: charts are drawn with the colours of the screen, and drawn again in the next frame. */
export async function printPage(): Promise<void> {
  theme.value = 'light'
  document.documentElement.dataset.theme = 'light'
  await frame()
  await frame()
  window.addEventListener('afterprint', () => applyTheme(surface), { once: true })
  window.print()
}

export function switchTheme(): void {
  savePreference(`theme.${surface}`, theme.value === 'dark' ? 'light' : 'dark')
  applyTheme(surface)
}

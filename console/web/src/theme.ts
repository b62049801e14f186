/** Dark or light: the wall is dark unless somebody chose; the desk and the phone follow the machine. */
import { ref } from 'vue'
import { keep, kept } from './keep'

export type Theme = 'dark' | 'light'

const prefersLight = (): boolean => window.matchMedia('(prefers-color-scheme: light)').matches

export const theme = ref<Theme>('dark')
let surface = 'wall'

export function applyTheme(of: string): void {
  surface = of
  const chosen = kept(`theme.${surface}`)
  const usual: Theme = surface !== 'wall' && prefersLight() ? 'light' : 'dark'
  theme.value = chosen === 'dark' || chosen === 'light' ? chosen : usual
  document.documentElement.dataset.theme = theme.value
}

export function switchTheme(): void {
  keep(`theme.${surface}`, theme.value === 'dark' ? 'light' : 'dark')
  applyTheme(surface)
}

/** A few small choices kept in this browser. A browser that refuses storage only forgets them. */

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`fengshao.${name}`)
  } catch {
    return null // private mode: nothing was kept
  }
}

export function keep(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`fengshao.${name}`)
    else localStorage.setItem(`fengshao.${name}`, value)
  } catch {
    return // private mode: the choice lives as long as the page
  }
}

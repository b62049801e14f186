/** Preferences in local storage. Without storage they last as long as the page. */

export function readPreference(name: string): string | null {
  try {
    return localStorage.getItem(`fengshao.${name}`)
  } catch {
    return null // private mode: nothing is stored
  }
}

export function savePreference(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`fengshao.${name}`)
    else localStorage.setItem(`fengshao.${name}`, value)
  } catch {
    return // private mode: the preference lasts as long as the page
  }
}

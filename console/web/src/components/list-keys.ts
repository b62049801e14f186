/** Keys of a page that are pressed outside its fields. */
import { onBeforeUnmount, onMounted } from 'vue'

const TYPES_TEXT = /^(INPUT|TEXTAREA|SELECT)$/

/** Whether this key press belongs to a field, a dialog or a shortcut of the browser. */
export function typing(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement
  const typed = TYPES_TEXT.test(target.tagName) || target.isContentEditable || target.closest('dialog[open]') !== null
  return typed || event.ctrlKey || event.metaKey || event.altKey
}

/** Runs the command of a key while the component is mounted. A held key repeats only for movements. */
export function useListKeys(commands: Readonly<Record<string, () => void>>): void {
  function onKey(event: KeyboardEvent): void {
    const command = commands[event.key]
    if (!command || typing(event)) return
    command()
    event.preventDefault()
  }
  onMounted(() => window.addEventListener('keydown', onKey))
  onBeforeUnmount(() => window.removeEventListener('keydown', onKey))
}

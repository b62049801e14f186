/** Carries out an action on an alert, or says in one sentence why not. */
import { ref } from 'vue'
import { api } from '../api/client'
import type { ActBody, Action } from '../api/types'
import { problemWords } from '../problem-words'
import { learn } from './book'

export function useAct() {
  const busy = ref(false)
  const trouble = ref('')

  async function act(id: string, action: Action, body: ActBody = {}): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    trouble.value = ''
    try {
      const after = await api.act(id, action, body)
      if (after?.id && after.state) learn(after)
      return true
    } catch (error) {
      trouble.value = problemWords(error)
      return false
    } finally {
      busy.value = false
    }
  }
  return { act, busy, trouble }
}

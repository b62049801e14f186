/** Performs an action on an alert; `errorMessage` is one sentence when the server refuses it. */
import { ref } from 'vue'
import { api } from '../api/client'
import type { ActBody, Action } from '../api/types'
import { problemMessage } from '../i18n/problems'
import { upsertAlert } from './alerts'

export function useAlertAction() {
  const busy = ref(false)
  const errorMessage = ref('')

  async function act(id: string, action: Action, body: ActBody = {}): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    errorMessage.value = ''
    try {
      const updated = await api.act(id, action, body)
      if (updated?.id && updated.state) upsertAlert(updated)
      return true
    } catch (error) {
      errorMessage.value = problemMessage(error)
      return false
    } finally {
      busy.value = false
    }
  }
  return { act, busy, errorMessage }
}

/** A list of the server, one page at a time. The cursors of the pages before are kept, so that there is a way back. */
import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Page } from '../api/types'
import { problemMessage } from '../i18n/problems'

export interface PagedList<T, P extends Page<T>> {
  rows: ComputedRef<T[]>
  /** The page as it came, with what the endpoint adds to it. */
  current: ShallowRef<P | null>
  page: Ref<number>
  hasNext: ComputedRef<boolean>
  loading: Ref<boolean>
  trouble: Ref<string>
  /** The first page: after a filter was changed. */
  restart: () => Promise<void>
  /** The same page again: after an action, or regularly. */
  reload: () => Promise<void>
  go: (by: 1 | -1) => Promise<void>
}

export function usePagedList<T, P extends Page<T> = Page<T>>(
  load: (part: { limit: number; next?: string }) => Promise<P>,
  pageSize = 50,
): PagedList<T, P> {
  const current = shallowRef(null) as ShallowRef<P | null>
  const cursors = ref<Array<string | undefined>>([undefined])
  const loading = ref(false)
  const trouble = ref('')
  let latest = 0

  async function show(wanted: Array<string | undefined>): Promise<void> {
    const request = (latest += 1)
    loading.value = true
    try {
      const found = await load({ limit: pageSize, next: wanted[wanted.length - 1] })
      if (request !== latest) return // a newer request is under way
      current.value = found
      cursors.value = wanted
      trouble.value = ''
    } catch (error) {
      if (request === latest) trouble.value = problemMessage(error)
    }
    if (request === latest) loading.value = false
  }

  return {
    rows: computed(() => current.value?.items ?? []),
    current,
    page: computed(() => cursors.value.length - 1),
    hasNext: computed(() => Boolean(current.value?.next)),
    loading,
    trouble,
    restart: () => show([undefined]),
    reload: () => show(cursors.value),
    go: async (by) => {
      if (by < 0) await show(cursors.value.slice(0, Math.max(1, cursors.value.length - 1)))
      else if (current.value?.next) await show([...cursors.value, current.value.next])
    },
  }
}

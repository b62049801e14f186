/** A long job of the rule tools as a panel follows it: started, asked after, cancelled, found again after a reload. */
import { computed, onBeforeUnmount, onMounted, ref, shallowRef } from 'vue'
import { rulesApi, type RuleJob } from '../api/rules'
import { problemMessage } from '../i18n/problems'

const POLL_MS = 700

export function useJob(tool: RuleJob['tool'], book: string) {
  const job = shallowRef<RuleJob | null>(null)
  const trouble = ref('')
  const busy = ref(false)
  const running = computed(() => job.value?.state === 'running')
  let timer: ReturnType<typeof setTimeout> | undefined

  async function follow(id: string): Promise<void> {
    let again = false
    try {
      job.value = await rulesApi.job(id)
      trouble.value = ''
      again = running.value
    } catch (error) {
      trouble.value = problemMessage(error)
      again = running.value
    }
    if (again) timer = setTimeout(() => follow(id), POLL_MS)
  }
  /** The newest job of this tool for this rulebook, which goes on at the service whoever started it. */
  async function find(): Promise<void> {
    try {
      const found = (await rulesApi.jobs()).find((one) => one.tool === tool && one.book === book)
      if (found && !job.value && !busy.value) await follow(found.id)
    } catch (error) {
      trouble.value = problemMessage(error)
    }
  }
  async function run(start: () => Promise<RuleJob>): Promise<void> {
    clearTimeout(timer)
    busy.value = true
    trouble.value = ''
    try {
      job.value = await start()
      timer = setTimeout(follow, POLL_MS, job.value.id)
    } catch (error) {
      trouble.value = problemMessage(error)
    } finally {
      busy.value = false
    }
  }
  async function cancel(): Promise<void> {
    const id = job.value?.id
    if (!id) return
    clearTimeout(timer)
    try {
      job.value = await rulesApi.cancel(id)
    } catch (error) {
      trouble.value = problemMessage(error)
      timer = setTimeout(follow, POLL_MS, id)
    }
  }
  onMounted(find)
  onBeforeUnmount(() => clearTimeout(timer))
  return { job, trouble, busy, running, run, cancel }
}

/** Rulebooks: lists, texts, checks, trials, backtests, publishing. */
import { all, http, patientHttp, unwrap } from './client'
import type {
  CheckResult,
  Explanation,
  PublishResult,
  Rule,
  RuleActivity,
  Rulebook,
  RulebookSource,
  RulebookVersion,
  RulebookVersionText,
  TestResult,
  paths,
} from './schema'

export type { CheckResult, Explanation, PublishResult, Rule, RuleActivity, Rulebook, RulebookSource, RulebookVersion, TestResult }
export type RuleJob = Awaited<ReturnType<typeof rulesApi.job>>
export type RulebookFault = CheckResult['faults'][number]
export type RuleStatistics = NonNullable<RuleJob['result']>['rules'][number]
export type TrialResult = TestResult['results'][number]
type PublishBody = paths['/api/v1/rules/books/{book}']['put']['requestBody']['content']['application/json']
type RemoveBody = paths['/api/v1/rules/books/{book}/remove']['post']['requestBody']['content']['application/json']

export interface RulebookTexts {
  text: string
  trials: string
}

const files = (book: string, { text, trials }: RulebookTexts): Array<{ name: string; text: string }> => [
  { name: `${book}.yaml`, text },
  ...(trials.trim() ? [{ name: `${book}_test.yaml`, text: trials }] : []),
]
const matching = (etag: string | null): { headers?: Record<string, string> } => (etag ? { headers: { 'if-match': `"${etag}"` } } : {})

export const rulesApi = {
  rules: async (): Promise<Rule[]> => (await unwrap(http.GET('/api/v1/rules'))).items,
  activity: async (days: number): Promise<RuleActivity[]> =>
    (await unwrap(http.GET('/api/v1/rules/activity', { params: { query: { days } } }))).items,
  books: async (): Promise<Rulebook[]> => (await unwrap(http.GET('/api/v1/rules/books'))).items,
  book: (book: string): Promise<RulebookSource> => unwrap(http.GET('/api/v1/rules/books/{book}', { params: { path: { book } } })),
  template: async (name: string): Promise<RulebookTexts> => {
    const { books } = await unwrap(http.GET('/api/v1/rules/new', { params: { query: { name } } }))
    return { text: books[0]?.text ?? '', trials: books[1]?.text ?? '' }
  },
  schema: (of: 'rulebook' | 'trials'): Promise<Record<string, unknown>> =>
    unwrap(http.GET('/api/v1/rules/schema', { params: { query: { of } } })) as Promise<Record<string, unknown>>,
  check: (book: string, texts: RulebookTexts): Promise<CheckResult> =>
    unwrap(patientHttp.POST('/api/v1/rules/check', { body: { books: files(book, texts) } })),
  test: (book: string, texts: RulebookTexts): Promise<TestResult> =>
    unwrap(patientHttp.POST('/api/v1/rules/test', { body: { books: files(book, texts), names: [] } })),
  publish: (book: string, etag: string | null, body: PublishBody): Promise<PublishResult> =>
    unwrap(patientHttp.PUT('/api/v1/rules/books/{book}', { params: { path: { book } }, body, ...matching(etag) })),
  remove: (book: string, etag: string, body: RemoveBody): Promise<PublishResult> =>
    unwrap(patientHttp.POST('/api/v1/rules/books/{book}/remove', { params: { path: { book } }, body, ...matching(etag) })),
  versions: (book: string): Promise<RulebookVersion[]> =>
    all((query) => http.GET('/api/v1/rules/books/{book}/versions', { params: { path: { book }, query } }), 2),
  version: (book: string, number: number): Promise<RulebookVersionText> =>
    unwrap(http.GET('/api/v1/rules/books/{book}/versions/{number}', { params: { path: { book, number } } })),
  /** The text against the one in force, over the last days. */
  backtest: (book: string, text: string, since: string, against: string | null) =>
    unwrap(patientHttp.POST('/api/v1/rules/backtest', { body: { book: { name: `${book}.yaml`, text }, against, since } })),
  /** The text against the one in force, in a simulated town. */
  score: (book: string, text: string, days: number, faults: boolean) =>
    unwrap(patientHttp.POST('/api/v1/rules/score', { body: { book: { name: `${book}.yaml`, text }, days, faults } })),
  /** The last jobs, newest first, without their results. */
  jobs: async () => (await unwrap(http.GET('/api/v1/rules/jobs'))).items,
  job: (job_id: string) => unwrap(http.GET('/api/v1/rules/jobs/{job_id}', { params: { path: { job_id } } })),
  cancel: (job_id: string) => unwrap(http.DELETE('/api/v1/rules/jobs/{job_id}', { params: { path: { job_id } } })),
  explain: (name: string, device: string, at?: string): Promise<Explanation> =>
    unwrap(patientHttp.GET('/api/v1/rules/{name}/explain', { params: { path: { name }, query: { device, at } } })),
}

/** Import of a spreadsheet: what is sent of a file, and what a sample looks like. Pure. */

export type ImportedTable = 'duties' | 'people'

/** What fits into one request with its base64 form (1 MiB). */
export const FILE_BYTES_MAX = 700 * 1024

const SAMPLES: Record<ImportedTable, readonly (readonly string[])[]> = {
  duties: [
    ['网格', '岗位', '人员', '顺位', '星期', '上班', '下班', '开始', '截止'],
    ['第三网格', '网格员', '张三', '正', '周一至周五', '08:00', '20:00', '2026-12-01', '2026-12-31'],
    ['第三网格', '网格员', '李四', '副', '', '', '', '', ''],
  ],
  people: [
    ['编号', '姓名', '手机', '企业微信', '住址'],
    ['w-zhang', '张三', '19900000001', 'zhangsan', ''],
  ],
}

/** A sample as CSV that Excel opens in Chinese: with a byte order mark. */
export const sampleCsv = (table: ImportedTable): string => `\ufeff${SAMPLES[table].map((row) => row.join(',')).join('\r\n')}\r\n`

/** Bytes as base64. In parts: a call takes no million arguments. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let start = 0; start < bytes.length; start += 8192) text += String.fromCharCode(...bytes.subarray(start, start + 8192))
  return btoa(text)
}

/** `上班 08:00 → 09:00`, of a new record `上班 08:00`, of a removed one likewise. */
export const fieldText = (field: { field: string; before: string; after: string }): string =>
  field.before && field.after ? `${field.field} ${field.before} → ${field.after}` : field.after ? `${field.field} ${field.after}` : `${field.field} ${field.before} → ∅`

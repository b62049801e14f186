/** Import of people and roster lines from a spreadsheet: shown first, then imported as it was shown. */
import type { ImportedTable } from '../logic/table-import'
import { patientHttp, unwrap } from './client'
import type { ImportPreview, ImportedTable as Imported, paths } from './schema'

export type { ImportPreview, Imported }
export type ImportBody = paths['/api/v1/imports/{table}']['post']['requestBody']['content']['application/json']

export const importsApi = {
  preview: (table: ImportedTable, body: ImportBody): Promise<ImportPreview> =>
    unwrap(patientHttp.POST('/api/v1/imports/{table}/preview', { params: { path: { table } }, body })),
  apply: (table: ImportedTable, body: ImportBody): Promise<Imported> =>
    unwrap(patientHttp.POST('/api/v1/imports/{table}', { params: { path: { table } }, body })),
}

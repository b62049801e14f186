/** What is said of parts of the service that cannot be used, in the language shown. */
import ruleTemplates from './zh/rule-faults.json'
import templates from './zh/system-faults.json'
import { translator, type Template } from '../logic/rule-faults'
import { language } from '.'

const ofSystem = translator(templates as unknown as readonly Template[])
/** Faults of the site's files share sentences with those of rulebooks. */
const ofFiles = translator(ruleTemplates as unknown as readonly Template[])
/** A field before its fault. */
const AFTER_A_FIELD = /^([\w.[\]]+): (.+)$/s

export function systemFault(message: string): string {
  if (language.value !== 'zh') return message
  const said = ofSystem(message)
  if (said !== message) return said
  const [, field = '', fault = ''] = AFTER_A_FIELD.exec(message) ?? []
  const ofField = ofFiles(fault)
  return field && ofField !== fault ? `${field}：${ofField}` : ofFiles(message)
}

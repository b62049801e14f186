/** Faults of rulebooks in the language shown. */
import templates from './zh/rule-faults.json'
import { translator, type Template } from '../logic/rule-faults'
import { language } from '.'

const inChinese = translator(templates as unknown as readonly Template[])

export const ruleFault = (message: string): string => (language.value === 'zh' ? inChinese(message) : message)

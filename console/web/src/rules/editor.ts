/** A CodeMirror editor of YAML with completion and faults. Loaded only by the page of a rulebook. */
import { autocompletion, completionKeymap, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint'
import { unifiedMergeView } from '@codemirror/merge'
import { Compartment, EditorState, type Extension, Text } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { completionsFor, placeAt, type Schema } from '../logic/schema-completion'
import type { TextFault } from '../logic/rulebook'

export interface EditorOptions {
  parent: HTMLElement
  text: string
  label: string
  readOnly: boolean
  schema: Schema
  /** Words of conditions: quantities of the kinds and functions, with what they mean. */
  words: ReadonlyArray<{ label: string; detail: string }>
  onChange: (text: string) => void
}

/** Keys whose value is a condition: names of quantities are offered there. */
const CONDITIONS = new Set(['when', 'clear', 'only_if', 'event', 'cancel'])

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--text)', fontWeight: '600' },
  { tag: tags.comment, color: 'var(--muted)' },
  { tag: [tags.number, tags.bool], color: 'var(--low)' },
])

const THEME = EditorView.theme({
  '&': { height: '100%', fontSize: '14px', background: 'var(--panel)', color: 'var(--text)' },
  '.cm-scroller': { fontFamily: "ui-monospace, 'Noto Sans Mono CJK SC', Consolas, monospace", lineHeight: '1.6' },
  '.cm-gutters': { background: 'var(--panel)', color: 'var(--muted)', border: 'none' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused': { outline: '2px solid var(--text)', outlineOffset: '-2px' },
  '.cm-activeLine, .cm-activeLineGutter': { background: 'var(--raised)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--line)' },
  '.cm-tooltip': { background: 'var(--panel)', color: 'var(--text)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { background: 'var(--text)', color: 'var(--page)' },
  '.cm-completionDetail': { fontStyle: 'normal', opacity: '0.75' },
  '.cm-deletedChunk': { background: 'color-mix(in srgb, var(--critical) 16%, transparent)' },
  '.cm-changedLine, .cm-insertedLine': { background: 'color-mix(in srgb, var(--good) 16%, transparent)' },
})

function completions(options: EditorOptions) {
  return (context: CompletionContext): CompletionResult | null => {
    const place = placeAt(context.state.doc.toString(), context.pos)
    const before = context.matchBefore(/[\w.-]*/)
    if (!context.explicit && !before?.text) return null
    const from = before?.from ?? context.pos
    if (place.key !== null && CONDITIONS.has(place.key)) {
      return { from, options: options.words.map((word) => ({ ...word, type: 'variable' })), validFor: /^[\w.]*$/ }
    }
    const found = completionsFor(options.schema, place)
    if (!found.length) return null
    return {
      from,
      options: found.map((one) => ({
        label: one.label,
        apply: one.kind === 'key' ? `${one.label}: ` : one.label,
        detail: one.detail,
        type: one.kind === 'key' ? 'property' : 'enum',
        boost: one.required ? 1 : 0,
      })),
      validFor: /^[\w-]*$/,
    }
  }
}

export class RulebookEditor {
  private readonly view: EditorView
  private readonly comparison = new Compartment()

  constructor(options: EditorOptions) {
    // In a shadow root CodeMirror adopts its style sheets; in the page it would add style elements, which our policy forbids.
    const root = options.parent.attachShadow({ mode: 'open' })
    const extensions: Extension[] = [
      lineNumbers(),
      lintGutter(),
      history(),
      drawSelection(),
      bracketMatching(),
      highlightActiveLine(),
      indentUnit.of('  '),
      yaml(),
      syntaxHighlighting(COLOURS),
      autocompletion({ override: [completions(options)] }),
      // Tab is not bound: it moves the focus on, as in every other field.
      keymap.of([...completionKeymap, ...lintKeymap, ...defaultKeymap, ...historyKeymap]),
      EditorView.contentAttributes.of({ 'aria-label': options.label, tabindex: '0' }),
      EditorView.lineWrapping,
      EditorView.updateListener.of((update) => {
        if (update.docChanged) options.onChange(update.state.doc.toString())
      }),
      this.comparison.of([]),
      THEME,
    ]
    if (options.readOnly) extensions.push(EditorState.readOnly.of(true))
    this.view = new EditorView({ state: EditorState.create({ doc: options.text, extensions }), parent: root as unknown as HTMLElement, root })
  }

  get text(): string {
    return this.view.state.doc.toString()
  }

  /** Replaces the whole text, as one step that can be undone. */
  replace(text: string): void {
    if (text === this.text) return
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } })
  }

  showFaults(faults: readonly TextFault[]): void {
    const doc = this.view.state.doc
    const diagnostics = faults.filter((fault) => fault.line > 0 && fault.line <= doc.lines).map((fault): Diagnostic => {
      const line = doc.line(fault.line)
      const from = Math.min(line.from + fault.column - 1, line.to)
      return { from, to: line.to > from ? line.to : from, severity: 'error', message: fault.message }
    })
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics))
  }

  /** Shows what differs from another text; null shows the text alone. */
  compare(original: string | null): void {
    const extension =
      original === null ? [] : unifiedMergeView({ original: Text.of(original.split('\n')), mergeControls: false, gutter: false, collapseUnchanged: { margin: 3, minSize: 6 } })
    this.view.dispatch({ effects: this.comparison.reconfigure(extension) })
  }

  /** Puts the cursor there and scrolls to it. */
  goTo(line: number, column = 1): void {
    const found = this.view.state.doc.line(Math.min(Math.max(line, 1), this.view.state.doc.lines))
    const anchor = Math.min(found.from + column - 1, found.to)
    this.view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'start', yMargin: 40 }) })
    this.view.focus()
  }

  destroy(): void {
    this.view.destroy()
  }
}

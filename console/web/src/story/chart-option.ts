/** How a curve is drawn, as an ECharts option. Pure: colours, words and zone are arguments. */
import type { EChartsCoreOption } from 'echarts/core'
import type { Severity } from '../api/types'
import { ROOM, scale, type Curve } from '../pure/curve'
import { clock, clockSeconds, fill, type Instant } from '../pure/time'

const FONT = '"PingFang SC", "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif'

export interface Drawing {
  onset: Instant | null
  zone: string
  colours: { text: string; muted: string; line: string; panel: string; severity: Record<Severity, string> }
  words: { onset: string; threshold: string; yes: string; no: string }
}

export function chartOption(curve: Curve, drawing: Drawing): EChartsCoreOption {
  const { colours, onset } = drawing
  const axis = axisOf(curve)
  return {
    animation: false,
    grid: { left: 48, right: 84, top: 32, bottom: 28 },
    textStyle: { fontFamily: FONT, fontSize: 14 },
    tooltip: tooltip(curve, drawing),
    xAxis: {
      type: 'time',
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
      splitLine: { show: false },
      splitNumber: 5,
      min: (range: { min: number }) => (onset === null ? range.min : Math.min(range.min, onset - ROOM)),
      max: (range: { max: number }) => Math.max(range.max, (onset ?? 0) + ROOM),
      axisLabel: { color: colours.muted, fontSize: 14, hideOverlap: true, formatter: (at: number) => clock(at, drawing.zone) },
    },
    yAxis: {
      type: 'value',
      ...axis,
      splitNumber: 3,
      splitLine: { lineStyle: { color: colours.line } },
      axisLabel: { color: colours.muted, fontSize: 14, formatter: (y: number) => label(curve, drawing, y) },
    },
    series: [
      {
        type: 'line',
        data: curve.points,
        step: curve.verdict ? 'end' : false,
        showSymbol: curve.points.length < 16,
        symbolSize: 5,
        lineStyle: { color: colours.text, width: 2 },
        itemStyle: { color: colours.text },
        markLine: { symbol: 'none', silent: true, animation: false, data: lines(curve, drawing) },
      },
    ],
  }
}

/** From nought where that is near; a meter's total or a pulse keeps its own range. */
function axisOf(curve: Curve): object {
  if (curve.verdict) return { min: 0, max: 1, interval: 1 }
  const values = [...curve.points.map((point) => point[1]), ...curve.lines.map((line) => line.value)]
  const least = Math.min(...values)
  if (least < 0 || least > Math.max(...values) * 0.5) return { scale: true }
  const { top, step } = scale(values)
  return { min: 0, max: top, interval: step }
}

function label(curve: Curve, drawing: Drawing, y: number): string {
  if (curve.verdict) return y >= 1 ? drawing.words.yes : drawing.words.no
  return String(y)
}

function tooltip(curve: Curve, { colours, zone, words }: Drawing): object {
  return {
    trigger: 'axis',
    backgroundColor: colours.panel,
    borderColor: colours.line,
    textStyle: { color: colours.text },
    axisPointer: { lineStyle: { color: colours.muted } },
    formatter: (shown: Array<{ value: [number, number] }>) => {
      const point = shown[0]?.value
      if (!point) return ''
      const value = curve.verdict ? (point[1] ? words.yes : words.no) : `${point[1]} ${curve.unit}`
      return `${clockSeconds(point[0], zone)}　${value}`
    },
  }
}

function lines(curve: Curve, { onset, colours, words, zone }: Drawing): object[] {
  const said = (formatter: string): object => ({ formatter, color: colours.text, fontSize: 14, position: 'end' })
  const drawn: object[] = curve.lines.map((line) => ({
    yAxis: line.value,
    lineStyle: { color: colours.severity[line.severity], type: 'dashed', width: 1.5 },
    label: said(fill(words.threshold, { value: line.value })),
  }))
  if (onset !== null) {
    const lineStyle = { color: colours.text, type: 'solid', width: 1 }
    drawn.push({ xAxis: onset, lineStyle, label: said(`${words.onset} ${clock(onset, zone)}`) })
  }
  return drawn
}

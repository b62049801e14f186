/** How a curve is drawn, as an ECharts option. Pure: colours, labels and zone are arguments. */
import type { EChartsCoreOption } from 'echarts/core'
import type { Severity } from '../api/types'
import { ROOM, scale, type Curve } from '../logic/curve'
import { clock, clockSeconds, fill, type Instant } from '../logic/time'

const FONT = '"PingFang SC", "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif'

export interface Drawing {
  onset: Instant | null
  zone: string
  colours: { text: string; muted: string; line: string; panel: string; severity: Record<Severity, string> }
  labels: { onset: string; threshold: string; yes: string; no: string }
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
  if (curve.verdict) return y >= 1 ? drawing.labels.yes : drawing.labels.no
  return String(y)
}

function tooltip(curve: Curve, { colours, zone, labels }: Drawing): object {
  return {
    trigger: 'axis',
    backgroundColor: colours.panel,
    borderColor: colours.line,
    textStyle: { color: colours.text },
    axisPointer: { lineStyle: { color: colours.muted } },
    formatter: (shown: Array<{ value: [number, number] }>) => {
      const point = shown[0]?.value
      if (!point) return ''
      const value = curve.verdict ? (point[1] ? labels.yes : labels.no) : `${point[1]} ${curve.unit}`
      return `${clockSeconds(point[0], zone)}　${value}`
    },
  }
}

function lines(curve: Curve, { onset, colours, labels, zone }: Drawing): object[] {
  const labelOf = (formatter: string): object => ({ formatter, color: colours.text, fontSize: 14, position: 'end' })
  const drawn: object[] = curve.lines.map((line) => ({
    yAxis: line.value,
    lineStyle: { color: colours.severity[line.severity], type: 'dashed', width: 1.5 },
    label: labelOf(fill(labels.threshold, { value: line.value })),
  }))
  if (onset !== null) {
    const lineStyle = { color: colours.text, type: 'solid', width: 1 }
    drawn.push({ xAxis: onset, lineStyle, label: labelOf(`${labels.onset} ${clock(onset, zone)}`) })
  }
  return drawn
}

/** How a year of a quantity is drawn, as an ECharts option. Pure: colours, labels, zone and now are arguments. */
import type { EChartsCoreOption } from 'echarts/core'
import type { Severity } from '../api/types'
import type { withGaps } from '../logic/rollups'
import type { Threshold } from '../logic/thresholds'
import { clock, DAY, fill, when, date, type DayWords, type Instant } from '../logic/time'

const FONT = '"PingFang SC", "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif'

export interface HistoryDrawing {
  buckets: ReturnType<typeof withGaps>
  verdict: boolean
  unit: string
  lines: readonly Threshold[]
  range: readonly [Instant, Instant]
  zone: string
  now: Instant
  colours: { text: string; muted: string; line: string; panel: string; severity: Record<Severity, string> }
  labels: { mean: string; range: string; threshold: string; yes: string; no: string; day: DayWords }
}

export function historyOption(drawing: HistoryDrawing): EChartsCoreOption {
  const { colours, buckets, verdict } = drawing
  const axisLabel = { color: colours.muted, fontSize: 14 }
  const band = { type: 'line', stack: 'band', symbol: 'none', silent: true, lineStyle: { opacity: 0 }, step: verdict ? 'end' : false }
  return {
    animation: false,
    grid: { left: 56, right: 72, top: 24, bottom: 76 },
    textStyle: { fontFamily: FONT, fontSize: 14 },
    tooltip: tooltip(drawing),
    xAxis: {
      type: 'time',
      min: drawing.range[0],
      max: drawing.range[1],
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: { ...axisLabel, hideOverlap: true, formatter: (at: number) => axisTime(at, drawing) },
    },
    yAxis: {
      type: 'value',
      scale: true,
      ...(verdict ? { min: 0, max: 1, interval: 1 } : {}),
      ...(drawing.unit === '%' ? { max: 100 } : {}),
      splitNumber: 4,
      splitLine: { lineStyle: { color: colours.line } },
      axisLabel: { ...axisLabel, formatter: (y: number) => (verdict ? verdictText(y, drawing) : String(y)) },
    },
    dataZoom: [
      { type: 'inside', filterMode: 'none', zoomOnMouseWheel: true },
      {
        type: 'slider',
        filterMode: 'none',
        height: 28,
        bottom: 12,
        brushSelect: false,
        moveHandleSize: 0,
        showDetail: false,
        borderColor: colours.line,
        dataBackground: { lineStyle: { color: colours.muted }, areaStyle: { color: colours.muted, opacity: 0.2 } },
        handleStyle: { color: colours.panel, borderColor: colours.text },
        fillerColor: 'rgba(127, 127, 127, 0.15)',
      },
    ],
    series: [
      { ...band, name: 'low', data: buckets.map(([at, low]) => [at, low]) },
      {
        ...band,
        name: 'band',
        data: buckets.map(([at, low, , high]) => [at, low === null || high === null ? null : high - low]),
        areaStyle: { color: colours.text, opacity: 0.18 },
      },
      {
        type: 'line',
        name: 'mean',
        data: buckets.map(([at, , mean]) => [at, mean]),
        step: verdict ? 'end' : false,
        symbol: 'circle',
        showSymbol: buckets.length < 16,
        symbolSize: 5,
        lineStyle: { color: colours.text, width: 1.5 },
        itemStyle: { color: colours.text },
        markLine: { symbol: 'none', silent: true, animation: false, data: markLines(drawing) },
      },
    ],
  }
}

/** The day where the period is longer than two, else the time of day. */
function axisTime(at: Instant, { range, zone, now, labels }: HistoryDrawing): string {
  return range[1] - range[0] > 2 * DAY ? date(at, now, zone, labels.day) : clock(at, zone)
}

function verdictText(y: number, { labels }: HistoryDrawing): string {
  return y >= 1 ? labels.yes : labels.no
}

const round = (value: number): number => Number(value.toPrecision(4))

function tooltip(drawing: HistoryDrawing): object {
  const { colours, zone, now, labels, unit, verdict, buckets } = drawing
  const byTime = new Map(buckets.map((bucket) => [bucket[0], bucket]))
  return {
    trigger: 'axis',
    backgroundColor: colours.panel,
    borderColor: colours.line,
    textStyle: { color: colours.text },
    axisPointer: { lineStyle: { color: colours.muted } },
    formatter: (shown: Array<{ value: [number, number | null] }>) => {
      const bucket = byTime.get(shown[0]?.value[0] ?? -1)
      if (!bucket || bucket[1] === null) return ''
      const [at, low, mean, high] = bucket
      const time = when(at, now, zone, labels.day)
      if (verdict) return `${time}　${verdictText(high, drawing)}`
      const middle = fill(labels.mean, { value: `${round(mean)} ${unit}` })
      return `${time}<br>${middle}<br>${fill(labels.range, { min: round(low), max: round(high) })}`
    },
  }
}

function markLines({ lines, colours, labels }: HistoryDrawing): object[] {
  return lines.map((line) => ({
    yAxis: line.value,
    lineStyle: { color: colours.severity[line.severity], type: 'dashed', width: 1.5 },
    label: { formatter: fill(labels.threshold, { value: line.value }), color: colours.text, fontSize: 14, position: 'end' },
  }))
}

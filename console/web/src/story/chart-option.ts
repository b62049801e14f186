/** How a curve is drawn, as an ECharts option. Pure: colours, words and zone are arguments. */
import type { EChartsCoreOption } from 'echarts/core'
import { top, type Curve } from '../pure/curve'
import { clock, clockSeconds, fill, type Instant } from '../pure/time'

export interface Drawing {
  onset: Instant | null
  zone: string
  colours: { text: string; muted: string; line: string; panel: string; danger: string }
  words: { onset: string; threshold: string; yes: string; no: string }
}

export function chartOption(curve: Curve, drawing: Drawing): EChartsCoreOption {
  const { colours } = drawing
  return {
    animation: false,
    grid: { left: 48, right: 76, top: 28, bottom: 28 },
    textStyle: { fontFamily: 'inherit' },
    tooltip: tooltip(curve, drawing),
    xAxis: {
      type: 'time',
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
      splitLine: { show: false },
      splitNumber: 5,
      axisLabel: { color: colours.muted, hideOverlap: true, formatter: (at: number) => clock(at, drawing.zone) },
    },
    yAxis: {
      type: 'value',
      min: (range: { min: number }) => (range.min < 0 ? Math.floor(range.min) : floor(curve)),
      max: curve.verdict ? 1 : ceiling(curve),
      interval: curve.verdict ? 1 : undefined,
      splitNumber: 3,
      splitLine: { lineStyle: { color: colours.line } },
      axisLabel: { color: colours.muted, formatter: (y: number) => label(curve, drawing, y) },
    },
    series: [
      {
        type: 'line',
        data: curve.points,
        step: curve.verdict ? 'end' : false,
        showSymbol: curve.points.length < 40,
        symbolSize: 5,
        lineStyle: { color: colours.text, width: 2 },
        itemStyle: { color: colours.text },
        markLine: { symbol: 'none', silent: true, animation: false, data: lines(curve, drawing) },
      },
    ],
  }
}

/** A meter's total or a pulse does not start at nought: leave room below, but keep nought where it is near. */
function floor(curve: Curve): number {
  const values = [...curve.points.map((point) => point[1]), ...(curve.limit === null ? [] : [curve.limit])]
  const least = Math.min(...values)
  const most = Math.max(...values)
  return curve.verdict || least < most * 0.5 ? 0 : Math.floor(least - (most - least || most * 0.1) * 0.2)
}

function ceiling(curve: Curve): number | undefined {
  return floor(curve) > 0
    ? undefined
    : top(
        curve.points.map((point) => point[1]),
        curve.limit,
      )
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
  const drawn: object[] = []
  if (curve.limit !== null) {
    drawn.push({
      yAxis: curve.limit,
      lineStyle: { color: colours.danger, type: 'dashed', width: 1.5 },
      label: { formatter: fill(words.threshold, { value: curve.limit }), color: colours.text, position: 'end' },
    })
  }
  if (onset !== null) {
    drawn.push({
      xAxis: onset,
      lineStyle: { color: colours.text, type: 'solid', width: 1 },
      label: { formatter: `${words.onset} ${clock(onset, zone)}`, color: colours.text, position: 'end' },
    })
  }
  return drawn
}

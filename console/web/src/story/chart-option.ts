/** How a curve is drawn, as an ECharts option. Pure: colours, words and zone are arguments. */
import type { EChartsCoreOption } from 'echarts/core'
import { ROOM, scale, type Curve } from '../pure/curve'
import { clock, clockSeconds, fill, type Instant } from '../pure/time'

const FONT = '"PingFang SC", "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif'

export interface Drawing {
  onset: Instant | null
  zone: string
  colours: { text: string; muted: string; line: string; panel: string; danger: string }
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
        showSymbol: curve.points.length < 40,
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
  const values = [...curve.points.map((point) => point[1]), ...(curve.limit === null ? [] : [curve.limit])]
  const least = Math.min(...values)
  if (least < 0 || least > Math.max(...values) * 0.5) return { scale: true }
  const { top, step } = scale(values, curve.limit)
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
  const drawn: object[] = []
  if (curve.limit !== null) {
    drawn.push({
      yAxis: curve.limit,
      lineStyle: { color: colours.danger, type: 'dashed', width: 1.5 },
      label: { formatter: fill(words.threshold, { value: curve.limit }), color: colours.text, fontSize: 14, position: 'end' },
    })
  }
  if (onset !== null) {
    drawn.push({
      xAxis: onset,
      lineStyle: { color: colours.text, type: 'solid', width: 1 },
      label: { formatter: `${words.onset} ${clock(onset, zone)}`, color: colours.text, fontSize: 14, position: 'end' },
    })
  }
  return drawn
}

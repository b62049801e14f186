/** A place of the map for screen readers: 3栋，紧急，2 起，搁置 1 起. */
import type { MapPlace } from '../logic/place-map'
import { fill } from '../logic/time'
import { messages } from '../i18n'

export function placeLabel(place: MapPlace): string {
  const texts = messages.value.wall
  const parts = [place.name]
  if (place.worst) parts.push(messages.value.severity[place.worst.severity], fill(texts.counts, { n: place.open }))
  if (place.stale) parts.push(fill(texts.staleCount, { n: place.stale }))
  if (place.shelved) parts.push(fill(texts.shelvedCount, { n: place.shelved }))
  return parts.join(messages.value.clause)
}

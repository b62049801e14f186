/** How large a tile may be, so that the whole area fits on one wall without scrolling. */

export type Density = 'wide' | 'middle' | 'dense'

/** So many compounds can be drawn with their buildings; of more, the quiet ones are one tile each. */
export const MOST_GROUPS = 60

export const isDistrict = (groups: number): boolean => groups > MOST_GROUPS

export function density(tiles: number, groups: number): Density {
  // A group costs about as much height as six tiles of its own row.
  const weight = tiles + groups * 6
  if (weight <= 120) return 'wide'
  return weight <= 260 ? 'middle' : 'dense'
}

/** How large a tile may be, so that the whole area fits on one wall without scrolling. */

export type Density = 'wide' | 'middle' | 'dense'

/** Up to this number compounds are drawn with their buildings; above it those without alerts are one tile each. */
export const DETAILED_GROUPS_MAX = 60

export const isDistrict = (groups: number): boolean => groups > DETAILED_GROUPS_MAX

export function density(tiles: number, groups: number): Density {
  // A group costs about as much height as six tiles of its own row.
  const weight = tiles + groups * 6
  if (weight <= 120) return 'wide'
  return weight <= 260 ? 'middle' : 'dense'
}

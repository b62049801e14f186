/** Where an address may break into lines: between its parts, never inside a number. */

/** 枫林苑3栋2单元402 -> 枫林苑 | 3栋 | 2单元 | 402 */
export function parts(address: string): string[] {
  return address.split(/(?<=[^\dA-Za-z\s-])(?=[\dA-Za-z])|\s+/).filter(Boolean)
}

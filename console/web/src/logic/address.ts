/** Splits an address into parts between which a line may break, never inside a number. */

/** 枫林苑3栋2单元402 -> 枫林苑 | 3栋 | 2单元 | 402 */
export function addressParts(address: string): string[] {
  return address.split(/(?<=[^\dA-Za-z\s-])(?=[\dA-Za-z])|\s+/).filter(Boolean)
}

// An ECMAScript module.
const scale = 10;

export function decodeUplink(input) {
  return { data: { temp_c: input.bytes[0] / scale } };
}

// ES2020: arrows, destructuring, optional chaining, classes, typed arrays; nothing is a global function.
"use strict";
const FLAGS = Object.freeze({ alarm: 0, fault: 1, test: 2 });

class Frame {
  #view;
  constructor(bytes) { this.#view = new DataView(Uint8Array.from(bytes).buffer); }
  flag(bit) { return Boolean((this.#view.getUint8(0) >> bit) & 1); }
  get celsius() { return this.#view.getInt16(1) / 100; }
}

const decodeUplink = ({ bytes, fPort, recvTime, variables }) => {
  if (bytes.length < 3) return { errors: [`${bytes.length} bytes on port ${fPort ?? 0} are too few`] };
  const frame = new Frame(bytes);
  const flags = Object.fromEntries(Object.entries(FLAGS).map(([name, bit]) => [name, frame.flag(bit)]));
  return { data: { ...flags, temp_c: frame.celsius, heard: recvTime.toISOString(), site: variables?.site ?? "none" } };
};

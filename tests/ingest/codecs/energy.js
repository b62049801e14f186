// As ChirpStack's own template has it: a module in all but name, indented; Buffer and numbers of 64 bits.
  export function decodeUplink(input) {
    const raw = Buffer.from(input.bytes);
    const data = { heard: input.recvTime, id: raw.toString("hex", 0, 2), name: raw.slice(2, 4).toString() };
    data.watt_hours = Number(BigInt.asIntN(53, raw.readBigInt64BE(4)));
    data.volts = raw.readFloatLE(12);
    data.degrees = raw.readInt16BE(16) / 10;
    return { data };
  }

  function encodeDownlink(input) {
    return { bytes: Array.from(Buffer.alloc(2)) };
  }

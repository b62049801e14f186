// One object with its sensors in a table of functions, everything under "use strict", and helpers hung on the prototypes.
"use strict";
Object.prototype.readInt16 = function (offset) { return ((this[offset] << 24) >> 16) | this[offset + 1]; };
Object.prototype.readUInt16 = function (offset) { return (this[offset] << 8) | this[offset + 1]; };
if (!String.prototype.padded) {
  String.prototype.padded = function (width) { return ("0".repeat(width) + this).slice(-width); };
}

const decoder = {
  PROTOCOL_VERSION: 2,
  SENSORS: [
    { length: 2, values: [
      { name: "temperature", displayName: "Temperature", convert: function (x) { return 175 * x[0] / 65535 - 45; }, unit: "°C" },
      { name: "humidity", displayName: "Humidity", convert: function (x) { return 100 * x[1] / 65535; }, unit: "%" } ] },
    { length: 1, values: [ { name: "battery", displayName: "Battery voltage", convert: (x) => x[0] / 1000, unit: "V" } ] },
  ],
  decode: function (bytes) {
    if (bytes[0] !== this.PROTOCOL_VERSION) return { errors: ["protocol version " + bytes[0] + " does not match"] };
    const flags = bytes.readUInt16(3), result = { device: bytes.readUInt16(1).toString(16).padded(4) };
    let at = 5;
    this.SENSORS.forEach((sensor, index) => {
      if (((flags >> index) & 1) !== 1) return;
      const words = [];
      for (let j = 0; j < sensor.length; j++, at += 2) words.push(bytes.readUInt16(at));
      sensor.values.forEach(({ name, displayName, convert, unit }) => {
        result[name] = { displayName, value: convert.bind(this)(words), ...(unit !== undefined && { unit }) };
      });
    });
    return { data: result };
  },
};

function decodeUplink(input) {
  console.log("decoding", input.bytes.length);
  return decoder.decode(input.bytes);
}
if (typeof module !== "undefined" && module.exports) module.exports = decodeUplink;

// Table-driven, exported for Node: the table says what each field is and where; the code only walks it.
var table = {
  1: [
    { name: "volume_m3", at: 0, size: 4, scale: 0.001 },
    { name: "flow", at: 4, size: 2, scale: 0.01 },
    { name: "Leak", at: 6, bit: 0 },
    { name: "Burst", at: 6, bit: 1 }
  ]
};

function value(bytes, field) {
  if ("bit" in field) return ((bytes[field.at] >> field.bit) & 1) === 1;
  var raw = 0;
  for (var k = field.size - 1; k >= 0; k--) raw = raw * 256 + bytes[field.at + k];
  return Math.round(raw * field.scale * 1e6) / 1e6;
}

module.exports = {
  decodeUplink: function (input) { return this.walk(table[input.fPort], input.bytes); },
  walk: function (fields, bytes) {
    if (!fields) throw new Error("no table for this port");
    return { data: fields.reduce(function (data, field) { data[field.name] = value(bytes, field); return data; }, {}) };
  }
};

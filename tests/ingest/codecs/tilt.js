// The Things Network v2: Decoder(bytes, port), flat fields, globals without var.
function Decoder(bytes, port) {
  decoded = {};
  if (port !== 3) { return decoded; }
  decoded.opened = (bytes[0] & 1) === 1;
  decoded.tilt_deg = bytes[1];
  volts = bytes[2] / 100 + 2;
  decoded.battery_v = Number(volts.toFixed(2));
  return decoded;
}

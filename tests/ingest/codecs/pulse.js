// ChirpStack v3: Decode(fPort, bytes, variables).
function Decode(fPort, bytes, variables) {
  var litres = Number(variables.litres_per_pulse || 1);
  var pulses = bytes.reduce(function (sum, byte) { return sum * 256 + byte; }, 0);
  return { volume_m3: (pulses * litres) / 1000 };
}

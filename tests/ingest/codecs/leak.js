// ES5, as most vendors write it: channel, type, value, one after the other.
function decodeUplink(input) {
  var bytes = input.bytes;
  var decoded = {};
  var warnings = [];
  for (var i = 0; i < bytes.length; ) {
    var channel_id = bytes[i++];
    var channel_type = bytes[i++];
    if (channel_id === 0x01 && channel_type === 0x75) {
      decoded.battery = bytes[i];
      i += 1;
    } else if (channel_id === 0x03 && channel_type === 0x67) {
      decoded.temperature = readInt16LE(bytes.slice(i, i + 2)) / 10;
      i += 2;
    } else if (channel_id === 0x05 && channel_type === 0x00) {
      decoded.leakage_status = bytes[i] === 0 ? "normal" : "leak";
      i += 1;
    } else {
      warnings.push("unknown channel " + channel_id);
      break;
    }
  }
  return { data: decoded, warnings: warnings, errors: [] };
}

function readInt16LE(bytes) {
  var ref = ((bytes[1] << 8) + bytes[0]) & 0xffff;
  return ref > 0x7fff ? ref - 0x10000 : ref;
}

// A cursor and a result at the top of the file, never set back: network servers run the whole file for every message.
var cursor = 0;
var buffer;
let decoded = {};

function Decode(fPort, bytes, variables) {
  buffer = bytes;
  decoded.flags = u8();
  if (decoded.flags & 1) decoded.open = true;
  decoded.volts = u16() / 1000;
  seen = (typeof seen === "undefined" ? 0 : seen) + 1; // a global that nobody declared
  decoded.seen = seen;
  return decoded;
}

function u8() { return buffer[cursor++]; }
function u16() { return (u8() << 8) | u8(); }

// The part of Node's Buffer that ChirpStack v4 offers to codecs, and the UTF-8 coders of browsers. Evaluated only for a
// codec that names one of them.
(function () {
  "use strict";
  var DIGITS = "0123456789abcdef";

  function charsOf(bytes, mask) {
    var text = "";
    for (var i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] & mask);
    return text;
  }

  function bytesOfChars(text) {
    return Array.from(text, function (char) { return char.charCodeAt(0) & 255; });
  }

  function hex(bytes) {
    var text = "";
    for (var i = 0; i < bytes.length; i++) text += DIGITS[bytes[i] >> 4] + DIGITS[bytes[i] & 15];
    return text;
  }

  function bytesOfHex(text) {
    var bytes = [];
    for (var i = 0; i + 1 < text.length && !isNaN(parseInt(text[i], 16)); i += 2) {
      var byte = parseInt(text.slice(i, i + 2), 16);
      if (isNaN(parseInt(text[i + 1], 16))) break;
      bytes.push(byte);
    }
    return bytes;
  }

  function bytesOfBase64(text) {
    var plain = text.replace(/-/g, "+").replace(/_/g, "/").replace(/[^A-Za-z0-9+/]/g, "");
    return bytesOfChars(atob(plain + "===".slice((plain.length + 3) % 4)));
  }

  function bytesOfUtf8(text) {
    return bytesOfChars(unescape(encodeURIComponent(text)));
  }

  // First byte from and to, number of continuation bytes, smallest code point of that length.
  var LEAD_BYTES = [[0xc2, 0xdf, 1, 0x80], [0xe0, 0xef, 2, 0x800], [0xf0, 0xf4, 3, 0x10000]];

  function utf8Text(bytes) {
    var text = "";
    for (var i = 0; i < bytes.length; i++) {
      var read = bytes[i] < 128 ? { code: bytes[i], more: 0 } : multiByte(bytes, i);
      text += String.fromCodePoint(read.code);
      i += read.more;
    }
    return text;
  }

  function multiByte(bytes, at) {
    var kind = LEAD_BYTES.find(function (range) { return bytes[at] >= range[0] && bytes[at] <= range[1]; });
    var code = kind ? bytes[at] & (0x3f >> kind[2]) : 0;
    for (var i = 1; kind && i <= kind[2]; i++) {
      if ((bytes[at + i] & 0xc0) !== 0x80) return { code: 0xfffd, more: i - 1 };
      code = (code << 6) | (bytes[at + i] & 0x3f);
    }
    if (!kind || code < kind[3] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return { code: 0xfffd, more: 0 };
    return { code: code, more: kind[2] };
  }

  var ENCODINGS = {
    hex: [hex, bytesOfHex], base64: [function (bytes) { return btoa(charsOf(bytes, 255)); }, bytesOfBase64],
    latin1: [function (bytes) { return charsOf(bytes, 255); }, bytesOfChars],
    ascii: [function (bytes) { return charsOf(bytes, 127); }, bytesOfChars], utf8: [utf8Text, bytesOfUtf8],
  };

  function codecOf(encoding) {
    var name = String(encoding || "utf8").toLowerCase().replace("utf-8", "utf8").replace("binary", "latin1");
    if (!Object.hasOwn(ENCODINGS, name)) throw new TypeError("Unknown encoding: " + encoding);
    return ENCODINGS[name];
  }

  class Buffer extends Uint8Array {
    constructor(value, encoding, length) {
      if (typeof value === "string") super(codecOf(encoding)[1](value));
      else super(value, encoding, length);
    }
    static from(value, encoding, length) {
      if (value && value.type === "Buffer" && Array.isArray(value.data)) return new Buffer(value.data);
      return new Buffer(value, encoding, length);
    }
    static alloc(size, fill) { return fill === undefined ? new Buffer(size) : new Buffer(size).fill(fill); }
    static allocUnsafe(size) { return new Buffer(size); }
    static isBuffer(value) { return value instanceof Buffer; }
    static byteLength(text, encoding) { return new Buffer(text, encoding).length; }
    static concat(parts) { return new Buffer(parts.reduce(function (bytes, part) { return bytes.concat(Array.from(part)); }, [])); }
    toString(encoding, start, end) { return codecOf(encoding)[0](this.subarray(start, end)); }
    toJSON() { return { type: "Buffer", data: Array.from(this) }; }
    slice(start, end) { return this.subarray(start, end); }
    equals(other) { return hex(this) === hex(other); }
    copy(target, at, start, end) {
      var part = this.subarray(start, end);
      target.set(part, at);
      return part.length;
    }
    readUIntBE(at, size) { return integerAt(this, at, size, false, false); }
    readUIntLE(at, size) { return integerAt(this, at, size, true, false); }
    readIntBE(at, size) { return integerAt(this, at, size, false, true); }
    readIntLE(at, size) { return integerAt(this, at, size, true, true); }
  }

  function integerAt(buffer, at, size, little, signed) {
    var value = 0, limit = Math.pow(256, size);
    for (var i = 0; i < size; i++) {
      var byte = buffer[at + (little ? size - 1 - i : i)];
      if (byte === undefined) throw new RangeError("Trying to access beyond buffer length");
      value = value * 256 + byte;
    }
    return signed && value >= limit / 2 ? value - limit : value;
  }

  function defineNumber(name, kind, size, end) {
    var little = end === "LE", reads = DataView.prototype["get" + kind], writes = DataView.prototype["set" + kind];
    function view(buffer) { return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength); }
    Buffer.prototype["read" + name + end] = function (at) { return reads.call(view(this), at || 0, little); };
    Buffer.prototype["write" + name + end] = function (value, at) {
      writes.call(view(this), at || 0, value, little);
      return (at || 0) + size;
    };
  }

  [["UInt", "Uint"], ["Uint", "Uint"], ["Int", "Int"]].forEach(function (names) {
    defineNumber(names[0] + "8", names[1] + "8", 1, "");
    ["LE", "BE"].forEach(function (end) {
      [16, 32].forEach(function (bits) { defineNumber(names[0] + bits, names[1] + bits, bits / 8, end); });
    });
  });
  ["LE", "BE"].forEach(function (end) {
    defineNumber("Float", "Float32", 4, end);
    defineNumber("Double", "Float64", 8, end);
    defineNumber("BigInt64", "BigInt64", 8, end);
    defineNumber("BigUInt64", "BigUint64", 8, end);
  });

  class TextDecoder {
    decode(bytes) { return utf8Text(new Uint8Array(bytes.buffer || bytes, bytes.byteOffset || 0, bytes.byteLength)).replace(/^\ufeff/, ""); }
  }
  class TextEncoder {
    encode(text) { return new Uint8Array(bytesOfUtf8(String(text))); }
  }

  [Buffer, TextDecoder, TextEncoder].forEach(function (value) {
    Object.defineProperty(globalThis, value.name, { value: value, writable: true, configurable: true, enumerable: false });
  });
})()

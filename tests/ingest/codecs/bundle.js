// What a bundler makes of several files: modules in a table, one variable for all, and thin functions for each server.
var driver;
/******/ (() => {
  var modules = [
    (module, exports, require) => {
      "use strict";
      Object.defineProperty(exports, "__esModule", { value: true });
      const reader = require(1);
      exports.default = {
        decodeUplink: (input) => {
          try { return { data: reader.read(input.bytes) }; } catch (fault) { return { errors: [fault.message] }; }
        },
        Decode: (fPort, bytes) => reader.read(bytes),
      };
    },
    (module, exports) => {
      exports.read = (bytes) => {
        if (bytes.length < 4) throw new Error("too short");
        return { litres: new DataView(Uint8Array.from(bytes).buffer).getUint32(0) };
      };
    },
  ];
  var cache = {};
  function require(number) {
    var module = (cache[number] = cache[number] || { exports: {} });
    modules[number](module, module.exports, require);
    return module.exports;
  }
  driver = require(0);
})();
if (typeof exports != "undefined") {
  for (var name in driver.default) exports[name] = driver.default[name];
}

function decodeUplink(input) { return driver.default.decodeUplink(input); }
function Decode(fPort, bytes) { return driver.default.Decode(fPort, bytes); }
function Decoder(bytes, fPort) { return Decode(fPort, bytes); }
//# sourceMappingURL=bundle.js.map

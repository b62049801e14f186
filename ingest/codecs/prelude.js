// Evaluated before a codec: the environment that published codecs expect, and the function through which they are called.
// The codec's clock stands at the time of reception, so that a replayed journal decodes to the same fields.
// Every call runs the whole file anew, as network servers do: published files keep cursors and results in globals.
(function () {
  "use strict";
  var stringify = JSON.stringify, parse = JSON.parse, isArray = Array.isArray, finite = isFinite, text = String;
  var join = Function.prototype.call.bind(Array.prototype.join), keys = Object.keys;
  var PRELUDE_LINE = 100000; // this file is evaluated behind so many empty lines: such a line number is not the codec's
  var RealDate = Date, RealError = Error, construct = Reflect.construct, apply = Reflect.apply, now = 0;

  function FixedDate() {
    if (!new.target) return new RealDate(now).toString();
    return construct(RealDate, arguments.length ? arguments : [now], new.target);
  }
  FixedDate.prototype = RealDate.prototype;
  FixedDate.prototype.constructor = FixedDate;
  FixedDate.UTC = RealDate.UTC;
  FixedDate.parse = RealDate.parse;
  FixedDate.now = function () { return now; };

  function define(name, value) {
    Object.defineProperty(globalThis, name, { value: value, writable: true, configurable: true, enumerable: false });
  }
  function ignore() {}
  define("Date", FixedDate);
  define("module", null);
  define("exports", null);
  define("console", { log: ignore, info: ignore, warn: ignore, error: ignore, debug: ignore, trace: ignore });
  Math.random = function () { return 0.5; };
  delete globalThis.performance;

  // A number that JSON cannot write becomes a text, so that it is refused as a value and not taken for "not measured".
  function nonFiniteToText(_, value) {
    return typeof value === "number" && !finite(value) ? text(value) : value;
  }

  // Whether data is a list of named measurements: TagoIO's format, which has no object around them.
  function isMeasurementList(data) {
    return isArray(data) && data.length > 0 && data.every(function (item) { return item && typeof item === "object"; });
  }

  function encodeResult(name, data, warnings, maxChars) {
    if (isMeasurementList(data)) data = { values: data };
    if (data === null || typeof data !== "object" || isArray(data)) {
      return "!" + name + " gave " + (isArray(data) ? "an array" : data === null ? "null" : typeof data) + " for data";
    }
    var json = stringify(data);
    if (typeof json !== "string" || json[0] !== "{") return "!" + name + " gave no plain object for data";
    if (json.indexOf("null") >= 0) json = stringify(data, nonFiniteToText);
    if (json.length > maxChars) return "!" + name + " gave " + json.length + " characters; at most " + maxChars + " are taken";
    if (!isArray(warnings) || !warnings.length) return "=" + json;
    return "~" + stringify(warnings.slice(0, 8).map(function (warning) { return text(warning).slice(0, 200); })) + "\n" + json;
  }

  function hasErrors(errors) {
    return isArray(errors) ? errors.length > 0 : typeof errors === "string" && errors !== "";
  }

  function encodeUplink(name, result, maxChars) {
    if (result === null || typeof result !== "object") return "!" + name + " gave " + (result === null ? "null" : typeof result);
    if (hasErrors(result.errors)) {
      var partial = encodeResult(name, result.data, null, maxChars);
      return "!" + oneLine(result.errors) + (partial[0] === "=" ? "\n" + partial.slice(1) : "");
    }
    if (result.data === undefined && !keys(result).length) return "={}"; // authors return it for: no data
    if (!("data" in result || "errors" in result || "warnings" in result)) return encodeResult(name, result, null, maxChars);
    if (!result.data && hasErrors(result.warnings)) return "!" + name + " gave no data: " + oneLine(result.warnings);
    return encodeResult(name, result.data, result.warnings, maxChars);
  }

  function oneLine(errors) {
    return [].concat(errors).map(text).join("; ").slice(0, 500).replace(/\n/g, " ");
  }

  // QuickJS stores a long concatenation as a rope, which it cannot return; join makes it one string.
  function flattened(answer) {
    return answer.length > 256 ? join([answer], "") : answer;
  }

  function bytesOf(latin) {
    var length = latin.length, bytes = new Array(length);
    for (var i = 0; i < length; i++) bytes[i] = latin.charCodeAt(i);
    return bytes;
  }

  var STYLES = {
    decodeUplink: function (name, call, port, bytes, variables) {
      return encodeUplink(name, call({ bytes: bytes, fPort: port, recvTime: new RealDate(now), variables: variables }), this.maxChars);
    },
    Decode: function (name, call, port, bytes, variables) { return encodeResult(name, call(port, bytes, variables), null, this.maxChars); },
    Decoder: function (name, call, port, bytes) { return encodeResult(name, call(bytes, port), null, this.maxChars); },
    rawDataToProtocol: function (name, call, port, bytes) {
      var result = call(bytes);
      return encodeResult(name, result && typeof result.params === "object" ? result.params : result, null, this.maxChars);
    },
  };

  var NAMES = keys(STYLES);

  function errorText(error) {
    try {
      if (error === null) return "!out of memory"; // what QuickJS throws when there is no memory for the error either
      if (!(error instanceof RealError)) return flattened("!threw " + text(error).slice(0, 300));
      var match = /<input>:(\d+)/.exec(text(error.stack)), line = match ? +match[1] : PRELUDE_LINE;
      return flattened("!" + (text(error.name) + ": " + text(error.message)).slice(0, 300) + (line < PRELUDE_LINE ? " (line " + line + ")" : ""));
    } catch (_) {
      return "!threw something that cannot be told";
    }
  }

  function resetGlobals() {
    for (var name in globalThis) delete globalThis[name]; // what was assigned without `var`
    var module = (globalThis.module = { exports: {} });
    globalThis.exports = module.exports;
    return module;
  }

  // A promise would never be resolved: the file is run anew for the next message.
  function synchronous(name, call) {
    return function () {
      var result = apply(call, undefined, arguments);
      if (result && typeof result.then === "function") throw new RealError(name + " gave a promise: write it without async");
      return result;
    };
  }

  // A function that the file exports: by its name, as the only export, as `default`, or as a method of a class.
  function exported(holder, name) {
    if (holder === null || (typeof holder !== "object" && typeof holder !== "function")) return null;
    if (typeof holder[name] === "function") return holder[name].bind(holder);
    if (typeof holder !== "function") return exported(holder.default || null, name);
    if (holder.name === name) return holder;
    return holder.prototype && typeof holder.prototype[name] === "function" ? exported(new holder(), name) : null;
  }

  return function (file, variables, maxChars) {
    var settings = { maxChars: maxChars };

    function runFile() {
      var module = resetGlobals(), globals = file.call(globalThis);
      for (var i = 0; i < NAMES.length; i++) {
        var call = globals[NAMES[i]] || exported(module.exports, NAMES[i]) || exported(globals.driver, NAMES[i]);
        if (call) return { name: NAMES[i], call: synchronous(NAMES[i], call) };
      }
      throw new RealError("it defines none of decodeUplink, Decode, Decoder and rawDataToProtocol");
    }

    // "^" before an error: the file itself raised it, before any function of it was called.
    return function (latin, port, at) {
      now = at;
      try {
        var codec = runFile();
      } catch (error) {
        return "^" + errorText(error);
      }
      if (latin === null) return "=";
      try {
        return flattened(STYLES[codec.name].call(settings, codec.name, codec.call, port, bytesOf(latin), parse(variables)));
      } catch (error) {
        return errorText(error);
      }
    };
  };
})()

// Stands before a codec: what published codecs expect around them, and the one door to call them through.
// The codec's clock stands still at the instant of reception, so that a replayed journal decodes to the same again.
// Every call runs the whole file anew, as network servers do: published files keep their cursors and results in globals.
(function () {
  "use strict";
  var stringify = JSON.stringify, parse = JSON.parse, isArray = Array.isArray, finite = isFinite, text = String;
  var join = Function.prototype.call.bind(Array.prototype.join), keys = Object.keys;
  var OURS = 100000; // this file is evaluated behind so many empty lines: such a line number is not the codec's
  var RealDate = Date, RealError = Error, construct = Reflect.construct, apply = Reflect.apply, now = 0;

  function StillDate() {
    if (!new.target) return new RealDate(now).toString();
    return construct(RealDate, arguments.length ? arguments : [now], new.target);
  }
  StillDate.prototype = RealDate.prototype;
  StillDate.prototype.constructor = StillDate;
  StillDate.UTC = RealDate.UTC;
  StillDate.parse = RealDate.parse;
  StillDate.now = function () { return now; };

  function offer(name, value) {
    Object.defineProperty(globalThis, name, { value: value, writable: true, configurable: true, enumerable: false });
  }
  function silent() {}
  offer("Date", StillDate);
  offer("module", null);
  offer("exports", null);
  offer("console", { log: silent, info: silent, warn: silent, error: silent, debug: silent, trace: silent });
  Math.random = function () { return 0.5; };
  delete globalThis.performance;

  // A number that JSON cannot write is spelled, so that it is refused as a value and not taken for "not measured".
  function spelled(_, value) {
    return typeof value === "number" && !finite(value) ? text(value) : value;
  }

  // A list of measurements for data, each with its name: TagoIO's form, which no object holds together.
  function listed(data) {
    return isArray(data) && data.length > 0 && data.every(function (each) { return each && typeof each === "object"; });
  }

  function shown(name, data, warnings, most) {
    if (listed(data)) data = { values: data };
    if (data === null || typeof data !== "object" || isArray(data)) {
      return "!" + name + " gave " + (isArray(data) ? "an array" : data === null ? "null" : typeof data) + " for data";
    }
    var written = stringify(data);
    if (typeof written !== "string" || written[0] !== "{") return "!" + name + " gave no plain object for data";
    if (written.indexOf("null") >= 0) written = stringify(data, spelled);
    if (written.length > most) return "!" + name + " gave " + written.length + " characters; at most " + most + " are taken";
    if (!isArray(warnings) || !warnings.length) return "=" + written;
    return "~" + stringify(warnings.slice(0, 8).map(function (each) { return text(each).slice(0, 200); })) + "\n" + written;
  }

  function complained(errors) {
    return isArray(errors) ? errors.length > 0 : typeof errors === "string" && errors !== "";
  }

  function uplink(name, result, most) {
    if (result === null || typeof result !== "object") return "!" + name + " gave " + (result === null ? "null" : typeof result);
    if (complained(result.errors)) {
      var partly = shown(name, result.data, null, most);
      return "!" + oneLine(result.errors) + (partly[0] === "=" ? "\n" + partly.slice(1) : "");
    }
    if (result.data === undefined && !keys(result).length) return "={}"; // an author's word for: nothing in it
    if (!("data" in result || "errors" in result || "warnings" in result)) return shown(name, result, null, most);
    if (!result.data && complained(result.warnings)) return "!" + name + " gave no data: " + oneLine(result.warnings);
    return shown(name, result.data, result.warnings, most);
  }

  function oneLine(said) {
    return [].concat(said).map(text).join("; ").slice(0, 500).replace(/\n/g, " ");
  }

  // QuickJS keeps a long concatenation in pieces, which it cannot hand over; joined, a text is whole.
  function whole(answer) {
    return answer.length > 256 ? join([answer], "") : answer;
  }

  function bytesOf(latin) {
    var length = latin.length, bytes = new Array(length);
    for (var i = 0; i < length; i++) bytes[i] = latin.charCodeAt(i);
    return bytes;
  }

  var STYLES = {
    decodeUplink: function (name, call, port, bytes, variables) {
      return uplink(name, call({ bytes: bytes, fPort: port, recvTime: new RealDate(now), variables: variables }), this.most);
    },
    Decode: function (name, call, port, bytes, variables) { return shown(name, call(port, bytes, variables), null, this.most); },
    Decoder: function (name, call, port, bytes) { return shown(name, call(bytes, port), null, this.most); },
    rawDataToProtocol: function (name, call, port, bytes) {
      var said = call(bytes);
      return shown(name, said && typeof said.params === "object" ? said.params : said, null, this.most);
    },
  };

  var NAMES = keys(STYLES);

  function told(fault) {
    try {
      if (fault === null) return "!out of memory"; // what QuickJS throws when not even the error has room
      if (!(fault instanceof RealError)) return whole("!threw " + text(fault).slice(0, 300));
      var place = /<input>:(\d+)/.exec(text(fault.stack)), line = place ? +place[1] : OURS;
      return whole("!" + (text(fault.name) + ": " + text(fault.message)).slice(0, 300) + (line < OURS ? " (line " + line + ")" : ""));
    } catch (_) {
      return "!threw something that cannot be told";
    }
  }

  function forget() {
    for (var left in globalThis) delete globalThis[left]; // what was assigned without `var`
    var module = (globalThis.module = { exports: {} });
    globalThis.exports = module.exports;
    return module;
  }

  // What is promised for later never comes: the file is run anew for the next message.
  function atOnce(name, call) {
    return function () {
      var said = apply(call, undefined, arguments);
      if (said && typeof said.then === "function") throw new RealError(name + " gave a promise: write it without async");
      return said;
    };
  }

  // A function that the file exports: by its name, as the one thing exported, by `default`, or as a class's method.
  function exported(holder, name) {
    if (holder === null || (typeof holder !== "object" && typeof holder !== "function")) return null;
    if (typeof holder[name] === "function") return holder[name].bind(holder);
    if (typeof holder !== "function") return exported(holder.default || null, name);
    if (holder.name === name) return holder;
    return holder.prototype && typeof holder.prototype[name] === "function" ? exported(new holder(), name) : null;
  }

  return function (file, variables, most) {
    var settings = { most: most };

    function fresh() {
      var module = forget(), globals = file.call(globalThis);
      for (var i = 0; i < NAMES.length; i++) {
        var call = globals[NAMES[i]] || exported(module.exports, NAMES[i]) || exported(globals.driver, NAMES[i]);
        if (call) return { name: NAMES[i], call: atOnce(NAMES[i], call) };
      }
      throw new RealError("it defines none of decodeUplink, Decode, Decoder and rawDataToProtocol");
    }

    // "^" before a complaint: it is of the file itself, before any function of it was called.
    return function (latin, port, at) {
      now = at;
      try {
        var codec = fresh();
      } catch (fault) {
        return "^" + told(fault);
      }
      if (latin === null) return "=";
      try {
        return whole(STYLES[codec.name].call(settings, codec.name, codec.call, port, bytesOf(latin), parse(variables)));
      } catch (fault) {
        return told(fault);
      }
    };
  };
})()

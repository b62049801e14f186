// A module's exports, one by one; the old name among them.
exports.VERSION = "1.0";
exports.Decoder = (bytes, port) => ({ press: ["none", "short", "long", "double"][bytes[0]], port });

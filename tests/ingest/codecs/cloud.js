// Alibaba's data parsing script: rawDataToProtocol(bytes) gives an Alink message.
function rawDataToProtocol(bytes) {
  var view = new DataView(new Uint8Array(bytes).buffer, 0);
  return { method: "thing.event.property.post", id: "1", version: "1.0", params: { lel_pct: view.getUint8(0), alarm: view.getUint8(1) === 1 } };
}

// A bundle in one variable, whose data are measurements one by one, as some platforms store them.
var driver;
(() => {
  const names = { 1: "open", 2: "battery_voltage" };
  driver = {
    decodeUplink({ bytes: [kind, value] }) {
      return { data: [{ variable: names[kind], value: kind === 1 ? value === 1 : value / 10 }] };
    },
  };
})();

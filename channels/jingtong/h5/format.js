// Values of the API in words. Amounts stay strings: they never become floating-point numbers.

const DATE_TIME = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

/** "1234.56" → "1,234.56" */
export function amount(text) {
  const [whole, fraction = "00"] = String(text).split(".");
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${fraction.padEnd(2, "0")}`;
}

/** "2026-11" → "2026年11月" */
export function month(text) {
  if (!text) return "—";
  const [year, number] = text.split("-");
  return `${year}年${Number(number)}月`;
}

/** "2026-11-23" → "2026年11月23日" */
export function date(text) {
  if (!text) return "—";
  const [year, number, day] = text.slice(0, 10).split("-");
  return `${year}年${Number(number)}月${Number(day)}日`;
}

/** An instant with offset → "11月23日 14:05", Beijing time whatever the phone says. */
export function dateTime(text) {
  if (!text) return "";
  const part = Object.fromEntries(DATE_TIME.formatToParts(new Date(text)).map(({ type, value }) => [type, value]));
  return `${part.month}月${part.day}日 ${part.hour}:${part.minute}`;
}

/** Is "0.00" or missing. */
export function isZero(text) {
  return !text || /^0*(\.0*)?$/.test(text);
}

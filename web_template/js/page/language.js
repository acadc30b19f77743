/** Messages and numbers in one language. The build does the same for its templates, see builder/site/words.py. */

/** @typedef {Record<string, string | number>} Values */
/** @typedef {ReturnType<typeof inLanguage>} Said */

/**
 * @param {string} language as in `lang`
 * @param {Readonly<Record<string, string>>} messages
 */
export function inLanguage(language, messages) {
  // Western digits in every language, as in the parts of the page that the build wrote.
  const locale = `${language}-u-nu-latn`;
  const plurals = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const times = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

  /**
   * The message with its `{name}`s filled in; numbers are written as the language writes them.
   * @param {string} key  @param {Values} [values]  @returns {string}
   */
  function say(key, values = {}) {
    const text = messages[key];
    if (text === undefined) throw new Error(`the page has no message ${key}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => {
      const value = values[name];
      if (value === undefined) throw new Error(`the message ${key} is said without ${name}`);
      return typeof value === "number" ? number(value) : value;
    });
  }

  /**
   * The message in the plural form that goes with the count, which fills in `{count}`.
   * @param {string} key  @param {number} count  @param {Values} [values]  @returns {string}
   */
  function plural(key, count, values = {}) {
    const form = `${key}.${plurals.select(count)}`;
    // A form for fractions or for millions that a language does not have of its own is the one for "other".
    return say(form in messages ? form : `${key}.other`, { count, ...values });
  }

  /** @param {number} value */
  function number(value) {
    return numbers.format(value);
  }

  /** A day and a time of day. @param {string | number} moment as `Date` takes it  @returns {string} */
  function time(moment) {
    return times.format(new Date(moment));
  }

  /**
   * As `percent` in builder/formatting.py: one decimal near either end, never "0 %" for what is not zero.
   * @param {number} fraction 0-1
   */
  function percent(fraction) {
    const hundredths = Math.min(1, fraction) * 100;
    if (hundredths > 0 && hundredths < 0.1) return say("number.under", { percent: withSign(tenths.format(0.1)) });
    if (hundredths > 99.9 && hundredths < 100) return say("number.over", { percent: withSign(tenths.format(99.9)) });
    const isFine = (hundredths > 0 && hundredths < 9.95) || (hundredths >= 99 && hundredths < 100);
    // The slack takes back what binary fractions lose: 0.285 * 100 is 28.499999999999996.
    const rounded = isFine ? Math.round(hundredths * 10 + 1e-9) / 10 : Math.round(hundredths + 1e-9);
    return withSign((isFine ? tenths : numbers).format(rounded));
  }

  /** @param {string} number */
  function withSign(number) {
    return say("number.percent", { number });
  }

  /** Small numbers as words, the others as figures. @param {number} value  @returns {string} */
  function inWords(value) {
    return messages[`number.word.${value}`] ?? number(value);
  }

  return Object.freeze({ say, plural, number, time, percent, inWords });
}

/**
 * A file's name on one line, as it is: what ends a line, turns the direction or is not shown is written out. So no
 * name looks like another, as "gpj.exe" turned round does. Joiners of Persian and Indian scripts stay.
 * @param {string} name  @returns {string}
 */
export function visible(name) {
  return name.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?![\u200c\u200d])\p{Cf}/gu, (sign) => {
    const hex = (sign.codePointAt(0) ?? 0).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
  });
}

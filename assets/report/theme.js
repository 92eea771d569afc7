/** @import { ReportData, Theme } from './data.js' */

/**
 * The colours to draw with now: the system's scheme on a screen, always the light one on paper.
 * @param {ReportData['themes']} themes
 */
export function createTheme(themes) {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  /** @type {(() => void)[]} */
  const listeners = [];
  let printing = false;
  const changed = () => {
    for (const listener of listeners) listener();
  };
  dark.addEventListener('change', changed);
  return {
    /** @returns {Theme} */
    get current() {
      return dark.matches && !printing ? themes.dark : themes.light;
    },
    /** @param {() => void} listener */
    onChange(listener) {
      listeners.push(listener);
    },
    /** @param {boolean} on */
    print(on) {
      printing = on;
      changed();
    },
  };
}

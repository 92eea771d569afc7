/**
 * The element with this id; the page is generated together with the script, so it is there.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return /** @type {T} */ (element);
}

/**
 * A new element with properties and children. Text children stay text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * A group's mark, as the page's style sheet draws it.
 * @param {{ colour: number, shape: number } | undefined} mark
 */
export function makeMark(mark) {
  const name = mark ? `mark c${mark.colour} s${mark.shape}` : 'mark noise';
  return make('i', { class: name, 'aria-hidden': 'true' });
}

const grouped = new Intl.NumberFormat('en');

/** @param {number} n */
export const count = (n) => grouped.format(n);

/** @param {number} value */
export const distance = (value) => (Number.isFinite(value) ? value.toFixed(3) : '–');

/** @param {Element} element */
export function flash(element) {
  element.classList.remove('flash');
  // Reading the layout between the two lets the animation start anew.
  element.getBoundingClientRect();
  element.classList.add('flash');
}

/**
 * @param {Element} element
 * @param {ScrollLogicalPosition} block
 */
export function scrollTo(element, block = 'start') {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block });
}

/**
 * The function, run once in the next frame however often it was asked for.
 * @param {() => void} run
 */
export function framed(run) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      run();
    });
  };
}

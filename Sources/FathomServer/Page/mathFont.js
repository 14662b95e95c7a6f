/**
 * Help for machines without a font for mathematics.
 *
 * Browsers stretch parentheses and enlarge sums by tables that only such fonts have. Where none is
 * installed (many phones, bare Linux), prose.css enlarges the signs and this file stretches the fences.
 */

let missing = null;

/** Whether a parenthesis beside a tall box stays small. */
function isMissing() {
  if (missing !== null) return missing;
  const namespace = "http://www.w3.org/1998/Math/MathML";
  const make = (tag, ...children) => {
    const element = document.createElementNS(namespace, tag);
    element.append(...children);
    return element;
  };
  const fence = make("mo", "(");
  fence.setAttribute("stretchy", "true");
  const tall = make("mspace");
  tall.setAttribute("height", "60px");
  const probe = document.createElement("div");
  probe.className = "visually-hidden";
  probe.append(make("math", make("mrow", fence, tall)));
  document.body.append(probe);
  missing = fence.getBoundingClientRect().height < 50;
  probe.remove();
  document.documentElement.classList.toggle("no-math-font", missing);
  return missing;
}

/**
 * Stretches the fences below `element`, which is on the page, to the height of what they enclose.
 *
 * @param {Element} element
 */
export function stretchFences(element) {
  const fences = element.querySelectorAll("mo[fence][stretchy=true]");
  if (!fences.length || !isMissing()) return;
  // Inner ones first, all measured before any is changed.
  const sizes = [...fences].map((fence) => {
    const own = fence.getBoundingClientRect();
    const others = [...fence.parentElement.children].filter((child) => !child.matches("mo[fence]")).map((child) => child.getBoundingClientRect());
    return { own, top: Math.min(...others.map((box) => box.top)), bottom: Math.max(...others.map((box) => box.bottom)) };
  });
  [...fences].forEach((fence, index) => {
    const { own, top, bottom } = sizes[index];
    // A sign fills about eight tenths of its line.
    const factor = (bottom - top) / (own.height * 0.8);
    if (!Number.isFinite(factor) || factor < 1.15) return;
    const shift = (top + bottom) / 2 - (own.top + own.bottom) / 2;
    fence.style.transform = `translateY(${shift.toFixed(1)}px) scaleY(${Math.min(factor, 12).toFixed(2)})`;
  });
}

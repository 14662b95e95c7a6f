/**
 * Colours and words for numbers between 0 and 1.
 *
 * The scale goes through OKLCH with lightness falling (or, on dark paper, rising) evenly, so that equal
 * steps look equal, also to people who tell hues apart badly. It goes by the square root of a share:
 * most shares are small, and the legend says where they lie.
 *
 * Source: B. Ottosson, "A perceptual color space for image processing" (2020), for the matrices.
 */
const ramps = {
  light: { from: [0.968, 0.008, 215], to: [0.36, 0.085, 235] },
  dark: { from: [0.255, 0.018, 228], to: [0.92, 0.075, 200] },
};

/** Shares that the legend names. */
export const legendShares = Object.freeze([0, 0.05, 0.25, 0.5, 1]);

/** Where a share lies on the scale, from 0 to 1. @param {number} share */
export const position = (share) => Math.sqrt(Math.min(Math.max(share, 0), 1));

/**
 * @param {number} place on the scale, from 0 to 1
 * @param {"light" | "dark"} theme
 * @returns {[number, number, number]} sRGB, 0…255
 */
export function colour(place, theme) {
  const { from, to } = ramps[theme];
  const at = Math.min(Math.max(place, 0), 1);
  const [lightness, chroma, hue] = from.map((value, index) => value + (to[index] - value) * at);
  // A little more colour in the middle, where the eye has most use for it.
  return rgb(lightness, chroma + 0.06 * at * (1 - at) * 2, (hue * Math.PI) / 180);
}

/** @param {[number, number, number]} colour */
export const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

/** Black or white, whichever reads better; at least 4.5 to 1. @param {[number, number, number]} ground */
export const ink = (ground) => (luminance(ground) > 0.179 ? "#000000" : "#ffffff");

/** Relative luminance of WCAG 2. @param {[number, number, number]} colour */
export function luminance([red, green, blue]) {
  const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function rgb(lightness, chroma, hue) {
  const a = chroma * Math.cos(hue), b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const encoded = (value) => {
    const curve = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
    return Math.round(Math.min(Math.max(curve, 0), 1) * 255);
  };
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Which of the two the page shows now. @returns {"light" | "dark"} */
export function currentTheme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Calls `act` whenever light turns to dark or back. @param {() => void} act */
export function onThemeChange(act) {
  new MutationObserver(act).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", act);
}

/** `34%`, `3.4%`, `0.3%`, `<0.1%`. @param {number} share */
export function percent(share) {
  if (share > 0 && share < 0.001) return "<0.1%";
  if (share < 1 && share > 0.999) return ">99.9%";
  return `${(share * 100).toFixed(share >= 0.1 || share === 0 ? 0 : 1)}%`;
}

/** Two decimals, with a true minus sign and none before 0. @param {number} number */
export const decimal = (number) => number.toFixed(2).replace("-0.00", "0.00").replace("-", "−");

/** `1.1 KiB`. @param {number} number */
export function bytes(number) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = number, unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

const signs = { " ": "·", "\n": "⏎", "\t": "⇥" };

/**
 * A token's text as one sees it: signs for white space, numbers for what has no shape.
 *
 * @param {string} text
 */
export const visible = (text) =>
  text.replace(/[ \n\t]/g, (space) => signs[space]).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (control) => `⟨${control.codePointAt(0).toString(16).toUpperCase()}⟩`) || "∅";

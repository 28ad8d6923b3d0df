// How large a millimetre is on this screen.

const KEY = "twelvelead.device-pixels-per-mm";
const ASSUMED = 96 / 25.4;
export const CARD_MM = 85.6; // ISO/IEC 7810 ID-1: the width of a bank card

// Pixels of the screen, not of CSS, are kept: they stay the same size when the browser's zoom changes.
function stored() {
  const kept = Number(localStorage.getItem(KEY));
  return Number.isFinite(kept) && kept > 0 ? kept : null;
}

export const isCalibrated = () => stored() !== null;
export const pixelsPerMm = () => (isCalibrated() ? stored() / devicePixelRatio : ASSUMED); // CSS pixels
export const calibrate = (pixels, mm) => localStorage.setItem(KEY, String((pixels / mm) * devicePixelRatio));
export const forget = () => localStorage.removeItem(KEY);

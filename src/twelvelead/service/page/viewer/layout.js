// Which lead stands where, before anything is measured or drawn.

export const LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"];
export const LAYOUTS = ["3x4+1", "3x4+3", "6x2", "12x1"];
export const SPEEDS = [12.5, 25, 50]; // mm/s
export const GAINS = [5, 10, 20]; // mm/mV
export const SECONDS = 10; // that a sheet shows, unless each lead has a row of its own
export const BEAT_SCALE = 2; // median beats are drawn at twice the speed and the gain

const CABRERA = ["aVL", "I", "-aVR", "II", "aVF", "III", ...LEADS.slice(6)];
const RHYTHM = { "3x4+1": ["II"], "3x4+3": ["V1", "II", "V5"] };
const ROWS = { "3x4+1": 3, "3x4+3": 3, "6x2": 6, "12x1": 12 };

// name as on paper -> { lead, sign, name, rhythm }; "-aVR" is aVR turned round, as the Cabrera sequence shows it
function track(name, rhythm = false) {
  const inverted = name.startsWith("-");
  return { lead: inverted ? name.slice(1) : name, sign: inverted ? -1 : 1, name: name.replace("-", "\u2212"), rhythm };
}

// Rows of tracks from the top; the tracks of a row share its width.
export function rowsOf(layout, cabrera) {
  const order = cabrera ? CABRERA : LEADS;
  const count = ROWS[layout];
  const rows = [];
  for (let row = 0; row < count; row += 1) {
    rows.push(order.filter((_, place) => place % count === row).map((name) => track(name)));
  }
  return [...rows, ...(RHYTHM[layout] ?? []).map((name) => [track(name, true)])];
}

export const oneLead = (lead) => [[track(lead)]];

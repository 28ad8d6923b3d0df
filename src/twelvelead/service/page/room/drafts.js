/**
 * What was typed and is not yet on the server, in this browser: by reader, recording and tab, so that two tabs never
 * write over each other. Nothing else of a patient is kept here; signing and logging out clear it.
 */

const START = "twelvelead-draft";
const tab = (sessionStorage.tab ??= crypto.randomUUID());
const keyOf = (reader, recording, by = tab) => [START, encodeURIComponent(reader), recording, by].join(":");

/** Keeps a draft; whether the browser had room for it. */
export function keep(reader, recording, draft) {
  try {
    localStorage.setItem(keyOf(reader, recording), JSON.stringify({ ...draft, kept: new Date().toISOString() }));
    return true;
  } catch {
    return false;
  }
}

/** The draft of this tab, or null. */
export const own = (reader, recording) => JSON.parse(localStorage.getItem(keyOf(reader, recording)));

/** The drafts that other tabs of this browser left of a recording, the latest first: [{ key, draft }]. */
export function others(reader, recording) {
  const start = keyOf(reader, recording, "");
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(start) && key !== keyOf(reader, recording))
    .map((key) => ({ key, draft: JSON.parse(localStorage.getItem(key)) }))
    .sort((one, two) => two.draft.kept.localeCompare(one.draft.kept));
}

export const drop = (reader, recording) => localStorage.removeItem(keyOf(reader, recording));

export const dropKey = (key) => localStorage.removeItem(key);

/** Clears all drafts of a reader. */
export function clear(reader) {
  const start = [START, encodeURIComponent(reader), ""].join(":");
  for (const key of Object.keys(localStorage)) if (key.startsWith(start)) localStorage.removeItem(key);
}

/** What was dropped or chosen, as recordings: folders to the bottom, a WFDB header with its signal files. */

/** The files of a drop: [{ path, file }]. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return chosen(transfer.files);
  return (await Promise.all(entries.map(inside))).flat();
}

/** The files of an input. */
export const chosen = (files) => [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

async function inside(entry) {
  if (entry.isFile) {
    const file = await new Promise((done, fail) => entry.file(done, fail));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail)); // a hundred at a time
    if (some.length === 0) break;
    found.push(...some);
  }
  return (await Promise.all(found.map(inside))).flat();
}

const LARGEST_HEADER = 1_000_000;

/**
 * Files put together to recordings: `recordings`, each with the `path` that it is called by and its `files`, and
 * `left`, the number of files beside a WFDB header that hold no signal, such as annotations.
 */
export async function recordingsOf(entries) {
  const byPath = new Map(entries.map((entry) => [entry.path, entry.file]));
  const recordings = [];
  const taken = new Set();
  const stems = [];
  for (const { path, file } of entries) {
    if (!/\.hea$/i.test(path) || file.size > LARGEST_HEADER) continue;
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    const signals = signalFiles(await file.text()).map((name) => folder + name).filter((name) => byPath.has(name));
    recordings.push({ path, files: [file, ...signals.map((name) => byPath.get(name))] });
    for (const name of [path, ...signals]) taken.add(name);
    stems.push(path.replace(/hea$/i, ""));
  }
  const rest = entries.filter(({ path }) => !taken.has(path) && !/(^|\/)\./.test(path));
  const [beside, alone] = [[], []];
  for (const entry of rest) (stems.some((stem) => isBeside(entry.path, stem)) ? beside : alone).push(entry);
  recordings.push(...alone.map(({ path, file }) => ({ path, files: [file] })));
  return { recordings: recordings.sort((one, two) => one.path.localeCompare(two.path)), left: beside.length };
}

const isBeside = (path, stem) => path.startsWith(stem) && !path.slice(stem.length).includes("/");

/** The names of the signal files in a WFDB header: the first word of each line after the first. */
function signalFiles(header) {
  const lines = header.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  return [...new Set(lines.slice(1).map((line) => line.trim().split(/\s+/)[0]))];
}

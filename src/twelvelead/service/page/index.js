const find = (id) => document.getElementById(id);
let picture = null;

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function bodyOf(files) {
  const body = new FormData();
  for (const file of files) body.append("file", file, file.name);
  return body;
}

async function ask(files, accept) {
  const response = await fetch("/v1/interpretations", { method: "POST", body: bodyOf(files), headers: { Accept: accept } });
  if (response.ok) return response;
  const problem = await response.json();
  throw new Error(`${problem.detail} (${problem.code})`);
}

function show(answer) {
  find("findings").replaceChildren(
    ...answer.findings.map((finding) => element("li", finding.message, finding.grave ? "grave" : "")),
  );
  find("classes").replaceChildren(
    ...Object.entries(answer.classes).map(([name, result]) => {
      const row = document.createElement("tr");
      row.append(element("td", name), element("td", result.probability.toFixed(2)), element("td", result.decision));
      return row;
    }),
  );
  find("answer").hidden = false;
}

async function interpret(files) {
  if (!files.length) return;
  find("answer").hidden = true;
  find("state").className = "";
  find("state").textContent = "Reading…";
  try {
    const answer = await (await ask(files, "application/json")).json();
    if (Array.isArray(answer)) throw new Error("These are several ECGs; choose the files of one.");
    show(answer);
    find("state").textContent = "Drawing…";
    const drawn = await (await ask(files, "image/png")).blob();
    if (picture) URL.revokeObjectURL(picture);
    picture = URL.createObjectURL(drawn);
    find("picture").src = picture;
    find("state").textContent = answer.notice;
  } catch (error) {
    find("state").className = "fault";
    find("state").textContent = error.message;
  }
}

find("files").addEventListener("change", (event) => interpret(event.target.files));
find("ask").addEventListener("submit", (event) => event.preventDefault());
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  find("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    find("drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") interpret(event.dataTransfer.files);
  });
}

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

function table(headings, rows) {
  const head = element("tr", ...headings.map((heading) => element("th", heading)));
  const body = rows.map((row) => element("tr", ...row.map((cell) => element("td", cell))));
  return element("table", element("thead", head), element("tbody", ...body));
}

function typeOf(schema = {}) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.join(", ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items)}`;
  return [schema.type, schema.format].filter(Boolean).join(", ");
}

function operation(path, method, described) {
  const name = element("span", method.toUpperCase());
  name.className = "method";
  const parts = [element("summary", name, element("code", path), ` ${described.summary ?? ""}`)];
  for (const paragraph of (described.description ?? "").split("\n\n")) parts.push(element("p", paragraph));
  const parameters = described.parameters ?? [];
  if (parameters.length) {
    parts.push(table(["parameter", "in", "type", "meaning"], parameters.map((parameter) => [
      element("code", parameter.name), parameter.in, typeOf(parameter.schema),
      parameter.description ?? parameter.schema?.description ?? "",
    ])));
  }
  const content = Object.entries(described.requestBody?.content ?? {});
  if (content.length) parts.push(table(["body", "type"], content.map(([media, { schema }]) => [media, typeOf(schema)])));
  parts.push(table(["status", "meaning", "body"], Object.entries(described.responses ?? {}).map(([status, response]) => [
    status, response.description,
    Object.entries(response.content ?? {}).map(([media, { schema }]) => `${media}: ${typeOf(schema)}`).join("; "),
  ])));
  return element("details", ...parts);
}

const document_ = await (await fetch("/openapi.json")).json();
document.getElementById("about").textContent = `${document_.info.summary} Version ${document_.info.version}.`;
for (const [path, methods] of Object.entries(document_.paths)) {
  for (const [method, described] of Object.entries(methods)) {
    document.getElementById("paths").append(operation(path, method, described));
  }
}
for (const [name, schema] of Object.entries(document_.components?.schemas ?? {})) {
  const text = element("pre", JSON.stringify(schema, null, 2));
  document.getElementById("schemas").append(element("details", element("summary", element("code", name)), text));
}

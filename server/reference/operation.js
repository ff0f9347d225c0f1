// One operation: what it takes, what it answers, how it is called.

import { bodySchema, boundsOf, example, nameOf, resolve, typeOf } from "./document.js";
import { el, prose } from "./dom.js";
import { schemaView } from "./schema.js";

export function operationView(document, operation) {
  return el(
    "article",
    { id: operation.operationId },
    el("h3", {}, el("a", { href: `#${operation.operationId}` }, operation.summary)),
    el("p.address", {}, el(`span.method.${operation.method}`, {}, operation.method), operation.path),
    operation.description ? prose(operation.description) : null,
    scopesView(operation),
    parametersView(operation.parameters ?? []),
    requestView(document, operation.requestBody),
    responsesView(document, operation.responses),
    el("h4", {}, "Call"),
    el("pre", { tabindex: "0" }, el("code", {}, curl(document, operation))),
  );
}

function scopesView(operation) {
  const scopes = (operation.security ?? []).flatMap((each) => each.application ?? []);
  return scopes.length
    ? el("p.scopes", {}, "Scopes: ", scopes.map((scope) => el("code", {}, scope)))
    : null;
}

function parametersView(parameters) {
  if (!parameters.length) return null;
  const rows = parameters.map((parameter) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, el("code", {}, parameter.name)),
      el("td", {}, parameter.in, parameter.required ? el("span.required", {}, "required") : null),
      el("td.type", {}, typeOf(parameter.schema)),
      el("td", {}, parameter.description ?? "", el("span.bounds", {}, boundsOf(parameter.schema))),
    ),
  );
  return [el("h4", {}, "Parameters"), el("table", {}, el("tbody", {}, rows))];
}

function requestView(document, body) {
  if (!body) return null;
  return [
    el("h4", {}, "Body", body.required ? el("span.required", {}, "required") : null),
    el("p.types", {}, Object.keys(body.content).map((type) => el("code", {}, type))),
    named(bodySchema(body.content)),
    schemaView(document, bodySchema(body.content)),
  ];
}

function responsesView(document, responses) {
  const [succeeded, refused] = [[], []];
  for (const [status, response] of Object.entries(responses)) {
    (status.startsWith("2") ? succeeded : refused).push([status, resolve(document, response)]);
  }
  return [
    el("h4", {}, "Answer"),
    succeeded.map(([status, response]) => [
      el("p", {}, el("span.status", {}, status), named(bodySchema(response.content))),
      schemaView(document, bodySchema(response.content)),
      exampleView(document, bodySchema(response.content)),
    ]),
    el(
      "details",
      {},
      el("summary", {}, "Refusals"),
      refused.map(([status, response]) =>
        el("p", {}, el("span.status.refused", {}, status), response.description),
      ),
    ),
  ];
}

function named(schema) {
  const reference = schema?.$ref;
  return reference ? el("span.model", {}, nameOf(reference)) : null;
}

function exampleView(document, schema) {
  if (!schema || !Object.keys(schema).length) return null;
  const details = el("details", {}, el("summary", {}, "Example"));
  details.addEventListener(
    "toggle",
    () => {
      const text = JSON.stringify(example(document, schema), null, 2);
      details.append(el("pre", { tabindex: "0" }, el("code", {}, text)));
    },
    { once: true },
  );
  return details;
}

function curl(document, { method, path, requestBody, security }) {
  const address = location.origin + path.replaceAll(/{(\w+)}/g, (_, name) => `$${name.toUpperCase()}`);
  const lines = [method === "head" ? "curl --head" : `curl -X ${method.toUpperCase()}`];
  lines[0] += ` "${address}"`;
  if (security?.some((each) => each.application)) lines.push('-H "Authorization: Bearer $TOKEN"');
  if (security?.some((each) => each.client)) lines.push('-u "$CLIENT_ID:$CLIENT_SECRET"');
  lines.push(...curlBody(document, requestBody?.content ?? {}));
  return lines.join(" \\\n  ");
}

function curlBody(document, content) {
  if (content["application/json"]) {
    const body = example(document, content["application/json"].schema);
    const text = JSON.stringify(body).replaceAll("'", "'\\''");
    return ['-H "Content-Type: application/json"', `-d '${text}'`];
  }
  if (content["application/x-www-form-urlencoded"]) return ["-d grant_type=client_credentials"];
  return content["multipart/form-data"] ? ["-F file=@FILE"] : [];
}

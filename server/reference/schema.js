// Schemas as nested lists of fields, opened one level at a time: they may refer to themselves.

import { boundsOf, nameOf, resolve, typeOf } from "./document.js";
import { el } from "./dom.js";

/** The fields of a schema; what has fields of its own is built when it is opened. */
export function schemaView(document, schema) {
  const whole = resolve(document, schema);
  if (!whole) return null;
  if (whole.anyOf) return el("ul.choices", {}, whole.anyOf.map((each) => choice(document, each)));
  if (whole.type === "array") return schemaView(document, whole.items);
  const required = new Set(whole.required);
  const fields = Object.entries(whole.properties ?? {});
  if (!fields.length) return null;
  return el(
    "ul.fields",
    {},
    fields.map(([name, field]) => el("li", {}, fieldView(document, name, field, required))),
  );
}

function choice(document, schema) {
  const label = schema.$ref ? nameOf(schema.$ref) : typeOf(schema);
  return el("li", {}, expandable(document, el("span.type", {}, label), schema));
}

function fieldView(document, name, field, required) {
  const head = el(
    "span.field",
    {},
    el("code", {}, name),
    required.has(name) ? el("span.required", {}, "required") : null,
    el("span.type", {}, typeOf(field)),
    el("span.bounds", {}, boundsOf(field)),
  );
  return expandable(document, head, field);
}

function expandable(document, head, schema) {
  const inner = schema.type === "array" ? schema.items : schema;
  const whole = resolve(document, inner);
  if (!whole?.properties && !whole?.anyOf?.some((each) => each.$ref)) return head;
  const details = el("details", {}, el("summary", {}, head));
  details.addEventListener("toggle", () => details.append(schemaView(document, inner)), {
    once: true,
  });
  return details;
}

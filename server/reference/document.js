// What the OpenAPI document says, in the order in which it is read.

const METHODS = ["get", "head", "post", "put", "patch", "delete"];

/** Follow a reference, once. */
export function resolve(document, value) {
  if (!value?.$ref) return value;
  const path = value.$ref.slice(2).split("/");
  return path.reduce((inner, key) => inner[key], document);
}

export function nameOf(reference) {
  return reference.split("/").pop();
}

/** The tags with their operations: `[{name, operations: [{method, path, ...}]}]`. */
export function tags(document) {
  const found = new Map();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((each) => item[each])) {
      const operation = { ...item[method], method, path };
      for (const tag of operation.tags) {
        if (!found.has(tag)) found.set(tag, []);
        found.get(tag).push(operation);
      }
    }
  }
  return [...found].sort().map(([name, operations]) => ({ name, operations }));
}

/** The schema of a body in camelCase, or of whatever other type it has first. */
export function bodySchema(content) {
  const media = content?.["application/json"] ?? Object.values(content ?? {})[0];
  return media?.schema;
}

/** A schema in few words: `integer`, `array of ChatUserResource`, `PERSON | BOT`. */
export function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.type === "array") return `array of ${typeOf(schema.items) || "anything"}`;
  if (schema.type === "object" && schema.additionalProperties)
    return `map of ${typeOf(schema.additionalProperties)}`;
  return schema.format ? `${schema.type} (${schema.format})` : (schema.type ?? "anything");
}

/** The bounds of a value in words. */
export function boundsOf(schema) {
  const bounds = [];
  if (schema?.minimum != null) bounds.push(`at least ${schema.minimum}`);
  if (schema?.maximum != null && schema.maximum < Number.MAX_SAFE_INTEGER)
    bounds.push(`at most ${schema.maximum}`);
  if (schema?.maxLength != null) bounds.push(`at most ${schema.maxLength} characters`);
  if (schema?.default != null && typeof schema.default !== "object")
    bounds.push(`default ${schema.default}`);
  return bounds.join(", ");
}

const TEXTS = { "date-time": "2026-01-31T12:00:00.000Z", binary: "(a file)" };
const DEEPEST = 6;

/** A value that satisfies a schema, made from the schema alone. */
export function example(document, schema, name = "", depth = 0) {
  if (!schema || depth > DEEPEST) return {};
  if (schema.$ref) return example(document, resolve(document, schema), name, depth);
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) {
    const concrete = schema.anyOf.find((each) => each.type !== "null");
    return example(document, concrete, name, depth);
  }
  if (schema.type === "object") return exampleObject(document, schema, depth);
  if (schema.type === "array")
    return depth < DEEPEST ? [example(document, schema.items, name, depth + 1)] : [];
  if (schema.type === "integer") return Math.max(schema.minimum ?? 0, 1);
  if (schema.type === "boolean") return schema.default ?? false;
  return TEXTS[schema.format] ?? (/url|href/i.test(name) ? "https://example.com/" : "text");
}

function exampleObject(document, schema, depth) {
  const required = new Set(schema.required);
  const entries = Object.entries(schema.properties ?? {})
    .filter(([key, value]) => required.has(key) || (depth === 0 && !hasNull(value)))
    .map(([key, value]) => [key, example(document, value, key, depth + 1)]);
  if (!entries.length && schema.additionalProperties?.$ref)
    entries.push(["self", example(document, schema.additionalProperties, "", depth + 1)]);
  return Object.fromEntries(entries);
}

function hasNull(schema) {
  return schema.anyOf?.some((each) => each.type === "null") ?? false;
}

// Elements from calls. Texts are always text: nothing of the document is ever read as HTML.

/** `el("a.quiet", {href: "#x"}, "text", child)`; children that are null or false are left out. */
export function el(name, attributes, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** Text in which `code` is marked, and a blank line begins a new paragraph. */
export function prose(text) {
  return text.split(/\n\n+/).map((paragraph) =>
    el("p", {}, paragraph.split("`").map((part, n) => (n % 2 ? el("code", {}, part) : part))),
  );
}

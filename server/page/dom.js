// The few things the views need of the document. Rule: people's words enter it as text only.

/** Make an element: `h("button.quiet", {onclick, "aria-label": "…"}, "text", child)`. */
export function h(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag);
  node.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node[name] = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null && child !== false));
  return node;
}

/** Make `parent` show `items`, one element per key; elements that stay keep focus and state. */
export function reconcile(parent, items, key, create, update) {
  const kept = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const keys = items.map((item) => String(key(item)));
  const wanted = new Set(keys);
  for (const [name, node] of kept) if (!wanted.has(name)) node.remove();
  let cursor = parent.firstElementChild;
  items.forEach((item, index) => {
    const node = kept.get(keys[index]) ?? create(item);
    node.dataset.key = keys[index];
    update(node, item, items[index - 1], items[index + 1]);
    if (node === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(node, cursor);
  });
}

/** Text with its web addresses made into links. */
export function linked(text) {
  return text
    .split(/(https?:\/\/[^\s<>"]+[^\s<>".,:;!?)\]}'])/)
    .map((part, index) =>
      index % 2 ? h("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part) : part,
    );
}

export function avatar(user, online) {
  const node = h("span.avatar", { "aria-hidden": "true" }, initials(nameOf(user)));
  node.style.setProperty("--hue", String(Math.round((user?.id ?? 0) * 137.508) % 360));
  if (online !== undefined) node.append(h(online ? "span.dot.on" : "span.dot"));
  return node;
}

export function nameOf(user) {
  return user?.display_name || user?.name || "Parlance";
}

function initials(name) {
  const words = name
    .trim()
    .split(/[\s._-]+/)
    .filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0].toUpperCase()).join("");
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const DAY_MS = 86_400_000;

export const clock = (iso) => CLOCK.format(new Date(iso));

export function dayName(iso) {
  const ago = daysAgo(iso);
  if (ago < 2) return ago === 1 ? "Yesterday" : "Today";
  return DAY.format(new Date(iso));
}

export const briefTime = (iso) => (daysAgo(iso) === 0 ? clock(iso) : DATE.format(new Date(iso)));

function daysAgo(iso) {
  const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((midnight(Date.now()) - midnight(iso)) / DAY_MS);
}

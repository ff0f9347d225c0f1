// The messages of the open room. Rule: the reader's place on the screen never jumps; only someone
// who looks at the end follows it.

import { avatar, clock, dayName, h, linked, nameOf, reconcile } from "./dom.js";
import { roomTitle } from "./rooms.js";

const EMOJI = ["👍", "❤️", "😂", "🎉"];
const SAME_BREATH_MS = 5 * 60_000; // messages this close share one heading
const NEAR_END_PX = 48;
const NEAR_START_PX = 240;

export class Timeline {
  #scroller = document.querySelector("#timeline");
  #list = document.querySelector("#messages");
  #note = document.querySelector("#room-note");
  #seen = document.querySelector("#seen");
  #jump = document.querySelector("#jump");
  #deeds;
  #chat = null;
  #drawn = { room: null, first: null, last: null };
  #shown = new WeakMap(); // list element -> the item it shows

  /** `deeds` has reply, edit, remove, react, retry, discard, scrolled and older. */
  constructor(deeds) {
    this.#deeds = deeds;
    this.#scroller.onscroll = () => this.#scrolled();
    this.#scroller.onkeydown = (event) => this.#walk(event);
    this.#jump.onclick = () => this.toEnd();
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.#scroller);
  }

  /** Whether the reader looks at the newest message. Remembered: growth does not move him. */
  atEnd = true;

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#scrolled();
  }

  draw(chat) {
    this.#chat = chat;
    const { room } = chat;
    const items = itemsOf(room, chat);
    const isNewRoom = room !== this.#drawn.room;
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    reconcile(
      this.#list,
      items,
      (item) => item.key,
      (item) => this.#create(item),
      (node, item) => this.#update(node, item),
    );
    this.#drawNotes(room, chat);
    const first = items.find((item) => item.message)?.key;
    const last = items.at(-1)?.key;
    const grewAbove = first !== this.#drawn.first && last === this.#drawn.last;
    const ownNews = last !== this.#drawn.last && items.at(-1)?.draft;
    this.#drawn = { room, first, last };
    if (isNewRoom || this.atEnd || ownNews) this.toEnd();
    else if (grewAbove) this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
    this.#drawJump(room);
  }

  #drawNotes(room, chat) {
    this.#note.textContent = noteOf(room, chat);
    this.#note.classList.toggle("empty", room.loaded && !room.messages.length);
    this.#seen.textContent = seenBy(room, chat.store);
  }

  #drawJump(room) {
    this.#jump.hidden = this.atEnd || !room.loaded;
    this.#jump.textContent = room.unread ? `${room.unread} new ↓` : "To the newest ↓";
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (scrollTop < NEAR_START_PX) this.#deeds.older();
    if (this.#chat?.room) this.#drawJump(this.#chat.room);
    this.#deeds.scrolled();
  }

  /** Arrow keys go from message to message; Tab then enters the tools of that message. */
  #walk(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    const all = [...this.#list.querySelectorAll(".message")];
    const at = all.indexOf(document.activeElement.closest(".message"));
    const next = at < 0 ? all.at(-1) : all[at + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  #create(item) {
    if (!item.message) return h(`li.${item.kind}`, {}, h("span", {}, item.text));
    const node = h("li.message", { tabindex: "-1" });
    node.append(h("div.face"), h("div.body"), this.#tools(node, item));
    return node;
  }

  #tools(node, { isMine }) {
    const deed =
      (name, ...rest) =>
      () =>
        this.#deeds[name](this.#shown.get(node).message, ...rest);
    const tool = (label, face, onclick) =>
      h("button.tool", { type: "button", "aria-label": label, title: label, onclick }, face);
    return h(
      "div.tools",
      { role: "group", "aria-label": "Message actions" },
      ...EMOJI.map((emoji) => tool(`React with ${emoji}`, emoji, deed("react", emoji))),
      tool("Reply", "↩", deed("reply")),
      isMine && tool("Edit", "✎", deed("edit")),
      isMine && tool("Delete", "✕", deed("remove")),
    );
  }

  #update(node, item) {
    if (!item.message) {
      node.firstChild.textContent = item.text;
      return;
    }
    const before = this.#shown.get(node);
    const same = ["message", "starts", "quoted", "author"].every(
      (part) => before?.[part] === item[part],
    );
    this.#shown.set(node, item);
    if (same) return;
    const { message, isMine, starts, draft } = item;
    node.className = "message";
    node.classList.toggle("mine", isMine);
    node.classList.toggle("starts", starts);
    node.classList.toggle("pending", Boolean(draft));
    node.classList.toggle("failed", Boolean(draft?.error));
    node.classList.toggle("gone", Boolean(message.deleted));
    node.children[0].replaceChildren(starts && !isMine ? avatar(message.user) : "");
    node.children[1].replaceChildren(...this.#body(item).filter(Boolean));
  }

  #body({ message, isMine, starts, quoted, draft, author }) {
    const time = h("time", { datetime: message.created }, clock(message.created));
    return [
      starts && h("header", {}, h(isMine ? "b.hidden" : "b", {}, author), time),
      !starts && h("span.hidden", {}, `${author}, ${clock(message.created)}`),
      quoted && h("blockquote", {}, h("b", {}, quoted.author), " ", quoted.text),
      h("div.bubble", { title: clock(message.created) }, ...content(message)),
      message.reactions?.length > 0 && this.#reactions(message),
      draft?.error && this.#failure(draft),
    ];
  }

  #reactions(message) {
    const { me, people } = this.#chat.store;
    const chips = message.reactions.map(({ emoji, count, users }) => {
      const names = users.map((id) => (id === me.id ? "you" : nameOf(people.get(id)))).join(", ");
      const pressed = users.includes(me.id);
      const attributes = { type: "button", title: names, "aria-pressed": String(pressed) };
      const onclick = () => this.#deeds.react(message, emoji);
      return h("button.chip", { ...attributes, onclick }, emoji, h("span", {}, count));
    });
    return h("div.reactions", {}, ...chips);
  }

  #failure(draft) {
    const button = (text, deed) => h("button.link", { type: "button", onclick: deed }, text);
    return h(
      "p.failure",
      { role: "alert" },
      `Not sent: ${draft.error} `,
      button("Try again", () => this.#deeds.retry(draft)),
      button("Discard", () => this.#deeds.discard(draft)),
    );
  }
}

function itemsOf(room, { divider, store }) {
  const items = [];
  let before = null;
  let isMarked = divider === null;
  const drafts = room.loaded ? room.pending : [];
  for (const message of [...room.messages, ...drafts]) {
    const draft = message.id === undefined ? message : null;
    const isMine = Boolean(draft) || message.user?.id === store.me.id;
    const day = dayName(message.created);
    if (!before || day !== dayName(before.created)) {
      items.push({ kind: "day", key: `day ${day} ${message.created.slice(0, 10)}`, text: day });
      before = null;
    }
    if (!isMarked && message.offset > divider && !isMine) {
      isMarked = true;
      before = null;
      items.push({ kind: "new", key: "new", text: "New" });
    }
    items.push({
      key: isMine && message.client_id ? `own ${message.client_id}` : message.id,
      message,
      draft,
      isMine,
      author: isMine ? nameOf(store.me) : nameOf(message.user),
      starts: !continues(before, message, store.me),
      quoted: quotedBy(message, room),
    });
    before = message;
  }
  return items;
}

function continues(before, message, me) {
  if (!before) return false;
  const author = ({ id, user }) => (id === undefined ? me.id : user?.id);
  if (author(before) !== author(message)) return false;
  return new Date(message.created) - new Date(before.created) < SAME_BREATH_MS;
}

/** The message replied to; the same object as long as it says the same. */
function quotedBy({ reply_to: id }, room) {
  if (!id) return null;
  const message = room.messages.find((one) => one.id === id);
  if (!message) return UNKNOWN_QUOTE;
  if (!quotes.has(message)) quotes.set(message, quoteOf(message));
  return quotes.get(message);
}

const UNKNOWN_QUOTE = { author: "", text: "an earlier message" };
const quotes = new WeakMap();

function quoteOf({ user, text, deleted }) {
  return { author: nameOf(user), text: deleted ? "Message deleted" : (text ?? "a file") };
}

function content(message) {
  if (message.deleted) return ["Message deleted"];
  const files = (message.files ?? []).map(fileLink);
  return [...linked(message.text ?? ""), ...files, message.edited && h("small", {}, " edited")];
}

function fileLink({ url, name }) {
  const isSafe = /^(https?:)?\/\//.test(url) || url.startsWith("/");
  if (!isSafe) return h("span.file", {}, name);
  return h("a.file", { href: url, target: "_blank", rel: "noopener noreferrer" }, name);
}

function noteOf(room, { store }) {
  if (!room.loaded) return "Loading messages…";
  if (!room.complete) return "";
  const title = roomTitle(room, store.me);
  if (!room.messages.length) return `Nothing has been said in ${title} yet. Say hello!`;
  return `The beginning of ${title}`;
}

function seenBy(room, { me, people }) {
  const last = room.messages.at(-1);
  if (!last || last.user?.id !== me.id || room.pending.length) return "";
  const readers = [...room.members].filter(([id, { read }]) => id !== me.id && read >= last.offset);
  if (!readers.length) return "";
  if (room.view.kind === "direct") return "Seen";
  const names = readers.slice(0, 3).map(([id]) => nameOf(people.get(id)));
  const more = readers.length - names.length;
  return `Seen by ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

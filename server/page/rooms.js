// The sidebar: our rooms, the latest first.

import { avatar, briefTime, h, nameOf, reconcile } from "./dom.js";

export function roomTitle(room, me) {
  const { kind, display_name, name, members } = room.view;
  if (kind !== "direct") return display_name || name || "Untitled";
  return nameOf(members.find((member) => member.id !== me.id) ?? me);
}

/** The other one in a direct room, as far as known. */
export function partner(room, store) {
  if (room.view.kind !== "direct") return null;
  const other = room.view.members.find((member) => member.id !== store.me.id);
  return store.people.get(other?.id) ?? store.me;
}

export class RoomList {
  #list = document.querySelector("#rooms");
  #empty = document.querySelector("#no-rooms");
  #choose;

  constructor(choose) {
    this.#choose = choose;
  }

  draw(chat, reading) {
    const { rooms } = chat;
    this.#empty.hidden = rooms.length > 0;
    reconcile(
      this.#list,
      rooms,
      (room) => room.view.id,
      (room) => this.#create(room),
      (node, room) => update(node, room, chat, reading),
    );
  }

  #create(room) {
    const choose = () => this.#choose(room.view.id);
    return h("li", {}, h("button.room", { type: "button", onclick: choose }));
  }
}

function update(node, room, chat, reading) {
  const { store } = chat;
  const isOpen = room.view.id === chat.openId;
  const unread = isOpen && reading ? 0 : room.unread;
  const title = roomTitle(room, store.me);
  const other = partner(room, store);
  const preview = previewOf(room, store.me);
  const when = room.last ? briefTime(room.last.created) : "";
  const shown = JSON.stringify([title, preview, when, unread, isOpen, other?.online]);
  const button = node.firstElementChild;
  if (node.dataset.shown === shown) return;
  node.dataset.shown = shown;
  button.setAttribute("aria-current", isOpen);
  button.classList.toggle("unread", unread > 0);
  const parts = [
    other
      ? avatar(other, other.online ?? false)
      : h("span.avatar.hash", { "aria-hidden": "true" }, "#"),
    h("span.room-name", {}, title),
    h("span.room-time", {}, when),
    h("span.room-last", {}, preview),
    unread > 0 &&
      h("span.badge", { "aria-label": `${unread} unread` }, unread > 99 ? "99+" : unread),
    other && h("span.hidden", {}, other.online ? "online" : "offline"),
  ];
  button.replaceChildren(...parts.filter(Boolean));
}

function previewOf({ last, view }, me) {
  if (!last) return "No messages yet";
  if (last.deleted) return "Message deleted";
  const text = last.text || last.files.map((file) => file.name).join(", ");
  if (last.user?.id === me.id) return `You: ${text}`;
  return view.kind === "direct" || !last.user ? text : `${nameOf(last.user)}: ${text}`;
}

// What the person at the page can do: each deed asks the server and tells the store.
// Rule: nothing here touches the document; `onchange` says when there is something to draw.

import { Outbox, newId } from "./outbox.js";
import { Connection } from "./socket.js";
import { Store } from "./store.js";

const HISTORY_PAGE = 50;
const MOST_ROOMS_FOUND = 1000;
const WATCHED_DIRECTS = 20; // direct rooms whose presence is followed from the sidebar
const TYPING_EVERY_MS = 3000;
const TYPING_FORGOTTEN_MS = 8000;
const READ_AFTER_MS = 250;
const DEFAULT_ROOM = "lobby";

export class Chat {
  store = new Store();
  status = "connecting";
  openId = null;
  divider = null; // in the open room: all after this offset was unread when it was opened
  #hello;
  #page;
  #connection;
  #outbox;
  #typingSince = 0;
  #typingTimer = null;
  #readTimer = null;
  #view = "";

  /** `hello` is who we are; `page` has changed(), started(), ended(text), arrived(message). */
  constructor(url, hello, page) {
    this.#hello = hello;
    this.#page = page;
    this.#connection = new Connection(url, {
      hello: () => ({ ...this.#hello, positions: this.store.positions() }),
      welcome: (result) => this.#welcome(result),
      pushed: (push) => this.#pushed(push),
      status: (name) => this.#setStatus(name),
      refused: (text) => this.#page.ended(text),
    });
    const changed = () => this.#page.changed();
    this.#outbox = new Outbox(this.store, (draft) => this.#deliver(draft), changed);
  }

  start() {
    this.#connection.open();
  }

  stop() {
    this.#connection.close();
  }

  wake() {
    this.#connection.wake();
  }

  get room() {
    return this.store.rooms.get(this.openId) ?? null;
  }

  /** Rooms by activity, the latest first. */
  get rooms() {
    const active = (room) => room.last?.created ?? room.view.created;
    return [...this.store.rooms.values()].sort((a, b) => (active(a) < active(b) ? 1 : -1));
  }

  open(id) {
    if (id === this.openId) return;
    this.stopTyping();
    this.room?.trim();
    this.openId = this.store.rooms.has(id) ? id : null;
    this.divider = this.room?.unread ? this.room.read : null;
    this.#refreshOpen();
    this.#page.changed();
  }

  /** Load the page of history before the first message shown. */
  async older() {
    const { room } = this;
    if (room?.loaded && !room.complete && !room.whileLoading) {
      await this.#loadHistory(room, { before: room.messages[0].offset });
    }
  }

  send(text, reply_to = null) {
    this.divider = null;
    this.#typingSince = 0; // the server ends typing with the message
    const created = new Date().toISOString();
    this.#outbox.add({ channel: this.openId, client_id: newId(), text, reply_to, created });
  }

  retry(draft) {
    this.#outbox.discard(draft);
    this.#outbox.add({ ...draft, error: undefined });
  }

  discard(draft) {
    this.#outbox.discard(draft);
  }

  async edit(message, text) {
    const fields = { channel: message.channel, message: message.id, text };
    this.#took(await this.#connection.request("message.edit", fields));
  }

  async remove(message) {
    const fields = { channel: message.channel, message: message.id };
    this.#took(await this.#connection.request("message.delete", fields));
  }

  async react(message, emoji) {
    const mine = message.reactions.find((one) => one.emoji === emoji)?.users;
    const type = mine?.includes(this.store.me.id) ? "reaction.remove" : "reaction.add";
    const fields = { channel: message.channel, message: message.id, emoji };
    await this.#connection.request(type, fields);
  }

  /** Say that we are typing; what is typed stays here until it is sent. */
  typing() {
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => this.stopTyping(), TYPING_EVERY_MS * 2);
    if (Date.now() - this.#typingSince < TYPING_EVERY_MS) return;
    this.#typingSince = Date.now();
    this.#connection.tell("keystrokes", { channel: this.openId, keys: "…" });
  }

  stopTyping() {
    clearTimeout(this.#typingTimer);
    if (this.#typingSince && this.room) {
      this.#connection.tell("keystrokes", { channel: this.openId, keys: "" });
    }
    this.#typingSince = 0;
  }

  /** Who is typing in the open room, as users. */
  typists(now) {
    const isRecent = ([, at]) => at > now - TYPING_FORGOTTEN_MS;
    const typing = [...(this.room?.typing ?? [])].filter(isRecent);
    return typing.map(([id]) => this.store.people.get(id));
  }

  /** The newest message of the open room has been on screen. */
  seen() {
    const { room } = this;
    if (this.#readTimer || !room?.last || room.last.offset <= room.read) return;
    this.#readTimer = setTimeout(() => this.#markRead(room), READ_AFTER_MS);
  }

  async publicRooms(after = 0, found = []) {
    const page = await this.#connection.request("channel.list", { limit: 200, after });
    found.push(...page.channels.filter(({ kind }) => kind === "public"));
    if (page.next === null || found.length >= MOST_ROOMS_FOUND) return found;
    return this.publicRooms(page.next, found);
  }

  async join(id) {
    const { channel } = await this.#connection.request("channel.join", { channel: id });
    return this.#entered(channel);
  }

  /** Open a public room of that name, made now if there is none. */
  async create(title) {
    const name = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "");
    const fields = { kind: "public", name: name || newId(), display_name: title };
    const { channel } = await this.#connection.request("channel.create", fields);
    return channel.joined ? this.#entered(channel) : this.join(channel.id);
  }

  async direct(userId) {
    const fields = { kind: "direct", members: [userId] };
    const { channel } = await this.#connection.request("channel.create", fields);
    return this.#entered(channel);
  }

  async leave(id) {
    await this.#connection.request("channel.leave", { channel: id });
    this.store.rooms.delete(id);
    this.#page.changed();
  }

  async loadMembers(room) {
    const fields = { channel: room.view.id, limit: 100 };
    const { members, next } = await this.#connection.request("member.list", fields);
    room.isLarge = next !== null;
    for (const { user, role, read } of members) {
      this.store.meet(user);
      room.addMember(user.id, role, read);
    }
    this.#page.changed();
  }

  #entered(channel) {
    this.store.addRoom(channel, channel.head);
    this.#watch();
    this.#page.changed();
    return channel.id;
  }

  #welcome(result) {
    const first = this.store.me === null;
    this.store.welcome(result);
    this.#view = "";
    if (!this.room) this.openId = null;
    this.#refreshOpen();
    if (first) this.#begin();
    for (const room of this.#directs()) this.loadMembers(room);
  }

  async #begin() {
    this.#outbox.resume();
    if (!this.store.rooms.size) await this.#joinDefaultRoom();
    this.#page.started();
  }

  async #joinDefaultRoom() {
    const rooms = await this.publicRooms();
    const room = rooms.find(({ name }) => name === DEFAULT_ROOM);
    if (room) await this.join(room.id);
  }

  #setStatus(name) {
    this.status = name;
    this.#page.changed();
  }

  #pushed(push) {
    if (!this.store.apply(push, Date.now())) {
      if (push.type === "shed" && this.room) this.loadMembers(this.room);
      return;
    }
    if (push.type === "message.created") this.#page.arrived(push.message);
    if (push.type === "reset" && push.channel === this.openId) this.#refreshOpen();
    if (push.type.startsWith("channel.")) this.#watch();
    if (push.type === "member.joined" && push.channel === this.openId) this.loadMembers(this.room);
    if (push.type === "typing.started" || push.type === "keystrokes") {
      setTimeout(() => this.#page.changed(), TYPING_FORGOTTEN_MS);
    }
    if (!this.room) this.openId = null;
    this.#page.changed();
  }

  #refreshOpen() {
    this.#watch();
    const { room } = this;
    if (!room) return;
    if (!room.loaded && !room.whileLoading) this.#loadHistory(room, {});
    this.loadMembers(room);
  }

  async #loadHistory(room, range) {
    room.whileLoading = [];
    const fields = { channel: room.view.id, limit: HISTORY_PAGE, ...range };
    try {
      const { messages } = await this.#connection.request("history", fields);
      room.takeHistory(messages, HISTORY_PAGE, this.store.me.id);
    } finally {
      room.whileLoading = null;
    }
    this.#page.changed();
  }

  /** Tell the server which rooms are on screen: typing and presence come for those alone. */
  #watch() {
    const ids = this.#directs().map((room) => room.view.id);
    if (this.room && !ids.includes(this.openId)) ids.push(this.openId);
    if (ids.join() === this.#view) return;
    this.#view = ids.join();
    this.#connection.tell("view", { channels: ids });
  }

  #directs() {
    return this.rooms.filter((room) => room.view.kind === "direct").slice(0, WATCHED_DIRECTS);
  }

  async #deliver({ channel, client_id, text, reply_to }) {
    const fields = { channel, client_id, text, reply_to };
    this.#took(await this.#connection.request("message.send", fields));
  }

  /** Show at once what a command answered; the push that follows carries its place in time. */
  #took({ message }) {
    const room = this.store.rooms.get(message.channel);
    room?.whileLoading?.push({ type: "message.updated", message });
    room?.put(message);
    this.#page.changed();
  }

  async #markRead(room) {
    const fields = { channel: room.view.id, up_to: room.last.offset };
    this.#readTimer = null;
    room.read = fields.up_to;
    const { read, unread } = await this.#connection.request("read", fields);
    room.read = Math.max(room.read, read);
    if (fields.up_to >= room.last.offset) room.unread = unread;
    this.#page.changed();
  }
}

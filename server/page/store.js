// What this page knows of the chat. Pure state: no socket, no document, no clock but an argument.
// Rule: what carries an offset is applied once, in order; messages are replaced, never changed.

const SHOWN_REACTORS = 20;
const KEPT_MESSAGES = 300;

export class Store {
  me = null;
  limits = null;
  rooms = new Map(); // id -> Room
  people = new Map(); // id -> user, with `online` where it is known

  /** Take the hello reply: the rooms that are ours now, keeping what was read of them before. */
  welcome({ user, limits, channels }) {
    this.me = user;
    this.limits = limits;
    this.meet(user);
    const ours = new Set(channels.map((channel) => channel.id));
    for (const id of this.rooms.keys()) if (!ours.has(id)) this.rooms.delete(id);
    for (const channel of channels) this.addRoom(channel, channel.head);
  }

  /** Add or refresh a room. A known room keeps its position: the events after it are to come. */
  addRoom(view, position) {
    const room = this.rooms.get(view.id) ?? new Room(position);
    this.rooms.set(view.id, room);
    room.refresh(view);
    for (const member of view.members ?? []) this.meet(member);
    return room;
  }

  positions() {
    return Object.fromEntries([...this.rooms].map(([id, room]) => [id, room.position]));
  }

  /** Remember someone; a bare sender does not overwrite what is known of his presence. */
  meet(user) {
    this.people.set(user.id, { ...this.people.get(user.id), ...user });
    return this.people.get(user.id);
  }

  /** Apply one push. Answers whether it was news. */
  apply(push, now) {
    if (push.user) this.meet(push.user);
    if (push.type === "heads") return this.#complete(push.heads);
    if (push.type === "channel.created" && !this.rooms.has(push.channel)) {
      this.addRoom(push.details, push.offset);
      return true;
    }
    const room = this.rooms.get(push.channel);
    if (!room) return false;
    if (push.type === "reset") return room.reset(push.offset);
    if (push.offset !== undefined) return this.#applyDurable(room, push);
    return this.#applyPassing(room, push, now);
  }

  #complete(heads) {
    for (const [id, head] of Object.entries(heads)) {
      const room = this.rooms.get(Number(id));
      if (room) room.position = Math.max(room.position, head);
    }
    return true;
  }

  #applyDurable(room, push) {
    if (push.offset <= room.position) return false;
    room.position = push.offset;
    room.whileLoading?.push(push);
    if (push.type === "channel.deleted") this.rooms.delete(push.channel);
    else if (push.type === "member.left") this.#left(room, push);
    else if (push.type === "member.joined") room.addMember(push.user.id);
    else if (push.type === "channel.updated") room.describe(push.details);
    else room.change(push, this.me.id);
    return true;
  }

  #left(room, { channel, user }) {
    if (user.id === this.me.id) this.rooms.delete(channel);
    else room.members.delete(user.id);
  }

  #applyPassing(room, push, now) {
    if (push.type === "presence") {
      this.meet({ ...push.user, online: push.online, status: push.status });
    } else if (push.type === "read") {
      room.readBy(push.user.id, push.read, this.me.id);
    } else if (push.type === "typing.started" || (push.type === "keystrokes" && push.keys)) {
      if (push.user.id !== this.me.id) room.typing.set(push.user.id, now);
    } else if (push.type === "typing.stopped" || push.type === "keystrokes") {
      room.typing.delete(push.user.id);
    } else {
      return false;
    }
    return true;
  }
}

export class Room {
  view = null; // the channel as the server described it
  head = 0; // events up to here are counted in `unread`
  read = 0;
  unread = 0;
  last = null;
  messages = []; // in offset order, without holes from the first one to `position`
  loaded = false;
  complete = false; // the first message is the first of the room
  whileLoading = null; // pushes that came while history was on its way
  pending = []; // own messages without an answer yet
  members = new Map(); // user id -> {role, read}
  isLarge = false; // it has more members than are known here
  typing = new Map(); // user id -> when last heard
  draft = "";

  constructor(position) {
    this.position = position;
  }

  refresh(view) {
    this.describe(view);
    this.head = Math.max(this.head, view.head);
    this.read = Math.max(this.read, view.read);
    this.unread = view.unread;
    if ((view.last_message?.offset ?? 0) >= (this.last?.offset ?? 0)) this.last = view.last_message;
    for (const member of view.members ?? []) this.addMember(member.id);
  }

  /** A description told to many says nothing of the viewer: take only what is everybody's. */
  describe(view) {
    const { id, kind, name, display_name, properties, owner, created } = view;
    const members = view.members?.length ? view.members : (this.view?.members ?? []);
    this.view = { id, kind, name, display_name, properties, owner, created, members };
  }

  reset(position) {
    this.position = position;
    this.messages = [];
    this.loaded = this.complete = false;
    return true;
  }

  addMember(id, role = "member", read = 0) {
    const known = this.members.get(id);
    this.members.set(id, { role, read: Math.max(read, known?.read ?? 0) });
  }

  readBy(id, offset, me) {
    if (id !== me) return this.addMember(id, this.members.get(id)?.role, offset);
    this.read = Math.max(this.read, offset);
    if (this.read >= (this.last?.offset ?? 0)) this.unread = 0;
  }

  /** Apply a durable push about messages. Doing it again changes nothing. */
  change(push, me) {
    if (push.type.startsWith("reaction.")) return this.#react(push);
    if (!push.type.startsWith("message.")) return;
    const { message } = push;
    if (push.type === "message.created") this.#arrived(message, push.offset, me);
    if (this.last?.id === message.id) this.last = message;
    this.put(message);
  }

  #arrived(message, offset, me) {
    if (message.user?.id === me) this.settle(message.client_id);
    if (message.user) this.typing.delete(message.user.id);
    if (message.offset > (this.last?.offset ?? 0)) this.last = message;
    if (offset > this.head && message.user?.id !== me) this.unread += 1;
    this.head = Math.max(this.head, offset);
  }

  #react({ type, message: id, user, emoji }) {
    const at = this.messages.findIndex((message) => message.id === id);
    if (at < 0) return;
    const change = type === "reaction.added" ? withReaction : withoutReaction;
    const reactions = change(this.messages[at].reactions, emoji, user.id);
    this.messages[at] = { ...this.messages[at], reactions };
  }

  /** Put a message into its place, unless it lies before all that is shown. */
  put(message) {
    if (!this.loaded) return;
    const { messages } = this;
    let at = messages.length;
    while (at > 0 && messages[at - 1].offset >= message.offset) at -= 1;
    if (messages[at]?.id === message.id) messages[at] = message;
    else if (at > 0 || this.complete || !messages.length) messages.splice(at, 0, message);
  }

  /** Take a page of history, then what was pushed while it travelled. */
  takeHistory(page, limit, me) {
    const known = new Set(page.map((message) => message.id));
    this.messages = [...page, ...this.messages.filter((message) => !known.has(message.id))];
    this.messages.sort((a, b) => a.offset - b.offset);
    this.loaded = true;
    this.complete = page.length < limit;
    const missed = this.whileLoading ?? [];
    this.whileLoading = null;
    for (const push of missed) this.change(push, me);
  }

  /** Forget the oldest messages of a long sitting; scrolling up brings them back. */
  trim() {
    if (this.messages.length <= KEPT_MESSAGES * 1.5) return;
    this.messages = this.messages.slice(-KEPT_MESSAGES);
    this.complete = false;
  }

  settle(clientId) {
    this.pending = this.pending.filter((draft) => draft.client_id !== clientId);
  }
}

function withReaction(reactions, emoji, user) {
  const known = reactions.find((reaction) => reaction.emoji === emoji);
  if (!known) return [...reactions, { emoji, count: 1, users: [user] }];
  if (known.users.includes(user)) return reactions;
  const users = [...known.users, user].slice(0, SHOWN_REACTORS);
  return replaced(reactions, known, { emoji, count: known.count + 1, users });
}

function withoutReaction(reactions, emoji, user) {
  const known = reactions.find((reaction) => reaction.emoji === emoji);
  if (!known || (known.count <= SHOWN_REACTORS && !known.users.includes(user))) return reactions;
  const users = known.users.filter((id) => id !== user);
  return replaced(reactions, known, { emoji, count: known.count - 1, users });
}

function replaced(reactions, old, fresh) {
  return reactions.map((one) => (one === old ? fresh : one)).filter((one) => one.count > 0);
}

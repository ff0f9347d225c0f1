// The page: signing in, then one chat and its views. Two tabs may be two people: who we are is
// kept per tab. Rule: every view is drawn from the chat's state, at most once per screen frame.

import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { Dialogs } from "./dialogs.js";
import { avatar, h, nameOf } from "./dom.js";
import { Outbox } from "./outbox.js";
import { RoomList, partner, roomTitle } from "./rooms.js";
import { Timeline } from "./timeline.js";

const IDENTITY = "parlance.identity";
const FACES = 5;
const TOAST_MS = 6000;
const RETRY_MS = 2000;
const HIDDEN_DRAW_MS = 200; // no screen frames come in a hidden tab, but its title counts
const STATUS = { connecting: "Connecting…", reconnecting: "Reconnecting…", online: "" };

const $ = (selector) => document.querySelector(selector);

class Page {
  #chat;
  #rooms;
  #timeline;
  #composer;
  #dialogs;
  #isDue = false;

  constructor(hello) {
    const url = `${location.origin.replace(/^http/, "ws")}/socket`;
    this.#chat = new Chat(url, hello, this);
    this.#rooms = new RoomList(go);
    this.#timeline = new Timeline(this);
    this.#composer = new Composer(this.#chat);
    this.#dialogs = new Dialogs(this.#chat, go);
    $("#find-room").onclick = $("#find-first-room").onclick = () => this.#dialogs.findRoom();
    $("#people").onclick = () => this.#dialogs.showPeople(this.#chat.room);
    $("#back").onclick = () => go(null);
    $("#sign-out").onclick = () => this.#leave("");
    window.onhashchange = () => this.#follow();
    window.ononline = () => this.#chat.wake();
    document.onvisibilitychange = () => {
      if (document.visibilityState !== "visible") return;
      this.#chat.wake();
      this.changed();
    };
    this.#chat.start();
  }

  // What the chat tells.

  started() {
    stage("chat");
    $("#me").replaceChildren(avatar(this.#chat.store.me), nameOf(this.#chat.store.me));
    this.#follow();
    this.changed();
  }

  changed() {
    if (this.#isDue) return;
    this.#isDue = true;
    if (document.hidden) setTimeout(() => this.#draw(), HIDDEN_DRAW_MS);
    else requestAnimationFrame(() => this.#draw());
  }

  arrived(message) {
    const { store, openId } = this.#chat;
    if (message.channel !== openId || message.user?.id === store.me.id) return;
    $("#announcer").append(h("p", {}, `${nameOf(message.user)}: ${message.text ?? "a file"}`));
    while ($("#announcer").children.length > 5) $("#announcer").firstChild.remove();
  }

  ended(text) {
    this.#leave(text);
  }

  // What the timeline asks.

  reply(message) {
    this.#composer.reply(message);
  }

  edit(message) {
    this.#composer.edit(message);
  }

  async remove(message) {
    if (await this.#dialogs.ask("Delete this message for everyone?", "Delete")) {
      await this.#chat.remove(message);
    }
  }

  react(message, emoji) {
    return this.#chat.react(message, emoji);
  }

  retry(draft) {
    this.#chat.retry(draft);
  }

  discard(draft) {
    this.#chat.discard(draft);
  }

  older() {
    return this.#chat.older();
  }

  scrolled() {
    if (this.#isReading) this.#chat.seen();
  }

  get #isReading() {
    return document.visibilityState === "visible" && this.#timeline.atEnd;
  }

  /** Open the room the address names; where there is space for it, some room is always open. */
  #follow() {
    const named = Number(location.hash.slice(1));
    this.#chat.open(named);
    const { room, rooms } = this.#chat;
    if (!room && rooms.length && matchMedia("(min-width: 46rem)").matches) {
      history.replaceState(null, "", `#${rooms[0].view.id}`);
      this.#chat.open(rooms[0].view.id);
    }
  }

  #draw() {
    this.#isDue = false;
    const chat = this.#chat;
    $("#status").textContent = STATUS[chat.status];
    if (document.body.dataset.stage !== "chat") return;
    if (!chat.room && location.hash) go(null);
    $("#chat").classList.toggle("in-room", Boolean(chat.room));
    $("#room").hidden = !chat.room;
    $("#no-room").hidden = Boolean(chat.room);
    if (chat.room) this.#drawRoom(chat.room);
    this.#rooms.draw(chat, this.#isReading);
    const unread = chat.rooms.reduce((sum, room) => sum + room.unread, 0);
    document.title = `${unread ? `(${unread}) ` : ""}Parlance`;
  }

  #drawRoom(room) {
    const { store } = this.#chat;
    const title = roomTitle(room, store.me);
    $("#room-title").textContent = title;
    $("#room-state").textContent = stateOf(room, store);
    const people = [...room.members.keys()].map((id) => store.people.get(id)).filter(Boolean);
    people.sort((a, b) => Boolean(b.online) - Boolean(a.online));
    $("#faces").replaceChildren(
      ...people.slice(0, FACES).map((user) => avatar(user, Boolean(user.online))),
    );
    $("#typing").textContent = typingText(this.#chat.typists(Date.now()));
    this.#composer.draw(room, title);
    this.#timeline.draw(this.#chat);
    if (this.#dialogs.peopleShown) this.#dialogs.drawPeople(room);
    if (this.#isReading) this.#chat.seen();
  }

  #leave(text) {
    this.#chat.stop();
    sessionStorage.removeItem(IDENTITY);
    Outbox.forget();
    sessionStorage.setItem("parlance.farewell", text);
    location.replace(location.pathname);
  }
}

function go(id) {
  if (id === null) history.replaceState(null, "", location.pathname);
  else location.hash = String(id);
  if (id === null) window.dispatchEvent(new HashChangeEvent("hashchange"));
}

function stateOf(room, store) {
  const other = partner(room, store);
  if (other) return other.status || (other.online ? "online" : "offline");
  const ids = [...room.members.keys()];
  if (room.isLarge) return `more than ${ids.length} people`;
  const online = ids.filter((id) => store.people.get(id)?.online).length;
  return `${ids.length} ${ids.length === 1 ? "person" : "people"}, ${online} online`;
}

function typingText(users) {
  const names = users.map(nameOf);
  if (!names.length) return "";
  if (names.length === 1) return `${names[0]} is typing`;
  return names.length === 2 ? `${names.join(" and ")} are typing` : "Several people are typing";
}

function stage(name) {
  document.body.dataset.stage = name;
}

function toast(text) {
  const note = h("p", {}, text);
  $("#toasts").append(note);
  setTimeout(() => note.remove(), TOAST_MS);
}

// A deed that nobody waits for and the server declined: say so, in the server's words.
window.onunhandledrejection = (event) => toast(event.reason.message);

function signIn(config) {
  const form = $("#sign-in");
  const pick = (kind) => {
    form.dataset.kind = kind;
    $("#name").required = kind === "guest";
    $("#token").required = kind === "token";
  };
  pick(config.guests ? "guest" : "token");
  $("#use-token").onclick = () => pick("token");
  $("#use-guest").onclick = () => pick("guest");
  $("#use-guest").hidden = !config.guests;
  form.onsubmit = (event) => {
    event.preventDefault();
    const username = $("#name").value.trim();
    const token = $("#token").value.trim();
    enter(form.dataset.kind === "guest" ? { api_key: config.api_key, username } : { token });
  };
  stage("sign-in");
  (config.guests ? $("#name") : $("#token")).focus();
}

function enter(hello) {
  stage("entering");
  sessionStorage.setItem(IDENTITY, JSON.stringify(hello));
  new Page(hello);
}

async function begin() {
  $("#farewell").textContent = sessionStorage.getItem("parlance.farewell") ?? "";
  sessionStorage.removeItem("parlance.farewell");
  const identity = JSON.parse(sessionStorage.getItem(IDENTITY));
  if (identity) return enter(identity);
  const response = await fetch("/page/config.json").catch(() => null);
  if (response?.ok) return signIn(await response.json());
  stage("entering");
  $("#entering").textContent = "The server cannot be reached. Trying again…";
  setTimeout(begin, RETRY_MS);
}

begin();

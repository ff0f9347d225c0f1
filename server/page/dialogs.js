// The windows over the page: finding or making a room, the people of a room, a question.

import { avatar, h, nameOf } from "./dom.js";
import { roomTitle } from "./rooms.js";

export class Dialogs {
  #rooms = document.querySelector("#rooms-dialog");
  #people = document.querySelector("#people-dialog");
  #question = document.querySelector("#question-dialog");
  #chat;
  #go;
  #found = [];

  /** `go(id)` shows a room. */
  constructor(chat, go) {
    this.#chat = chat;
    this.#go = go;
    for (const dialog of [this.#rooms, this.#people, this.#question]) {
      dialog.onclick = ({ target }) => void (target === dialog && dialog.close());
    }
    this.#search.oninput = () => this.#drawFound();
    this.#rooms.querySelector("form").onsubmit = (event) => this.#createTyped(event);
  }

  async findRoom() {
    this.#search.value = "";
    this.#found = [];
    this.#drawFound();
    this.#rooms.showModal();
    this.#found = await this.#chat.publicRooms();
    this.#drawFound();
  }

  showPeople(room) {
    this.drawPeople(room);
    this.#people.showModal();
  }

  /** Keep the list of people true while it is shown. */
  drawPeople(room) {
    const { store } = this.#chat;
    const title = roomTitle(room, store.me);
    this.#people.querySelector("h2").textContent = title;
    const members = [...room.members.keys()].map((id) => store.people.get(id)).filter(Boolean);
    members.sort(
      (a, b) => Boolean(b.online) - Boolean(a.online) || (nameOf(a) < nameOf(b) ? -1 : 1),
    );
    const rows = members.map((user) => this.#person(user, user.id === store.me.id));
    this.#people.querySelector("ul").replaceChildren(...rows);
    const leave = this.#people.querySelector("#leave");
    leave.hidden = room.view.kind === "direct";
    leave.onclick = () => this.#leave(room, title);
  }

  get peopleShown() {
    return this.#people.open;
  }

  async ask(question, answer) {
    this.#question.querySelector("p").textContent = question;
    const yes = this.#question.querySelector("button[value=yes]");
    yes.textContent = answer;
    this.#question.returnValue = "";
    this.#question.showModal();
    await new Promise((resolve) => (this.#question.onclose = resolve));
    return this.#question.returnValue === "yes";
  }

  get #search() {
    return this.#rooms.querySelector("input");
  }

  #drawFound() {
    const typed = this.#search.value.trim();
    const wanted = typed.toLowerCase();
    const named = (channel) => (channel.display_name || channel.name || "").toLowerCase();
    const fitting = this.#found.filter((channel) => named(channel).includes(wanted));
    this.#rooms.querySelector("ul").replaceChildren(...fitting.map((one) => this.#foundRoom(one)));
    const create = this.#rooms.querySelector("button.primary");
    create.hidden = !typed || this.#found.some((channel) => named(channel) === wanted);
    create.textContent = `Make a room called “${typed}”`;
    this.#rooms.querySelector("p").hidden = fitting.length > 0 || Boolean(typed);
  }

  #foundRoom(channel) {
    const isOurs = this.#chat.store.rooms.has(channel.id);
    const enter = async () => this.#enter(isOurs ? channel.id : this.#chat.join(channel.id));
    return h(
      "li.row",
      {},
      h("span.avatar.hash", { "aria-hidden": "true" }, "#"),
      h("span.who", {}, channel.display_name || channel.name),
      h("button", { type: "button", onclick: enter }, isOurs ? "Open" : "Join"),
    );
  }

  #createTyped(event) {
    event.preventDefault();
    const title = this.#search.value.trim();
    if (title) this.#enter(this.#chat.create(title));
  }

  async #enter(id) {
    this.#rooms.close();
    this.#people.close();
    this.#go(await id);
  }

  #person(user, isMe) {
    const write = () => this.#enter(this.#chat.direct(user.id));
    const state = user.status || (user.online ? "online" : "offline");
    return h(
      "li.row",
      {},
      avatar(user, Boolean(user.online)),
      h("span.who", {}, nameOf(user), isMe && " (you)", h("small", {}, state)),
      !isMe && h("button", { type: "button", onclick: write }, "Message"),
    );
  }

  async #leave(room, title) {
    this.#people.close();
    if (await this.ask(`Leave ${title}?`, "Leave")) await this.#chat.leave(room.view.id);
  }
}

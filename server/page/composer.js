// Where one writes: a new message, a reply, or the new words of an old message.

import { nameOf } from "./dom.js";

const TALLEST_PX = 200;

export class Composer {
  #form = document.querySelector("#composer");
  #field = document.querySelector("#text");
  #context = document.querySelector("#context");
  #contextText = document.querySelector("#context-text");
  #hint = document.querySelector("#hint");
  #chat;
  #room = null;
  #task = null; // {kind: "reply" | "edit", message}

  constructor(chat) {
    this.#chat = chat;
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    this.#field.oninput = () => this.#typed();
    this.#field.onkeydown = (event) => this.#key(event);
    document.querySelector("#context-cancel").onclick = () => this.#finish();
  }

  /** Show the draft of the open room. */
  draw(room, title) {
    if (room === this.#room) return;
    if (this.#room && this.#task?.kind !== "edit") this.#room.draft = this.#field.value;
    this.#room = room;
    this.#field.placeholder = `Message ${title}`;
    this.#setTask(null, room.draft);
    if (!matchMedia("(pointer: coarse)").matches) this.#field.focus();
  }

  reply(message) {
    this.#setTask({ kind: "reply", message }, this.#field.value);
    this.#field.focus();
  }

  edit(message) {
    if (this.#task?.kind !== "edit") this.#room.draft = this.#field.value;
    this.#setTask({ kind: "edit", message }, message.text ?? "");
    this.#field.focus();
  }

  #setTask(task, text) {
    this.#task = task;
    this.#context.hidden = !task;
    if (task) this.#contextText.textContent = describe(task);
    this.#field.value = text;
    this.#fit();
  }

  #finish() {
    this.#setTask(null, this.#task?.kind === "edit" ? this.#room.draft : this.#field.value);
    this.#field.focus();
  }

  #submit() {
    const text = this.#field.value.trim();
    if (!text || this.#excess(text) > 0) return;
    const task = this.#task;
    if (task?.kind === "edit") {
      this.#finish();
      if (text !== task.message.text) this.#chat.edit(task.message, text);
    } else {
      this.#room.draft = "";
      this.#setTask(null, "");
      this.#chat.send(text, task?.message.id);
    }
  }

  #typed() {
    this.#fit();
    if (!this.#field.value) this.#chat.stopTyping();
    else if (this.#task?.kind !== "edit") this.#chat.typing();
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && !matchMedia("(pointer: coarse)").matches) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && this.#task) {
      this.#finish();
    } else if (event.key === "ArrowUp" && !this.#field.value) {
      const me = this.#chat.store.me.id;
      const last = this.#room.messages.findLast(({ user, deleted }) => user?.id === me && !deleted);
      if (last) this.edit(last);
      event.preventDefault();
    }
  }

  #fit() {
    this.#field.style.height = "auto";
    this.#field.style.height = `${Math.min(this.#field.scrollHeight, TALLEST_PX)}px`;
    const excess = this.#excess(this.#field.value.trim());
    this.#hint.textContent = excess > 0 ? `Too long by ${excess} bytes` : "";
  }

  #excess(text) {
    return new TextEncoder().encode(text).length - this.#chat.store.limits.text_bytes;
  }
}

function describe({ kind, message }) {
  const start = [...(message.text ?? "")].slice(0, 80).join("");
  return kind === "edit" ? `Editing: ${start}` : `Replying to ${nameOf(message.user)}: ${start}`;
}

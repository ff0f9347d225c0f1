// Own messages between being written and being answered. They survive reconnects and reloads of
// the tab; each keeps its client id, so that however often it is sent it is stored once.

import { Refused } from "./socket.js";

const KEY = "parlance.outbox";

export class Outbox {
  #store;
  #deliver;
  #changed;
  #sending = new Map(); // room id -> promise of its last send: one at a time keeps the order

  /** `deliver(draft)` resolves once the message is stored; `changed()` says to draw. */
  constructor(store, deliver, changed) {
    this.#store = store;
    this.#deliver = deliver;
    this.#changed = changed;
  }

  /** Send what an earlier visit of this tab left unanswered. */
  resume() {
    for (const draft of JSON.parse(sessionStorage.getItem(KEY) ?? "[]")) this.add(draft);
  }

  add(draft) {
    const room = this.#store.rooms.get(draft.channel);
    if (!room) return;
    room.pending.push(draft);
    this.#save();
    this.#sending.set(draft.channel, this.#send(room, draft, this.#sending.get(draft.channel)));
  }

  discard(draft) {
    this.#store.rooms.get(draft.channel)?.settle(draft.client_id);
    this.#save();
  }

  static forget() {
    sessionStorage.removeItem(KEY);
  }

  async #send(room, draft, before) {
    await before;
    try {
      await this.#deliver(draft);
      room.settle(draft.client_id);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const failed = { ...draft, error: error.message };
      room.pending = room.pending.map((one) => (one === draft ? failed : one));
    }
    this.#save();
  }

  #save() {
    const drafts = [...this.#store.rooms.values()].flatMap((room) => room.pending);
    sessionStorage.setItem(KEY, JSON.stringify(drafts));
    this.#changed();
  }
}

/** Random enough to be unique for good; `crypto.randomUUID` is missing on pages without TLS. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

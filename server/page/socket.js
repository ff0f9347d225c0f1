// One conversation with the server, over as many sockets as it takes. A request stays open until
// it is answered: after a reconnect it is sent again, so every request must be safe to repeat.

const FINAL = new Set([1000, 4001, 4003, 4004, 4005]); // close codes not to come back after
const RATE_LIMITED = 4009;
const STEADY_MS = 10_000; // a socket that lived this long was no failed attempt
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 20_000;

/** The server understood a command and declined it. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export class Connection {
  #url;
  #owner;
  #socket = null;
  #ready = false;
  #waiting = new Map(); // id -> {frame, resolve, reject}, in the order of asking
  #nextId = 1;
  #attempt = 0;
  #welcomedAt = 0;
  #returnAt = null; // when to come back, if the server said so
  #mayHurry = true; // no: the wait going on was asked for by the server
  #retryTimer = null;
  #beatTimer = null;
  #silent = false; // nothing heard since the last ping

  /** `owner` has hello(), welcome(result), pushed(frame), status(name) and refused(text). */
  constructor(url, owner) {
    this.#url = url;
    this.#owner = owner;
  }

  open() {
    const socket = new WebSocket(this.#url, ["parlance.json.v1"]);
    this.#socket = socket;
    this.#retryTimer = null;
    const helloId = this.#nextId++;
    socket.onopen = () =>
      this.#transmit({ type: "hello", id: helloId, client: "page", ...this.#owner.hello() });
    socket.onmessage = ({ data }) => this.#received(JSON.parse(data), helloId);
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    this.#owner.status(this.#attempt || this.#welcomedAt ? "reconnecting" : "connecting");
  }

  close() {
    this.#detach();
    clearTimeout(this.#retryTimer);
    this.#waiting.clear();
  }

  /** Ask until answered; rejects with Refused, never because a socket went away. */
  request(type, fields = {}) {
    const frame = { type, id: this.#nextId++, ...fields };
    return new Promise((resolve, reject) => {
      this.#waiting.set(frame.id, { frame, resolve, reject });
      if (this.#ready) this.#transmit(frame);
    });
  }

  /** Say something that is worthless later: dropped while there is no connection. */
  tell(type, fields) {
    if (this.#ready) this.#transmit({ type, id: this.#nextId++, ...fields });
  }

  /** The machine woke up or found a network: try now what would be tried soon. */
  wake() {
    if (this.#ready && !this.#silent) this.#beat();
    else if (this.#retryTimer && this.#mayHurry) {
      clearTimeout(this.#retryTimer);
      this.open();
    }
  }

  #received(frame, helloId) {
    this.#silent = false;
    if (frame.type === "reply" || frame.type === "error") {
      if (frame.id === helloId) this.#greeted(frame);
      else this.#answered(frame);
      return;
    }
    if (frame.type === "drain") this.#returnAt = inSeconds(frame.reconnect_after);
    this.#owner.pushed(frame);
  }

  #greeted(frame) {
    if (frame.type === "error") {
      if (frame.retry_after === undefined) return this.#stop(frame.message);
      this.#returnAt = inSeconds(frame.retry_after);
      return this.#lost(0, "");
    }
    this.#ready = true;
    this.#returnAt = null;
    this.#welcomedAt = Date.now();
    this.#beatTimer = setInterval(() => this.#beat(), frame.result.heartbeat_seconds * 1000);
    const open = [...this.#waiting.values()]; // before welcome() asks for more
    this.#owner.welcome(frame.result);
    for (const { frame } of open) this.#transmit(frame);
    this.#owner.status("online");
  }

  #answered(frame) {
    const asked = this.#waiting.get(frame.id);
    if (!asked) return;
    if (frame.retry_after !== undefined) {
      setTimeout(() => this.#askAgain(frame.id), frame.retry_after * 1000);
      return;
    }
    this.#waiting.delete(frame.id);
    if (frame.type === "reply") asked.resolve(frame.result);
    else asked.reject(new Refused(frame.code, frame.message));
  }

  #askAgain(id) {
    const asked = this.#waiting.get(id);
    if (asked && this.#ready) this.#transmit(asked.frame);
  }

  #transmit(frame) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #beat() {
    if (this.#silent) return this.#lost(0, "");
    this.#silent = true;
    this.tell("ping", {});
  }

  #lost(code, reason) {
    this.#detach();
    if (FINAL.has(code)) return this.#stop(closing(code, reason));
    if (Date.now() - this.#welcomedAt > STEADY_MS) this.#attempt = 0;
    this.#owner.status("reconnecting");
    this.#retryTimer = setTimeout(() => this.open(), this.#delay(code));
    this.#attempt += 1;
  }

  /** What the server told holds for one attempt; after that it is a failure like any other. */
  #delay(code) {
    const told = this.#returnAt;
    this.#returnAt = null;
    this.#mayHurry = told === null;
    if (told !== null) return Math.max(0, told - Date.now());
    const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#attempt);
    const floor = code === RATE_LIMITED ? 5000 : 0;
    return floor + ceiling * (0.5 + Math.random() / 2);
  }

  #stop(text) {
    this.close();
    this.#owner.refused(text);
  }

  #detach() {
    const socket = this.#socket;
    this.#ready = false;
    this.#silent = false;
    clearInterval(this.#beatTimer);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#socket = null;
  }
}

function inSeconds(seconds) {
  return Date.now() + seconds * 1000;
}

function closing(code, reason) {
  if (code === 4001) return "Your sign-in is not valid here, or no longer. Please sign in again.";
  if (code === 4003) return "You have been signed out: your access was revoked.";
  return `The server ended the conversation${reason ? `: ${reason}` : ` (${code})`}.`;
}

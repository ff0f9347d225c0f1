// A user at the native socket, for what the back-end clients only see from behind: sessions,
// participants, read marks.

export class Session {
  #waiting = [];
  #pushes = [];
  #commands = 0;

  constructor(socket) {
    this.socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
  }

  /** Say hello and put the channel on screen. */
  static async open(origin, token, channel) {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket`);
    await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
    const session = new Session(socket);
    session.hello = await session.command('hello', { token });
    await session.command('view', { channels: [channel] });
    return session;
  }

  async command(type, fields) {
    const id = ++this.#commands;
    const answered = this.#next((frame) => frame.id === id && ['reply', 'error'].includes(frame.type));
    this.socket.send(JSON.stringify({ type, id, ...fields }));
    const frame = await answered;
    if (frame.type === 'error') throw new Error(`${type}: ${frame.code} ${frame.message}`);
    return frame.result;
  }

  /** The first push of this type, be it here already or yet to come. */
  push(type) {
    return this.#next((frame) => frame.type === type);
  }

  close() {
    this.socket.close();
  }

  #next(matches) {
    const found = this.#pushes.findIndex(matches);
    if (found >= 0) return Promise.resolve(this.#pushes.splice(found, 1)[0]);
    return new Promise((resolve) => this.#waiting.push({ matches, resolve }));
  }

  #receive(frame) {
    const found = this.#waiting.findIndex(({ matches }) => matches(frame));
    if (found < 0) this.#pushes.push(frame);
    else this.#waiting.splice(found, 1)[0].resolve(frame);
  }
}

/**
 * The pages of many rooms without a browser: web/src/signaling/session.ts as it is, while its sockets and its clock
 * are in the hands of test_every_page_shows_the_same.py.
 *
 *     node room_pages.mjs SESSION
 *
 * SESSION is session.ts as one module. A line of standard input is a list of [page, step, value], done one after
 * the other; its answer, once no promise is left, is a list of what the pages did:
 * [page, "opens", socket], [page, "sends", [socket, text]], [page, "closes", socket], [page, "is", state].
 */
import { createInterface } from "node:readline";

const done = [];
const pages = new Map();
const sockets = new Map();
/** Whose code runs, and so whose timers are set. */
let current = null;

class Socket {
  static OPEN = 1;
  readyState = 0;

  constructor(url) {
    this.page = url;
    this.number = sockets.size;
    sockets.set(this.number, this);
    done.push([this.page, "opens", this.number]);
  }

  send(text) {
    done.push([this.page, "sends", [this.number, text]]);
  }

  close() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    done.push([this.page, "closes", this.number]);
  }
}

Object.assign(globalThis, {
  window: globalThis,
  addEventListener: () => {},
  removeEventListener: () => {},
  WebSocket: Socket,
  setInterval: () => 0,
  clearInterval: () => {},
  setTimeout: (run) => {
    const timer = { run };
    pages.get(current)?.timers.add(timer);
    return timer;
  },
  clearTimeout: (timer) => {
    for (const { timers } of pages.values()) timers.delete(timer);
  },
});
const { openSession } = await import(process.argv[2]);

const STEPS = {
  open(name) {
    const page = { timers: new Set(), session: null };
    pages.set(name, page);
    page.session = openSession({
      fetchTicket: async () => ({ url: name, token: name }),
      fetchUrl: async () => name,
      localStream: null,
    });
  },
  close(name) {
    pages.get(name).session.close();
    pages.delete(name);
  },
  /** The time of every timer has come. */
  tick(name) {
    const due = [...pages.get(name).timers];
    for (const timer of due) {
      if (pages.get(name).timers.delete(timer)) timer.run();
    }
  },
  /** The user does something: a method of Session, and what it is given. */
  user(name, [method, ...given]) {
    pages.get(name).session[method](...given);
  },
  opened(_, number) {
    const socket = sockets.get(number);
    if (socket.readyState !== 0) return;
    socket.readyState = 1;
    socket.onopen();
  },
  hears(_, [number, text]) {
    const socket = sockets.get(number);
    if (socket.readyState === 1) socket.onmessage({ data: text });
  },
  ended(_, [number, code]) {
    const socket = sockets.get(number);
    socket.readyState = 3;
    socket.onclose({ code });
  },
  state(name) {
    done.push([name, "is", pages.get(name).session.getState()]);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  for (const [page, step, value] of JSON.parse(line)) {
    current = page;
    if (page === null || pages.has(page) || step === "open") STEPS[step](page, value);
  }
  // Tickets are promises: what they lead to happens before the next macrotask.
  await new Promise((settled) => setImmediate(settled));
  process.stdout.write(`${JSON.stringify(done.splice(0))}\n`);
}

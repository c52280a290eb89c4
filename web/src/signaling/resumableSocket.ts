/**
 * The way to the server, of one stay over as many WebSockets as it takes.
 *
 * Both sides count the messages of a stay; over a new socket each sends what the other lacks (see
 * signaling/messages.py). Whoever owns this decides when to connect. `leave` ends the stay, and may be called
 * twice.
 */
import type { ClientMessage, ErrorCode, ServerMessage } from "./messages";
import { SentLog } from "./sentLog";

const SUBPROTOCOL = "teleconsult.v1";

export interface SocketEvents {
  received: (message: ServerMessage) => void;
  /** The socket is gone; `end` says why the server ended it, null that the line was lost. */
  lost: (end: ErrorCode | null) => void;
  /** There is a stay, and nobody at its URL to go on with it. */
  unanswered: () => void;
}

export class ResumableSocket {
  private socket: WebSocket | null = null;
  private resumeToken: string | null = null;
  /** Until the server has answered on this socket, nothing but the first message is sent. */
  private isLive = false;
  /** Of the relay that has the stay, or shall have it. */
  private currentUrl = "";
  private received = 0;
  private readonly sent = new SentLog();

  constructor(private readonly events: SocketEvents) {}

  get url(): string {
    return this.currentUrl;
  }

  /** Whether there is a stay to go on with. */
  get hasStay(): boolean {
    return this.resumeToken !== null;
  }

  /** Begin a stay at the relay of this URL. */
  join(url: string, token: string): void {
    this.currentUrl = url;
    this.received = 0;
    this.open({ type: "join", token });
  }

  /** Go on with the stay. */
  resume(): void {
    if (this.resumeToken === null) return;
    this.open({ type: "resume", resumeToken: this.resumeToken, received: this.received });
  }

  /** Send now or, while the line is away, once the stay goes on. Without a stay there is nobody to tell. */
  send(message: ClientMessage): void {
    if (this.resumeToken === null) return;
    this.sent.push(message);
    if (this.isLive && this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  leave(): void {
    const socket = this.socket;
    this.socket = null;
    this.resumeToken = null;
    this.isLive = false;
    socket?.close(1000);
  }

  private open(first: ClientMessage): void {
    const socket = new WebSocket(this.currentUrl, SUBPROTOCOL);
    this.socket = socket;
    let refusal: ErrorCode | null = null;
    let isAnswered = false;
    socket.onopen = () => {
      isAnswered = true;
      socket.send(JSON.stringify(first));
    };
    socket.onmessage = ({ data }) => {
      if (this.socket !== socket) return;
      const message = JSON.parse(String(data)) as ServerMessage;
      if (message.type === "error") refusal = message.code;
      this.take(message);
    };
    socket.onclose = ({ code }) => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.isLive = false;
      // A private code, or that the server closes, says that the last error is why (signaling/websocket.py).
      const end = code >= 4000 || refusal === "server-closing" ? refusal : null;
      if (end !== null) this.leave();
      if (!isAnswered && this.hasStay) this.events.unanswered();
      else this.events.lost(end);
    };
  }

  private take(message: ServerMessage): void {
    this.received += 1;
    if (message.type === "welcome") {
      this.resumeToken = message.resumeToken;
      this.sent.clear();
      this.isLive = true;
    } else if (message.type === "resumed") {
      const missed = this.sent.resume(message.received);
      if (missed === null) {
        this.leave();
        this.events.lost("cannot-resume");
        return;
      }
      this.isLive = true;
      for (const each of missed) this.send(each);
    }
    this.events.received(message);
  }
}

/** What the page behind a patient's link asks the server; the link's token travels in a header, never in an address. */
import { request } from "./client";
import type { components } from "./schema";
import type { JoinTicket, Relay } from "./types";

type Schemas = components["schemas"];
export type Appointment = Schemas["VisitOut"];
export type Signature = Schemas["SignatureIn"];
export type Phase = Schemas["Phase"];

const RELAY_TIMEOUT_MS = 3_000;

export class Visit {
  constructor(readonly token: string) {}

  needsCode = async (signal: AbortSignal) =>
    (await this.#ask<Schemas["DoorOut"]>("GET", "", undefined, signal)).needs_code;

  giveCode = (code: string) => this.#ask<Appointment>("POST", "/code", { code });
  tellPresence = (phase: Phase, signal: AbortSignal) => this.#ask<Appointment>("POST", "/presence", { phase }, signal);
  sign = (body: Signature) => this.#ask<Appointment>("POST", "/consent", body);
  withdraw = (reason: string) => this.#ask<Appointment>("POST", "/withdrawal", { reason });
  fetchTicket = () => this.#ask<JoinTicket>("POST", "/join");

  fetchRelayUrl = async () =>
    (await this.#ask<Relay>("GET", "/relay", undefined, AbortSignal.timeout(RELAY_TIMEOUT_MS))).signaling_url;

  #ask<T>(method: "GET" | "POST", path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    return request<T>(method, `/patient-link${path}`, body, signal, { "X-Patient-Link": this.token });
  }
}

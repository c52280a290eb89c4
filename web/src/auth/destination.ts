/** Where the user wanted to go before being asked who it is. */
const KEY = "teleconsult.destination";

/** Only pages of ours. */
export function asDestination(from: unknown): string {
  return typeof from === "string" && from.startsWith("/") && !from.startsWith("//") ? from : "/";
}

/** Until the hospital's sign-in has sent the browser back. */
export function keepDestination(destination: string): void {
  sessionStorage.setItem(KEY, destination);
}

export function keptDestination(): string {
  return asDestination(sessionStorage.getItem(KEY));
}

/** What stops a new password before it is sent; the server has the last word. */
export const PASSWORD_LENGTH_LEAST = 10;

export type PasswordFault = "short" | "same" | "differs";

export function passwordFault(current: string, next: string, repeated: string): PasswordFault | null {
  if (next.length < PASSWORD_LENGTH_LEAST) return "short";
  if (next === current) return "same";
  if (next !== repeated) return "differs";
  return null;
}

/** Minutes and seconds until an instant, "04:09"; null once it is past. Pure. */
export function countdown(until: string, now: Date): string | null {
  const seconds = Math.ceil((new Date(until).getTime() - now.getTime()) / 1000);
  if (!(seconds > 0)) return null;
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  return `${String(minutes).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
}

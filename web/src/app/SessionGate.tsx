export function SessionGate() {
  return null;
}

export function ConsultPage() {
  return null;
}

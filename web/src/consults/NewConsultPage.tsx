export function NewConsultPage() {
  return null;
}

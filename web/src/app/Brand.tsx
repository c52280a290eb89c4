/** The mark: two views that overlap, one of them the far side's. */
export function BrandMark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <circle cx="12" cy="16" r="8.5" fill="none" stroke="currentColor" strokeWidth="2.4" />
      <circle cx="20" cy="16" r="8.5" fill="none" stroke="var(--brand-mint)" strokeWidth="2.4" />
    </svg>
  );
}

export interface DropZoneProps {
  /** Studies of this drop are attached to this consult. */
  consultId?: string;
  compact?: boolean;
}

export function DropZone(_props: DropZoneProps) {
  return null;
}

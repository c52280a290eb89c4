/** Why a link does not open, as the server says it. */
import { IconCalendarOff, IconClockOff, IconDeviceMobileOff, IconLinkOff, IconLock, IconMessageCheck, type Icon } from "@tabler/icons-react";

/** By the code of the server's refusal. */
export const LINK_ENDS: Readonly<Record<string, Icon>> = {
  "link-unknown": IconLinkOff,
  "link-expired": IconClockOff,
  "link-revoked": IconLinkOff,
  "link-blocked": IconLock,
  "link-used": IconDeviceMobileOff,
  "link-consult-cancelled": IconCalendarOff,
  "link-consult-over": IconMessageCheck,
};

import { IconAlertTriangle, IconWifi, IconWifi2 } from "@tabler/icons-react";

/** The icon and the colour that go with the word for a line. */
export const LINE_LOOKS = {
  good: { tone: "moss", icon: IconWifi },
  fair: { tone: "amber", icon: IconWifi2 },
  poor: { tone: "signal", icon: IconAlertTriangle },
} as const;

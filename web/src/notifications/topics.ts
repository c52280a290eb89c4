/** How each topic is shown, and the channels; a topic without a row does not compile. */
import {
  IconBellRinging,
  IconBrandTelegram,
  IconCalendarTime,
  IconFileText,
  IconInbox,
  IconMail,
  IconMessage,
  IconMessageReply,
  IconUrgent,
  type Icon,
} from "@tabler/icons-react";

import type { Channel, Topic } from "../api/types";
import type { Tone } from "../app/theme";

export const TOPIC: Readonly<Record<Topic, { tone: Tone; icon: Icon }>> = {
  urgent: { tone: "signal", icon: IconBellRinging },
  critical: { tone: "signal", icon: IconUrgent },
  requests: { tone: "petrol", icon: IconInbox },
  answers: { tone: "petrol", icon: IconMessageReply },
  appointments: { tone: "amber", icon: IconCalendarTime },
  reports: { tone: "moss", icon: IconFileText },
};
export const TOPICS = Object.keys(TOPIC) as Topic[];

export const CHANNEL: Readonly<Record<Channel, Icon>> = {
  push: IconBrandTelegram,
  email: IconMail,
  webhook: IconMessage,
};
export const CHANNELS = Object.keys(CHANNEL) as Channel[];

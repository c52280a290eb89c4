/**
 * In which form our sound is sent, by the answer that we go on with. Pure.
 *
 * The server's answer asks for Opus in RED, each packet with a copy of the one before it (RFC 2198), and for
 * nothing in silence (DTX, RFC 7587 section 6.1). The sender need not do either: what it is not to do is taken
 * out of the answer, which works in every browser. An answer that asks for neither stays as it is.
 */
export interface SpeechForm {
  /** Twice the bit rate, and a lost packet is heard from the next one as it was. */
  copies: boolean;
  /** Next to nothing is sent in silence; what is too quiet for speech is silence. */
  pauses: boolean;
}

export const isSameForm = (one: SpeechForm, other: SpeechForm) => one.copies === other.copies && one.pauses === other.pauses;

export function inForm(answer: string, { copies, pauses }: SpeechForm): string {
  const withoutCopies = copies ? answer : withoutRed(answer);
  return pauses ? withoutCopies : withoutCopies.replace(/;usedtx=1/g, "");
}

function withoutRed(answer: string): string {
  const red = /^a=rtpmap:(\d+) red\/48000/m.exec(answer)?.[1];
  if (red === undefined) return answer;
  return answer
    .replace(new RegExp(`^(m=audio .*?) ${red}(?= |\r?$)`, "m"), "$1")
    .replace(new RegExp(`^a=(rtpmap|fmtp|rtcp-fb):${red} .*\r?\n`, "gm"), "");
}

import { expect, test } from "vitest";
import { inForm } from "./speechForm";

const ANSWER = [
  "v=0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 63 111",
  "a=rtpmap:63 red/48000/2",
  "a=rtcp-fb:63 transport-cc",
  "a=fmtp:63 111/111",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1",
  "m=video 9 UDP/TLS/RTP/SAVPF 96 63",
  "a=rtpmap:96 VP8/90000",
  "",
].join("\r\n");

test("speech goes as the server asks", () => {
  expect(inForm(ANSWER, { copies: true, pauses: true })).toBe(ANSWER);
});

test("without copies nothing of RED is left, and all else is", () => {
  expect(inForm(ANSWER, { copies: false, pauses: true })).toBe(
    [
      "v=0",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "a=rtpmap:111 opus/48000/2",
      "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1",
      "m=video 9 UDP/TLS/RTP/SAVPF 96 63",
      "a=rtpmap:96 VP8/90000",
      "",
    ].join("\r\n"),
  );
  const redLast = ANSWER.replace("63 111\r\n", "111 63\r\n");
  expect(inForm(redLast, { copies: false, pauses: true })).toContain("SAVPF 111\r\n");
});

test("sounds that are no speech are sent in silence too", () => {
  expect(inForm(ANSWER, { copies: false, pauses: false })).toContain("useinbandfec=1\r\n");
});

test("an answer that asks for neither stays as it is", () => {
  const plain = inForm(ANSWER, { copies: false, pauses: false });
  expect(inForm(plain, { copies: false, pauses: false })).toBe(plain);
});

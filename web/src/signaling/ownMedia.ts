/** What this page gives to the room: its camera, microphone and screen, and which of them are switched on. */
import type { Tracks } from "./peerConnections";
import { may, type Media, type RoomState } from "./reducer";

export class OwnMedia {
  screen: MediaStream | null = null;
  wanted = { audio: true, video: true };

  constructor(public stream: MediaStream | null) {}

  /** What is switched on, as far as there is anything and the room takes it. */
  switchedOn(room: RoomState): Media {
    const stream = may(room, "send-media") ? this.stream : null;
    return {
      audio: this.wanted.audio && (stream?.getAudioTracks().length ?? 0) > 0,
      video: this.wanted.video && (stream?.getVideoTracks().length ?? 0) > 0,
      screen: this.screenTrack(room) !== null,
    };
  }

  /** What is sent. A microphone that is off sends silence, so that speech is there at once when it is on. */
  tracks(room: RoomState): Tracks {
    const audio = this.stream?.getAudioTracks()[0] ?? null;
    const video = this.stream?.getVideoTracks()[0] ?? null;
    if (audio !== null) audio.enabled = this.wanted.audio;
    if (video !== null) video.enabled = this.wanted.video;
    return { audio, video: this.wanted.video ? video : null, screen: this.screenTrack(room) };
  }

  private screenTrack(room: RoomState): MediaStreamTrack | null {
    return may(room, "share-screen") ? (this.screen?.getVideoTracks()[0] ?? null) : null;
  }
}

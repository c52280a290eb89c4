/** What a study's page asks first, before any script of the page has come: this one must stay small. */
import { begin } from "../api/begun";
import type { Me, StudyDetail } from "../api/types";
import { asSeen, parseReaderFirst, readerFirstKey } from "../viewer/readerFirst";
import { hangs, openingImage } from "./openingSeries";

const json = async <T>(answer: Promise<Response>): Promise<T | null> => {
  const response = await answer;
  return response.ok ? ((await response.json()) as T) : null;
};

export const STUDY_PAGE = /^\/studies\/([\d.]+)$/;

/** Where the image is that the page will open with; null: none that could be drawn before the viewer is there. */
export async function imageAhead(uid: string, search: URLSearchParams): Promise<string | null> {
  // Both are asked for at once, and taken by who asks for them later.
  const [me, whole] = await Promise.all([json<Me>(begin("/session")), json<StudyDetail>(begin(`/studies/${uid}`))]);
  if (me === null || whole === null) return null;
  const study = asSeen(whole, parseReaderFirst(localStorage.getItem(readerFirstKey(me.id))));
  return hangs(study) ? null : openingImage(study, search.get("finding"));
}

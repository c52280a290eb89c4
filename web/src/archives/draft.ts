/** An archive as it is being typed in, and the order that it makes. Pure. */
import type { NewArchive } from "../api/types";

export const KINDS = ["dimse", "dicomweb"] as const;
export const WAYS = ["c-get", "c-move"] as const;

export interface Draft {
  name: string;
  kind: (typeof KINDS)[number];
  aeTitle: string;
  host: string;
  port: number | null;
  retrieveBy: (typeof WAYS)[number];
  url: string;
  username: string;
  passwordFile: string;
  priors: boolean;
  priorDays: number | null;
  priorCount: number | null;
  priorModalities: string;
  priorBodyPart: boolean;
}

export const emptyDraft: Draft = {
  name: "",
  kind: "dimse",
  aeTitle: "",
  host: "",
  port: 104,
  retrieveBy: "c-get",
  url: "",
  username: "",
  passwordFile: "",
  priors: false,
  priorDays: 1095,
  priorCount: 3,
  priorModalities: "",
  priorBodyPart: true,
};

/** The order; null while something that is needed is missing. */
export function newArchive(draft: Draft): NewArchive | null {
  const given = (text: string) => text.trim() || null;
  const { priorDays, priorCount } = draft;
  if (given(draft.name) === null) return null;
  if (draft.priors && (priorDays === null || priorCount === null)) return null;
  const rule =
    draft.priors && priorDays !== null && priorCount !== null
      ? {
          modalities: draft.priorModalities.toUpperCase().split(/[\s,，、]+/).filter(Boolean),
          same_body_part: draft.priorBodyPart,
          not_older_than_days: priorDays,
          at_most: priorCount,
        }
      : null;
  const common = { name: draft.name.trim(), kind: draft.kind, prior_rule: rule };
  if (draft.kind === "dicomweb") {
    if (given(draft.url) === null) return null;
    return {
      ...common,
      url: given(draft.url),
      username: given(draft.username),
      password_file: given(draft.passwordFile),
    };
  }
  if (given(draft.aeTitle) === null || given(draft.host) === null || draft.port === null) return null;
  return {
    ...common,
    ae_title: given(draft.aeTitle),
    host: given(draft.host),
    port: draft.port,
    retrieve_by: draft.retrieveBy,
  };
}

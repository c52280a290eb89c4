/** What the page of a user's own security asks and orders. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { del, get, post } from "./client";
import { keys } from "./hooks";
import { answerWithPasskey, makePasskey } from "./passkeys";
import type { NewPasskeyQuestion, NewTotp, PasskeyQuestion, RecoveryCodes, Security } from "./types";

const security = ["security"] as const;
const path = encodeURIComponent;

export function useSecurity() {
  return useQuery({ queryKey: security, queryFn: ({ signal }) => get<Security>("/security", signal) });
}

function useDeed<T, R>(deed: (given: T) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: deed,
    onSettled: () =>
      Promise.all([security, keys.me].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}

export const useBeginTotp = () => useMutation({ mutationFn: () => post<NewTotp>("/security/totp") });

export const useConfirmTotp = () =>
  useDeed((code: string) => post<RecoveryCodes>("/security/totp/confirmation", { code }));

export const useRemoveTotp = () => useDeed(() => del<unknown>("/security/totp"));

export const useMakeRecoveryCodes = () => useDeed(() => post<RecoveryCodes>("/security/recovery-codes"));

export const useAddPasskey = () =>
  useDeed(async (name: string) => {
    const question = await post<NewPasskeyQuestion>("/security/passkeys/challenge");
    return post<RecoveryCodes>("/security/passkeys", await makePasskey(question, name));
  });

export const useRemovePasskey = () => useDeed((id: string) => del<unknown>(`/security/passkeys/${path(id)}`));

export const useEndSession = () => useDeed((id: string) => del<unknown>(`/security/sessions/${path(id)}`));

export const useEndOtherSessions = () => useDeed(() => del<unknown>("/security/sessions"));

/** The passkey's answer to a new challenge. `token`: of a sign-in that waits for its second step. */
export const useAskPasskey = () =>
  useMutation({
    mutationFn: async (token: string | null) =>
      answerWithPasskey(await post<PasskeyQuestion>("/session/passkey-challenge", { token })),
  });

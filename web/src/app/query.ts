import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { ApiError } from "../api/client";
import { keys } from "../api/hooks";

/** Only a lost connection or a busy server is worth a second try; a refusal is an answer. */
function shouldRetry(failures: number, error: Error): boolean {
  const transient = error instanceof ApiError && (error.status === 0 || error.status >= 502);
  return transient && failures < 3;
}

/** A session that ended, or a password that must be changed, takes the user to that page. */
function noticeSession(error: Error) {
  if (!(error instanceof ApiError)) return;
  // A wrong password is a 401 too, at the login and at signing: only a session that is gone counts.
  if (error.status === 401 && error.code !== "wrong-credentials") queryClient.setQueryData(keys.me, null);
  if (error.code === "password-change-required") void queryClient.invalidateQueries({ queryKey: keys.me });
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeSession }),
  mutationCache: new MutationCache({ onError: noticeSession }),
  defaultOptions: {
    queries: { retry: shouldRetry, staleTime: 5_000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
});

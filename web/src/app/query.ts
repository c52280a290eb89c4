import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { ApiError } from "../api/client";
import { keys, noticeSessionIsOver } from "../api/hooks";

/** Only a lost connection or a busy server is worth a second try; a refusal is an answer. */
function shouldRetry(failures: number, error: Error): boolean {
  const transient = error instanceof ApiError && (error.status === 0 || error.status >= 502);
  return transient && failures < 3;
}

const SIGN_IN_ANSWERS = new Set(["wrong-credentials", "second-factor-needed", "sign-in-expired", "provider-refused"]);

/** A session that ended asks for the password again; one whose password must be changed takes the user there. */
function noticeSession(error: Error) {
  if (!(error instanceof ApiError)) return;
  // A wrong password is a 401 too, at the login and at signing: only a session that is gone counts.
  if (error.status === 401 && !SIGN_IN_ANSWERS.has(error.code)) {
    noticeSessionIsOver(queryClient);
    // A request that was under way when the session got another id heard so too: what holds is asked.
    void queryClient.invalidateQueries({ queryKey: keys.me });
  }
  if (error.code === "second-factor-required") void queryClient.invalidateQueries({ queryKey: keys.me });
  if (error.code === "password-change-required") void queryClient.invalidateQueries({ queryKey: keys.me });
}

/** What a user may no longer see goes from the screen; what a server that is away could not say stays on it. */
function forgetWhatIsGone(error: Error, query: { setState: (state: { data: undefined }) => void }) {
  if (error instanceof ApiError && [403, 404].includes(error.status)) query.setState({ data: undefined });
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      noticeSession(error);
      forgetWhatIsGone(error, query);
    },
  }),
  mutationCache: new MutationCache({ onError: noticeSession }),
  defaultOptions: {
    queries: { retry: shouldRetry, staleTime: 5_000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
});

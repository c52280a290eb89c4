import { QueryClient } from "@tanstack/react-query";

import { ApiError } from "../api/client";

/** Only a lost connection or a busy server is worth a second try; a refusal is an answer. */
function shouldRetry(failures: number, error: Error): boolean {
  const transient = error instanceof ApiError && (error.status === 0 || error.status >= 502);
  return transient && failures < 3;
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: shouldRetry, staleTime: 5_000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
});

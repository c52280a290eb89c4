/** Signing in by a hospital's identity provider. */
import { useMutation, useQuery } from "@tanstack/react-query";

import { get, post, put } from "./client";
import { useEntering } from "./hooks";
import type { Me, OidcAnswer, OidcProvider } from "./types";

const path = encodeURIComponent;

export const useOidcProviders = () =>
  useQuery({
    queryKey: ["session", "providers"],
    queryFn: ({ signal }) => get<OidcProvider[]>("/session/providers", signal),
    staleTime: Infinity,
  });

/** Leaves the page for the provider's. */
export const useGoToProvider = () =>
  useMutation({
    mutationFn: (id: string) => post<{ address: string }>(`/session/provider/${path(id)}`),
    onSuccess: ({ address }) => location.assign(address),
  });

export const useProviderLogin = () =>
  useEntering((answer: OidcAnswer) => put<Me>("/session/provider", answer));

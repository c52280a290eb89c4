/** What the page about the own institution asks and orders: its members, its agreements with others. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, post, put } from "./client";
import type {
  Agreement,
  Agreements,
  Member,
  MemberTerms,
  NewAgreement,
  NewMember,
  NewMemberAnswer,
  Reach,
  SecondFactorRule,
} from "./types";

export const institutionKeys = {
  members: ["members"] as const,
  agreements: ["agreements"] as const,
  reach: ["agreements", "reach"] as const,
};
const path = encodeURIComponent;

export function useAgreements() {
  return useQuery({
    queryKey: institutionKeys.agreements,
    queryFn: ({ signal }) => get<Agreements>("/agreements", signal),
  });
}

export function useReach() {
  return useQuery({
    queryKey: institutionKeys.reach,
    queryFn: ({ signal }) => get<Reach[]>("/agreements/reach", signal),
  });
}

export function useMembers(enabled: boolean) {
  return useQuery({
    queryKey: institutionKeys.members,
    queryFn: ({ signal }) => get<Member[]>("/members", signal),
    enabled,
  });
}

function useDeed<T, R>(deed: (body: T) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: deed,
    onSettled: () =>
      Promise.all(
        [institutionKeys.members, institutionKeys.agreements, ["me"]].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      ),
  });
}

export const useProposeAgreement = () => useDeed((terms: NewAgreement) => post<Agreement>("/agreements", terms));

export const useAcceptAgreement = () =>
  useDeed((id: string) => post<Agreement>(`/agreements/${path(id)}/acceptance`));

export const useEndAgreement = () =>
  useDeed(({ id, reason }: { id: string; reason: string }) =>
    post<Agreement>(`/agreements/${path(id)}/end`, { reason }),
  );

export const useAddMember = () => useDeed((member: NewMember) => post<NewMemberAnswer>("/members", member));

export const useChangeMember = () =>
  useDeed(({ id, terms }: { id: string; terms: MemberTerms }) => put<Member>(`/members/${path(id)}`, terms));

export const useSwitchMember = () =>
  useDeed(({ id, to }: { id: string; to: "disable" | "enable" }) => post<Member>(`/members/${path(id)}/${to}`));

export function useSecondFactorRule() {
  return useQuery({
    queryKey: [...institutionKeys.members, "second-factor-rule"],
    queryFn: ({ signal }) => get<SecondFactorRule>("/members/second-factor-rule", signal),
  });
}

export const useChangeSecondFactorRule = () =>
  useDeed((rule: SecondFactorRule) => put<SecondFactorRule>("/members/second-factor-rule", rule));

export const useResetSecondFactor = () =>
  useDeed((id: string) => post<Member>(`/members/${path(id)}/second-factor/reset`));

export const useResetMemberPassword = () =>
  useDeed((id: string) => post<{ one_time_password: string }>(`/members/${path(id)}/one-time-password`));

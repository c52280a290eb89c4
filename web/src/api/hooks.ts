/** Every question to and every order for the server that a page needs, as a hook. */
import {
  keepPreviousData,
  queryOptions,
  skipToken,
  useMutation,
  useQuery,
  useQueryClient,
  type QueryClient,
} from "@tanstack/react-query";

import { ApiError, del, get, patch, post, put } from "./client";
import type {
  CallQuality,
  Consult,
  Consults,
  ConsultEvent,
  Devices,
  DicomPeer,
  EchoOutcome,
  JoinTicket,
  Me,
  NewConsult,
  NewDicomPeer,
  NewScheduledProcedure,
  PasskeyAnswer,
  Patient,
  Preferences,
  Prior,
  Proof,
  ReadingWish,
  Relay,
  Report,
  ReportBody,
  ScheduledProcedure,
  Studies,
  StudyDetail,
  StudySummary,
  Upload,
} from "./types";

export const keys = {
  me: ["me"] as const,
  sessionOver: ["session-over"] as const,
  studies: ["studies"] as const,
  study: (uid: string) => ["study", uid] as const,
  priors: (uid: string) => ["study", uid, "priors"] as const,
  patients: ["patients"] as const,
  consults: ["consults"] as const,
  consult: (id: string) => ["consult", id] as const,
  calls: (id: string) => ["consult", id, "calls"] as const,
  report: (id: string) => ["report", id] as const,
  upload: (id: string) => ["upload", id] as const,
  devices: ["devices"] as const,
  schedule: ["schedule"] as const,
};

const RELAY_TIMEOUT_MS = 3_000;
const path = encodeURIComponent;

/** Who was signed in stays on the page, with a call and what was typed, until the same user signs in again. */
export function noticeSessionIsOver(client: QueryClient): Me | null {
  const before = client.getQueryData<Me | null>(keys.me) ?? null;
  if (before === null) client.setQueryData(keys.me, null);
  else client.setQueryData(keys.sessionOver, true);
  return before;
}

/** Whether the session of who is on this page ended meanwhile. */
export function useSessionIsOver(): boolean {
  return useQuery<boolean>({ queryKey: keys.sessionOver, queryFn: skipToken }).data ?? false;
}

/** The signed-in user, or null where nobody is. */
export function useMe() {
  const client = useQueryClient();
  return useQuery({
    queryKey: keys.me,
    queryFn: async ({ signal }): Promise<Me | null> => {
      try {
        const me = await get<Me>("/session", signal);
        // In another tab somebody may have signed in again: the same user, or one who may see other things.
        if ((client.getQueryData<Me | null>(keys.me)?.id ?? me.id) !== me.id) location.assign("/");
        client.setQueryData(keys.sessionOver, false);
        return me;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return noticeSessionIsOver(client);
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

/** For each way to sign in. */
export function useEntering<T>(enter: (given: T) => Promise<Me>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: enter,
    onSuccess: (me) => {
      const before = client.getQueryData<Me | null>(keys.me);
      if (before && before.id !== me.id) location.assign("/"); // nothing of one user stays for the next
      client.setQueryData(keys.me, me);
      client.setQueryData(keys.sessionOver, false);
      if (before) void client.invalidateQueries();
    },
  });
}

export const useLogin = () =>
  useEntering((body: { username: string; password: string }) => post<Me>("/session", body));

/** With the token that the problem `second-factor-needed` held. */
export const useSecondStep = () =>
  useEntering((body: Proof & { token: string }) => post<Me>("/session/second-step", body));

export const usePasskeyLogin = () =>
  useEntering((answer: PasskeyAnswer) => post<Me>("/session/passkey", answer));

/** Says again who it is; the step that was refused is then possible for some minutes. */
export function useProveAgain() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (proof: Proof) => post<Me>("/session/proof", proof),
    onSuccess: (me) => client.setQueryData(keys.me, me),
  });
}

/** Ends the session and loads the page anew, so that nothing of one user stays in memory for the next. */
export function useLogout() {
  return useMutation({
    mutationFn: () => del<unknown>("/session"),
    onSettled: () => location.assign("/login"),
  });
}

export function useChangePassword() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { current_password: string; new_password: string }) =>
      put<Me>("/session/password", body),
    onSuccess: (me) => client.setQueryData(keys.me, me),
  });
}

export function useSetPreferences() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (preferences: Preferences) => patch<Me>("/me", preferences),
    onSuccess: (me) => client.setQueryData(keys.me, me),
  });
}

/** What one answer lists at most. */
const LISTED_AT_MOST = 200;

const studiesOf = (query: URLSearchParams) => ({
  queryKey: [...keys.studies, query.toString()],
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<StudySummary[]> =>
    (await get<Studies>(`/studies?limit=${LISTED_AT_MOST}&${query.toString()}`, signal)).studies,
});

/** Those of these studies that the user may see, of the first two hundred. */
export function useStudiesByUid(uids: readonly string[], pollMs: number | false = false) {
  const some = [...new Set(uids)].slice(0, LISTED_AT_MOST).sort();
  return useQuery({
    ...studiesOf(new URLSearchParams(some.map((uid) => ["uid", uid]))),
    enabled: some.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: pollMs,
  });
}

export const studyQuery = (uid: string) =>
  queryOptions({
    queryKey: keys.study(uid),
    queryFn: ({ signal }) => get<StudyDetail>(`/studies/${path(uid)}`, signal),
  });

/** The patient's studies that the user may see, the newest first. */
export function useStudiesOfPatient(patientId: string | null) {
  return useQuery({
    ...studiesOf(new URLSearchParams({ patient_id: patientId ?? "" })),
    enabled: patientId !== null,
  });
}

export function useStudy(uid: string | undefined, pollMs: number | false = false) {
  return useQuery({
    ...studyQuery(uid ?? ""),
    enabled: uid !== undefined && uid !== "",
    refetchInterval: pollMs,
  });
}

/** Earlier studies of the same patient that the user may see, the newest first. */
export function usePriors(uid: string) {
  return useQuery({
    queryKey: keys.priors(uid),
    queryFn: ({ signal }) => get<Prior[]>(`/studies/${path(uid)}/priors`, signal),
  });
}

/** Stops the AI reading of a study, puts it before all others, or starts again what failed or was stopped. */
export function useReadingWish(uid: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wish: ReadingWish) => post<StudyDetail>(`/studies/${path(uid)}/reading`, { wish }),
    onSuccess: (study) => client.setQueryData(keys.study(uid), study),
  });
}

/** The first patients of the own institution in whose name or number these words stand. */
export function usePatients(words: string) {
  return useQuery({
    queryKey: [...keys.patients, words],
    queryFn: ({ signal }) => get<Patient[]>(`/patients?${new URLSearchParams({ q: words }).toString()}`, signal),
    placeholderData: keepPreviousData,
  });
}

/** Consults about this study in which the user has a part, the newest first. */
export function useConsultsOfStudy(uid: string) {
  return useQuery({
    queryKey: [...keys.consults, uid],
    queryFn: async ({ signal }): Promise<Consult[]> =>
      (await get<Consults>(`/consults?study=${path(uid)}`, signal)).consults,
  });
}

export function useConsult(id: string | undefined, pollMs: number | false = false) {
  return useQuery({
    queryKey: keys.consult(id ?? ""),
    queryFn: ({ signal }) => get<Consult>(`/consults/${path(id ?? "")}`, signal),
    enabled: id !== undefined && id !== "",
    refetchInterval: pollMs,
  });
}

export function useCallQualities(consultId: string, pollMs: number | false) {
  return useQuery({
    queryKey: keys.calls(consultId),
    queryFn: ({ signal }) => get<CallQuality[]>(`/consults/${path(consultId)}/calls`, signal),
    refetchInterval: pollMs,
  });
}

export function useCreateConsult() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewConsult) => post<Consult>("/consults", body),
    onSuccess: (consult) => {
      client.setQueryData(keys.consult(consult.id), consult);
      void client.invalidateQueries({ queryKey: keys.consults });
    },
  });
}

export function useConsultEvent(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { event: ConsultEvent; reason?: string; version: number }) =>
      post<Consult>(`/consults/${path(consultId)}/events`, body),
    onSuccess: (consult) => client.setQueryData(keys.consult(consultId), consult),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.consult(consultId) });
      void client.invalidateQueries({ queryKey: keys.consults });
      void client.invalidateQueries({ queryKey: keys.report(consultId) });
    },
  });
}

export function useAttachStudy(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ uid, samePerson }: { uid: string; samePerson: boolean }) =>
      post<Consult>(`/consults/${path(consultId)}/studies`, {
        study_instance_uid: uid,
        same_person_confirmed: samePerson,
      }),
    onSuccess: (consult) => client.setQueryData(keys.consult(consultId), consult),
  });
}

/** A fresh signed grant to enter the room. */
export const fetchJoinTicket = (consultId: string) =>
  post<JoinTicket>(`/consults/${path(consultId)}/join`);

/** Where the room is now: another relay has it once its own is gone. */
export const fetchRelayUrl = async (consultId: string) =>
  (await get<Relay>(`/consults/${path(consultId)}/relay`, AbortSignal.timeout(RELAY_TIMEOUT_MS))).signaling_url;

export function useReport(consultId: string, pollMs: number | false = false) {
  return useQuery({
    queryKey: keys.report(consultId),
    queryFn: ({ signal }) => get<Report>(`/consults/${path(consultId)}/report`, signal),
    refetchInterval: pollMs,
  });
}

export function useSaveReport(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    // Tried without a network too: what fails says so, and what is typed waits on this computer.
    networkMode: "always",
    mutationFn: (body: ReportBody) =>
      put<Report>(`/consults/${path(consultId)}/report`, body),
    onSuccess: (report) => client.setQueryData(keys.report(consultId), report),
  });
}

export function useSignReport(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Proof & { version: number; without_pictures: boolean }) =>
      post<Report>(`/consults/${path(consultId)}/report/sign`, body),
    onSuccess: (report) => {
      client.setQueryData(keys.report(consultId), report);
      void client.invalidateQueries({ queryKey: keys.consult(consultId) });
      void client.invalidateQueries({ queryKey: keys.consults });
    },
  });
}

export function useUpload(uploadId: string | null, pollMs: (upload: Upload | undefined) => number | false) {
  return useQuery({
    queryKey: keys.upload(uploadId ?? ""),
    queryFn: ({ signal }) => get<Upload>(`/uploads/${path(uploadId ?? "")}`, signal),
    enabled: uploadId !== null,
    refetchInterval: (query) => pollMs(query.state.data),
  });
}

export function useDevices() {
  return useQuery({
    queryKey: keys.devices,
    queryFn: ({ signal }) => get<Devices>("/dicom-peers", signal),
    refetchInterval: 30_000,
  });
}

export function useAddDevice() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewDicomPeer) => post<DicomPeer>("/dicom-peers", body),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.devices }),
  });
}

export function useRemoveDevice() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => del<unknown>(`/dicom-peers/${path(id)}`),
    onSettled: () => client.invalidateQueries({ queryKey: keys.devices }),
  });
}

export function useTestDevice(id: string) {
  return useMutation({
    mutationFn: () => post<{ outcome: EchoOutcome }>(`/dicom-peers/${path(id)}/echo`),
  });
}

export function useSchedule() {
  return useQuery({
    queryKey: keys.schedule,
    queryFn: ({ signal }) => get<ScheduledProcedure[]>("/scheduled-procedures", signal),
    refetchInterval: 30_000,
  });
}

export function useScheduleProcedure() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewScheduledProcedure) => post<ScheduledProcedure>("/scheduled-procedures", body),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.schedule }),
  });
}

export function useCancelProcedure() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      post<ScheduledProcedure>(`/scheduled-procedures/${path(id)}/events`, { event: "cancel" }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.schedule }),
  });
}

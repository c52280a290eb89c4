/** What was measured in the room of a consult and stays with the case. */
import { useQuery } from "@tanstack/react-query";

import { get } from "./client";
import type { components } from "./schema";

export type KeptMeasurement = components["schemas"]["KeptMeasurementOut"];

/** Its key begins as that of the consult, with which it is asked for anew. */
export const useKeptMeasurements = (consultId: string) =>
  useQuery({
    queryKey: ["consult", consultId, "measurements"],
    queryFn: ({ signal }) => get<KeptMeasurement[]>(`/consults/${encodeURIComponent(consultId)}/measurements`, signal),
  });

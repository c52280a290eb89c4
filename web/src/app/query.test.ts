import { QueryObserver } from "@tanstack/react-query";
import { afterEach, describe, expect, it } from "vitest";

import { ApiError } from "../api/client";
import { keys } from "../api/hooks";
import { queryClient } from "./query";

const said = (status: number, code = "some-code") => new ApiError(status, code, "", null);

/** A page that shows "images" and asks again, which fails. */
async function after(error: Error) {
  queryClient.setQueryData(["page"], "images");
  const page = new QueryObserver(queryClient, {
    queryKey: ["page"],
    queryFn: () => Promise.reject(error),
    retry: false,
  });
  const leave = page.subscribe(() => undefined);
  await page.refetch();
  leave();
  return page.getCurrentResult();
}

describe("a page that asks again", () => {
  afterEach(() => queryClient.clear());

  it.each([0, 401, 500, 503])("keeps what it shows when the answer is %i", async (status) => {
    const page = await after(said(status));
    expect([page.data, page.isLoadingError]).toEqual(["images", false]);
  });

  it.each([403, 404])("shows nothing of it any more when the answer is %i", async (status) => {
    const page = await after(said(status));
    expect([page.data, page.isLoadingError]).toEqual([undefined, true]);
  });

  it("keeps its user when the session is over, and asks for the password", async () => {
    queryClient.setQueryData(keys.me, { id: "li" });
    await after(said(401));
    expect(queryClient.getQueryData(keys.me)).toEqual({ id: "li" });
    expect(queryClient.getQueryData(keys.sessionOver)).toBe(true);
  });

  it("has nobody where nobody was signed in", async () => {
    await after(said(401));
    expect(queryClient.getQueryData(keys.me)).toBeNull();
    expect(queryClient.getQueryData(keys.sessionOver)).toBeUndefined();
  });

  it("takes a wrong password for what it is", async () => {
    queryClient.setQueryData(keys.me, { id: "li" });
    await after(said(401, "wrong-credentials"));
    expect(queryClient.getQueryData(keys.sessionOver)).toBeUndefined();
  });
});

import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";

import { formatQuery, parseQuery, type WorklistQuery } from "./query";

export interface AddressedQuery {
  query: WorklistQuery;
  /** Its one spelling in the address, by which two queries are told to be the same. */
  address: string;
  /** Ask for something else. Going back returns to what was asked before, except while typing. */
  change: (changed: Partial<WorklistQuery>, typing?: boolean) => void;
}

/** The query lives in the page's address: a link, a reload and the back button all show the same table. */
export function useWorklistQuery(): AddressedQuery {
  const [search, setSearch] = useSearchParams();
  const query = useMemo(() => parseQuery(search), [search]);
  const change = useCallback(
    (changed: Partial<WorklistQuery>, typing = false) => {
      setSearch(
        (current) => {
          const next = formatQuery({ ...parseQuery(current), ...changed });
          // An address without anything opens the user's default view.
          if (next.size === 0) next.set("all", "");
          return next;
        },
        { replace: typing },
      );
    },
    [setSearch],
  );
  return { query, address: formatQuery(query).toString(), change };
}

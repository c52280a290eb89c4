import { Button } from "@mantine/core";
import { IconArrowUp } from "@tabler/icons-react";
import { useCallback, useState, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import type { Me } from "../api/types";
import type { WorklistRow } from "../api/worklistHooks";
import type { Sort } from "./query";
import type { Shown } from "./shownRows";
import { useRowKeys } from "./useRowKeys";
import classes from "./worklist.module.css";
import { addressOf, WorklistRowView } from "./WorklistRowView";

const COLUMNS = ["urgency", "patient", "what", "who", "ai", "when", "status", "actions"] as const;
/** The column whose order a sort follows; all but waiting begin with the most. */
const SORTED_COLUMN: Readonly<Record<Sort, (typeof COLUMNS)[number]>> = {
  urgency: "urgency",
  ai: "ai",
  waiting: "when",
  newest: "when",
};

export interface WorklistTableProps {
  shown: Shown<WorklistRow>;
  /** Rows of the whole list where that is known. */
  count: number | null;
  sort: Sort;
  me: Me;
  search: RefObject<HTMLInputElement | null>;
  grid: RefObject<HTMLDivElement | null>;
  onHold: (held: boolean) => void;
  onShowNew: () => void;
  onFilters: () => void;
}

/** A grid with one row for each study and consult. While it is pointed at or has the focus, nothing in it moves. */
export function WorklistTable(props: WorklistTableProps) {
  const { shown, count, sort, me, search, grid, onHold, onShowNew, onFilters } = props;
  const { t } = useTranslation("worklist");
  const navigate = useNavigate();
  const [marked, setMarked] = useState<string | null>(null);
  const current = shown.rows.some((row) => row.id === marked) ? marked : (shown.rows[0]?.id ?? null);
  const open = useCallback((row: WorklistRow) => void navigate(addressOf(row)), [navigate]);
  useRowKeys({ rows: shown.rows, gone: shown.gone, current, me, grid, search, onFilters });
  return (
    <>
      <div role="status" className={classes.news}>
        {shown.waiting + shown.gone.size > 0 && (
          <Button size="compact-sm" variant="light" leftSection={<IconArrowUp size={15} />} onClick={onShowNew}>
            {shown.waiting > 0 ? t("news", { count: shown.waiting }) : t("refresh")}
          </Button>
        )}
      </div>
      <div
        ref={grid}
        role="grid"
        aria-label={t("title")}
        aria-rowcount={count === null || count > 1000 ? -1 : count + 1}
        className={classes.grid}
        onPointerEnter={() => onHold(true)}
        onPointerLeave={(event) => onHold(event.currentTarget.contains(document.activeElement))}
        onFocus={() => onHold(true)}
        onBlur={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget)) onHold(event.currentTarget.matches(":hover"));
        }}
      >
        <div role="rowgroup">
          <div role="row" aria-rowindex={1} className={classes.head}>
            {COLUMNS.map((column) => (
              <span
                key={column}
                role="columnheader"
                aria-sort={
                  SORTED_COLUMN[sort] !== column ? undefined : sort === "waiting" ? "ascending" : "descending"
                }
              >
                {t(`column.${column}`)}
              </span>
            ))}
          </div>
        </div>
        <div role="rowgroup">
          {shown.rows.map((row, index) => (
            <WorklistRowView
              key={row.id}
              row={row}
              number={index + 2}
              me={me}
              isCurrent={row.id === current}
              isGone={shown.gone.has(row.id)}
              onFocus={setMarked}
              onOpen={open}
            />
          ))}
        </div>
      </div>
    </>
  );
}

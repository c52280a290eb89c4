import { Button, Skeleton, Stack } from "@mantine/core";
import { IconCloudOff, IconRefresh, type Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useProblemText } from "./problem";
import classes from "./ui.module.css";

export interface EmptyStateProps {
  icon: Icon;
  title: string;
  text?: string;
  action?: ReactNode;
}

export function EmptyState({ icon: Symbol, title, text, action }: EmptyStateProps) {
  return (
    <div className={classes.state}>
      <Symbol size={32} stroke={1.4} className={classes.stateIcon} aria-hidden />
      <div className={classes.stateTitle}>{title}</div>
      {text !== undefined && <div className={classes.stateText}>{text}</div>}
      {action !== undefined && <div className={classes.stateAction}>{action}</div>}
    </div>
  );
}

export function LoadingState({ rows = 4 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm" p="md" role="status" aria-label={t("loading")}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={20} width={`${92 - ((row * 17) % 40)}%`} radius="sm" />
      ))}
    </Stack>
  );
}

export interface ErrorStateProps {
  error: unknown;
  onRetry?: () => void;
}

export function ErrorState({ error, onRetry }: ErrorStateProps) {
  const { t } = useTranslation();
  const say = useProblemText();
  return (
    <div role="alert">
      <EmptyState
        icon={IconCloudOff}
        title={t("problem.title")}
        text={say(error)}
        action={
          onRetry && (
            <Button variant="default" leftSection={<IconRefresh size={16} />} onClick={onRetry}>
              {t("retry")}
            </Button>
          )
        }
      />
    </div>
  );
}

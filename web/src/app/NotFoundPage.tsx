import { Button } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { EmptyState } from "../ui/states";

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <EmptyState
      icon={IconMapQuestion}
      title={t("notFound.title")}
      text={t("notFound.text")}
      action={
        <Button component={Link} to="/" variant="default">
          {t("home")}
        </Button>
      }
    />
  );
}

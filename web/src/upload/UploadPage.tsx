import { useTranslation } from "react-i18next";

import { Narrow } from "../ui/Narrow";
import { PageHead } from "../ui/PageHead";
import { DropZone } from "./DropZone";

export function UploadPage() {
  const { t } = useTranslation("upload");
  return (
    <Narrow>
      <PageHead title={t("title")} lead={t("lead")} />
      <DropZone />
    </Narrow>
  );
}

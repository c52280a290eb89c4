import { useTranslation } from "react-i18next";

import { PageHead } from "../ui/PageHead";
import { DropZone } from "./DropZone";

export function UploadPage() {
  const { t } = useTranslation("upload");
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <DropZone />
    </>
  );
}

import { Button, Group } from "@mantine/core";
import { IconPlayerPlay, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "../api/hooks";
import type { Upload } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatDate, formatPersonName } from "../ui/format";
import { Note } from "../ui/Note";
import { foldersOf } from "./memory";
import type { UploadSession } from "./session";
import { recentUploads } from "./transport";
import { filesOfHandles } from "./walk";

const DISMISSED = "teleconsult.uploads.dismissed";
const SHOWN_MOST = 3;

function dismissed(): string[] {
  try {
    return JSON.parse(localStorage.getItem(DISMISSED) ?? "[]") as string[];
  } catch {
    return [];
  }
}

interface Asking extends FileSystemHandle {
  requestPermission?: (how: { mode: "read" }) => Promise<PermissionState>;
}

/** The folder is opened again, where the browser kept it and the user allows it. */
async function goOn(handles: readonly FileSystemHandle[], session: UploadSession): Promise<void> {
  for (const handle of handles as readonly Asking[]) {
    if ((await handle.requestPermission?.({ mode: "read" })) !== "granted") return;
  }
  await session.add(await filesOfHandles(handles), handles);
}

const isInterrupted = ({ status, progress }: Upload) => status === "open" && progress.length > 0;

/** Uploads that stopped in the middle: what of them is here, and how they go on. */
export function Interrupted({ session }: { session: UploadSession }) {
  const [hidden, setHidden] = useState(dismissed);
  const recent = useQuery({
    queryKey: [...keys.upload(""), "recent"],
    queryFn: async () => {
      const open = (await recentUploads()).filter(isInterrupted);
      return Promise.all(open.map(async (upload) => ({ upload, handles: await foldersOf(upload.upload_id) })));
    },
    staleTime: 0,
  });
  const shown = (recent.data ?? []).filter(({ upload }) => !hidden.includes(upload.upload_id)).slice(0, SHOWN_MOST);
  const dismiss = (uploadId: string) => {
    const next = [...hidden, uploadId].slice(-50);
    localStorage.setItem(DISMISSED, JSON.stringify(next));
    setHidden(next);
  };
  return shown.map(({ upload, handles }) => (
    <One
      key={upload.upload_id}
      upload={upload}
      onGoOn={handles.length === 0 ? null : () => void goOn(handles, session)}
      onDismiss={() => dismiss(upload.upload_id)}
    />
  ));
}

interface OneProps {
  upload: Upload;
  onGoOn: (() => void) | null;
  onDismiss: () => void;
}

function One({ upload, onGoOn, onDismiss }: OneProps) {
  const { t } = useTranslation("upload");
  const language = useLanguage();
  return (
    <div data-testid="interrupted">
      <Note tone="amber" title={t("interrupted.title")}>
        {upload.studies.map((study) => {
          const progress = upload.progress.find(({ study_instance_uid }) => study_instance_uid === study.study_instance_uid);
          const { stored_count = 0, expected_count = null } = progress ?? {};
          const facts = [study.modalities.join(" / "), study.study_description, formatDate(study.study_date)];
          return (
            <div key={study.study_instance_uid}>
              <strong>{formatPersonName(study.patient.name, language)}</strong> · {facts.filter(Boolean).join(" · ")}{" "}
              <span className="tabular">
                {t("interrupted.count", { stored: stored_count, total: expected_count ?? stored_count })}
              </span>
            </div>
          );
        })}
        <div>{t(onGoOn === null ? "interrupted.drop" : "interrupted.click")}</div>
        <Group gap="xs" mt={6}>
          {onGoOn !== null && (
            <Button size="xs" leftSection={<IconPlayerPlay size={15} />} onClick={onGoOn}>
              {t("interrupted.goOn")}
            </Button>
          )}
          <Button size="xs" variant="subtle" leftSection={<IconX size={15} />} onClick={onDismiss}>
            {t("interrupted.dismiss")}
          </Button>
        </Group>
      </Note>
    </div>
  );
}

import { Anchor, Button, Group, Textarea } from "@mantine/core";
import { IconFileTypePdf } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useChatSteps } from "../api/chatHooks";
import { addresses } from "../api/client";
import type { ChatMessage, KeyImage } from "../api/types";
import { useLanguage } from "../app/i18n";
import { AttachedKeyImage } from "../keyImages/AttachedKeyImage";
import { ReasonModal } from "../manage/ReasonModal";
import { formatBytes, formatInstant } from "../ui/format";
import { institutionName } from "../ui/institution";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { useNow } from "../ui/useNow";
import classes from "./chat.module.css";

export interface MessageProps {
  consultId: string;
  message: ChatMessage;
  isOwn: boolean;
  editableForS: number;
  /** The consult is not over: one's own messages can be put right or withdrawn. */
  mayChange: boolean;
  onShowKeyImage?: ((one: KeyImage) => void) | undefined;
}

export function Message({ consultId, message, isOwn, editableForS, mayChange, onShowKeyImage }: MessageProps) {
  const { t } = useTranslation("chat");
  const language = useLanguage();
  const now = useNow();
  const { withdraw } = useChatSteps(consultId);
  const [isEditing, setEditing] = useState(false);
  const [isWithdrawing, setWithdrawing] = useState(false);
  const { author, attachment } = message;
  const isWithdrawn = message.withdrawn_at !== null;
  const isFresh = now.getTime() - Date.parse(message.written_at) < editableForS * 1000;
  return (
    <li className={classes.message} data-own={isOwn || undefined}>
      <div className={classes.head}>
        <strong>{author.display_name}</strong> · {institutionName(author.institution, language)} ·{" "}
        <time dateTime={message.written_at} className="tabular">
          {formatInstant(message.written_at, now, language)}
        </time>
      </div>
      {isWithdrawn ? (
        <p className={classes.muted}>
          {t("withdrawn", { name: author.display_name, reason: message.withdrawal_reason ?? "" })}
        </p>
      ) : isEditing ? (
        <Editor consultId={consultId} message={message} onClose={() => setEditing(false)} />
      ) : (
        <>
          {message.text !== "" && <p className={classes.text}>{message.text}</p>}
          {attachment !== null && "key_image" in attachment && (
            <AttachedKeyImage one={attachment.key_image} onShow={onShowKeyImage} />
          )}
          {attachment !== null && "media_type" in attachment && (
            <Anchor size="sm" href={addresses.chatFile(consultId, message.id)} target="_blank" rel="noreferrer" className={classes.file}>
              {attachment.media_type === "application/pdf" ? (
                <IconFileTypePdf size={18} aria-hidden />
              ) : (
                <img src={addresses.chatFile(consultId, message.id)} alt="" loading="lazy" />
              )}
              <span>
                {attachment.name} · {formatBytes(attachment.size_bytes)}
              </span>
            </Anchor>
          )}
          {message.earlier.length > 0 && (
            <details className={classes.muted}>
              <summary>{t("edited")}</summary>
              {message.earlier.map((one) => (
                <p key={one.until} className={classes.text}>
                  {one.text}
                </p>
              ))}
            </details>
          )}
        </>
      )}
      {isOwn && mayChange && !isWithdrawn && !isEditing && (
        <Group gap={4} justify="flex-end">
          {isFresh && (
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setEditing(true)}>
              {t("edit")}
            </Button>
          )}
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setWithdrawing(true)}>
            {t("withdraw")}
          </Button>
        </Group>
      )}
      {isWithdrawing && (
        <ReasonModal
          title={t("withdraw")}
          text={t("withdrawText")}
          action={t("withdraw")}
          pending={withdraw.isPending}
          error={withdraw.error}
          onConfirm={(reason) => withdraw.mutate({ id: message.id, reason }, { onSuccess: () => setWithdrawing(false) })}
          onClose={() => setWithdrawing(false)}
        />
      )}
    </li>
  );
}

function Editor({ consultId, message, onClose }: { consultId: string; message: ChatMessage; onClose: () => void }) {
  const { t } = useTranslation("chat");
  const say = useProblemText();
  const { edit } = useChatSteps(consultId);
  const [text, setText] = useState(message.text);
  return (
    <div className={classes.composer}>
      <Textarea
        aria-label={t("edit")}
        autosize
        maxLength={4000}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Group gap="xs" justify="flex-end">
        <Button size="xs" variant="default" onClick={onClose}>
          {t("common:cancel")}
        </Button>
        <Button
          size="xs"
          disabled={text.trim() === ""}
          loading={edit.isPending}
          onClick={() => edit.mutate({ id: message.id, text: text.trim() }, { onSuccess: onClose })}
        >
          {t("save")}
        </Button>
      </Group>
      {edit.isError && (
        <Note tone="signal" alert>
          {say(edit.error)}
        </Note>
      )}
    </div>
  );
}

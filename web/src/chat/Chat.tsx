import { ActionIcon, Button, Group, Textarea } from "@mantine/core";
import { useIntersection, useLocalStorage } from "@mantine/hooks";
import { IconPaperclip, IconSend, IconStar, IconX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useChat, useChatSteps } from "../api/chatHooks";
import { usePollMs } from "../api/events";
import { useMe } from "../api/hooks";
import type { KeyImage, Me } from "../api/types";
import { KeyImageChoice } from "../keyImages/KeyImageChoice";
import { useKeyImageName } from "../keyImages/useKeyImageName";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { ErrorState, LoadingState } from "../ui/states";
import { newId } from "../ui/newId";
import classes from "./chat.module.css";
import { Message } from "./Message";

export interface ChatProps {
  consultId: string;
  /** Where a viewer is on the page: shows a key image in it. */
  onShowKeyImage?: (one: KeyImage) => void;
}

/** What both sides write to each other about the case. What is on the screen counts as read. */
export function Chat({ consultId, onShowKeyImage }: ChatProps) {
  const { t } = useTranslation("chat");
  const me = useMe().data;
  const chat = useChat(consultId, usePollMs());
  const { markRead } = useChatSteps(consultId);
  const { ref: end, entry } = useIntersection();
  const pages = chat.data?.pages ?? [];
  const unread = pages[0]?.unread_count ?? 0;
  const last = pages[0]?.messages.at(-1)?.number ?? 0;
  const isSeen = entry?.isIntersecting === true;
  const mark = markRead.mutate;
  useEffect(() => {
    if (isSeen && unread > 0) mark(last);
  }, [isSeen, unread, last, mark]);

  if (chat.isPending || !me) return <LoadingState rows={3} />;
  if (chat.isError) return <ErrorState error={chat.error} onRetry={() => void chat.refetch()} />;
  const messages = [...pages].reverse().flatMap((page) => page.messages);
  return (
    <div className={classes.chat} data-testid="chat">
      {chat.hasNextPage && (
        <Button size="xs" variant="default" loading={chat.isFetchingNextPage} onClick={() => void chat.fetchNextPage()}>
          {t("earlier")}
        </Button>
      )}
      {messages.length === 0 && <p className={classes.muted}>{t("empty")}</p>}
      <ul className={classes.messages} aria-live="polite" aria-label={t("title")}>
        {messages.map((message) => (
          <Message
            key={message.id}
            consultId={consultId}
            message={message}
            isOwn={message.author.id === me.id}
            editableForS={pages[0]?.editable_for_s ?? 0}
            mayChange={pages[0]?.may_write ?? false}
            onShowKeyImage={onShowKeyImage}
          />
        ))}
      </ul>
      <span ref={end} />
      {pages[0]?.may_write === true ? (
        <Composer consultId={consultId} me={me} />
      ) : (
        <p className={classes.muted}>{t("over")}</p>
      )}
    </div>
  );
}

/** What is being written outlives the page; a file has to be chosen again. */
function Composer({ consultId, me }: { consultId: string; me: Me }) {
  const { t } = useTranslation("chat");
  const say = useProblemText();
  const { write } = useChatSteps(consultId);
  const [text, setText] = useLocalStorage({ key: `teleconsult.chat.${me.id}.${consultId}`, defaultValue: "" });
  const [attached, setAttached] = useState<File | KeyImage | null>(null);
  const [isChoosing, setChoosing] = useState(false);
  const nameOf = useKeyImageName();
  const [id, setId] = useState(newId);
  const chooser = useRef<HTMLInputElement>(null);
  const isEmpty = text.trim() === "" && attached === null;
  const attach = (what: File | KeyImage | null) => {
    setAttached(what);
    setId(newId());
  };
  const attachedName = attached === null ? "" : attached instanceof File ? attached.name : nameOf(attached);
  const submit = () => {
    if (isEmpty || write.isPending) return;
    write.mutate(
      { id, text: text.trim(), attached },
      {
        onSuccess: () => {
          setText("");
          attach(null);
        },
      },
    );
  };
  return (
    <div className={classes.composer}>
      <Textarea
        aria-label={t("write")}
        placeholder={t("placeholder")}
        autosize
        minRows={1}
        maxRows={6}
        maxLength={4000}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          // Enter also ends the choice of a Chinese word.
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          submit();
        }}
      />
      <Group gap="xs" justify="space-between">
        <input
          ref={chooser}
          type="file"
          accept="application/pdf,image/jpeg,image/png"
          hidden
          aria-label={t("attach")}
          onChange={({ currentTarget }) => {
            attach(currentTarget.files?.[0] ?? null);
            currentTarget.value = "";
          }}
        />
        {attached === null ? (
          <Group gap={0}>
            <Button
              size="xs"
              variant="subtle"
              leftSection={<IconPaperclip size={15} aria-hidden />}
              onClick={() => chooser.current?.click()}
            >
              {t("attach")}
            </Button>
            <Button size="xs" variant="subtle" leftSection={<IconStar size={15} aria-hidden />} onClick={() => setChoosing(true)}>
              {t("keyImage:attach")}
            </Button>
          </Group>
        ) : (
          <span className={classes.chosen}>
            {!(attached instanceof File) && <IconStar size={15} aria-hidden />}
            {attachedName}
            <ActionIcon size="sm" color="gray" aria-label={t("detach", { name: attachedName })} onClick={() => attach(null)}>
              <IconX size={14} />
            </ActionIcon>
          </span>
        )}
        <Button size="xs" ms="auto" leftSection={<IconSend size={15} aria-hidden />} disabled={isEmpty} loading={write.isPending} onClick={submit}>
          {t("send")}
        </Button>
      </Group>
      {isChoosing && (
        <KeyImageChoice
          consultId={consultId}
          onChoose={(one) => {
            attach(one);
            setChoosing(false);
          }}
          onClose={() => setChoosing(false)}
        />
      )}
      {write.isError && (
        <Note tone="signal" alert>
          {say(write.error)}
        </Note>
      )}
    </div>
  );
}

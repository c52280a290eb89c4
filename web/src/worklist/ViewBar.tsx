import { ActionIcon, Button, Checkbox, Group, Menu, Modal, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconBookmarkPlus, IconDots, IconHomeCheck, IconHomeOff, IconTrash, IconUsers } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";

import type { Me } from "../api/types";
import { useRemoveView, useSaveView, useViews, type View } from "../api/worklistHooks";
import { useProblemText } from "../ui/problem";
import classes from "./worklist.module.css";

const BUILT_IN = [
  { label: "view.everything", address: "" },
  { label: "view.mine", address: "assigned=me" },
  { label: "view.open", address: "state=unread&state=being-read&state=waiting&state=active" },
] as const;

const linkTo = (address: string) => `/?${address === "" ? "all=" : address}`;

function SaveDialog({ address, me, onClose }: { address: string; me: Me; onClose: () => void }) {
  const { t } = useTranslation("worklist");
  const save = useSaveView();
  const say = useProblemText();
  const [name, setName] = useState("");
  const [isDefault, setDefault] = useState(false);
  const [isShared, setShared] = useState(false);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(
          { name: name.trim(), query: address, is_default: isDefault, is_shared: isShared },
          { onSuccess: onClose },
        );
      }}
    >
      <Stack>
        <TextInput
          label={t("view.name")}
          maxLength={80}
          required
          data-autofocus
          value={name}
          error={save.isError ? say(save.error) : null}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox
          label={t("view.asDefault")}
          checked={isDefault}
          onChange={(event) => setDefault(event.currentTarget.checked)}
        />
        {me.roles.includes("coordinator") && (
          <Checkbox
            label={t("view.share")}
            checked={isShared}
            onChange={(event) => setShared(event.currentTarget.checked)}
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" disabled={name.trim() === ""} loading={save.isPending}>
            {t("view.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function OwnViewMenu({ view }: { view: View }) {
  const { t } = useTranslation("worklist");
  const save = useSaveView();
  const remove = useRemoveView();
  const navigate = useNavigate();
  const say = useProblemText();
  const onError = (error: unknown) => notifications.show({ color: "signal", message: say(error) });
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon size="md" variant="subtle" aria-label={t("view.menu", { name: view.name })}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={view.is_default ? <IconHomeOff size={16} /> : <IconHomeCheck size={16} />}
          onClick={() =>
            save.mutate(
              {
                id: view.id,
                name: view.name,
                query: view.query,
                is_shared: view.is_shared,
                is_default: !view.is_default,
              },
              { onError },
            )
          }
        >
          {t(view.is_default ? "view.notDefault" : "view.makeDefault")}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconTrash size={16} />}
          onClick={() => remove.mutate(view.id, { onError, onSuccess: () => void navigate(linkTo("")) })}
        >
          {t("view.remove")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Tables kept under a name, each a link; what is shown now can be kept too. */
export function ViewBar({ address, me }: { address: string; me: Me }) {
  const { t } = useTranslation("worklist");
  const views = useViews().data ?? [];
  const [saving, dialog] = useDisclosure(false);
  const current = views.find((view) => view.query === address);
  const isKept = current !== undefined || BUILT_IN.some((one) => one.address === address);
  const link = (key: string, to: string, words: string, isShared: boolean) => (
    <Link
      key={key}
      to={linkTo(to)}
      className={classes.view}
      aria-current={to === address ? "page" : undefined}
    >
      {words}
      {isShared && <IconUsers size={13} aria-label={t("view.shared")} />}
    </Link>
  );
  return (
    <nav className={classes.views} aria-label={t("view.title")}>
      {BUILT_IN.map((one) => link(one.label, one.address, t(one.label), false))}
      {views.map((view) => link(view.id, view.query, view.name, view.is_shared))}
      {current?.is_own === true && <OwnViewMenu view={current} />}
      {!isKept && (
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconBookmarkPlus size={15} />}
          onClick={dialog.open}
        >
          {t("view.keep")}
        </Button>
      )}
      <Modal
        opened={saving}
        onClose={dialog.close}
        title={t("view.keep")}
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        {saving && <SaveDialog address={address} me={me} onClose={dialog.close} />}
      </Modal>
    </nav>
  );
}

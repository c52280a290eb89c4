import { Alert, Button, Group, List, Loader, Modal, Radio, ScrollArea, Stack, Switch, Table, Text, TextInput } from "@mantine/core";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { inLanguage, useLanguage } from "../app/i18n";
import { ErrorState } from "../ui/states";
import { fetchCopy, save, type Copy, type CopyOptions } from "./deidentifiedCopy";

type State =
  | { at: "choosing" }
  | { at: "working"; bytes: number }
  | { at: "done"; copy: Copy }
  | { at: "failed"; error: unknown };

const FIRST_CHOICE: CopyOptions = {
  dates: "shift",
  keep_patient_characteristics: true,
  keep_device_identity: false,
  text_in_pixels: "black-out",
  case: null,
};

function Choices({ onStart, onCancel }: { onStart: (options: CopyOptions) => void; onCancel: () => void }) {
  const { t } = useTranslation("exports");
  const [options, setOptions] = useState(FIRST_CHOICE);
  const change = (changed: Partial<CopyOptions>) => setOptions({ ...options, ...changed });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onStart({ ...options, case: options.case?.trim() || null });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t("intro")}</Text>
        <Radio.Group
          label={t("dates")}
          value={options.dates}
          onChange={(value) => change({ dates: value })}
        >
          <Stack gap={6} mt={6}>
            <Radio value="shift" label={t("datesShift")} />
            <Radio value="remove" label={t("datesRemove")} />
          </Stack>
        </Radio.Group>
        <Radio.Group
          label={t("text")}
          value={options.text_in_pixels}
          onChange={(value) => change({ text_in_pixels: value })}
        >
          <Stack gap={6} mt={6}>
            <Radio value="black-out" label={t("textBlackOut")} />
            <Radio value="refuse" label={t("textRefuse")} />
          </Stack>
        </Radio.Group>
        <Switch
          label={t("characteristics")}
          checked={options.keep_patient_characteristics}
          onChange={(event) => change({ keep_patient_characteristics: event.currentTarget.checked })}
        />
        <Switch
          label={t("device")}
          checked={options.keep_device_identity}
          onChange={(event) => change({ keep_device_identity: event.currentTarget.checked })}
        />
        <TextInput
          label={t("case")}
          description={t("caseHint")}
          maxLength={64}
          value={options.case ?? ""}
          onChange={(event) => change({ case: event.currentTarget.value })}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            {t("common:cancel")}
          </Button>
          <Button type="submit">{t("start")}</Button>
        </Group>
      </Stack>
    </form>
  );
}

function Report({ copy, onClose }: { copy: Copy; onClose: () => void }) {
  const { t } = useTranslation("exports");
  const language = useLanguage();
  const { report } = copy;
  return (
    <Stack>
      <Text fw={600}>{t("done")}</Text>
      <List size="sm">
        <List.Item>{t("copied", { count: report.files_copied })}</List.Item>
        {report.images_blacked_out > 0 && <List.Item>{t("blackened", { count: report.images_blacked_out })}</List.Item>}
        <List.Item>{t("changes", { count: report.changes.length })}</List.Item>
      </List>
      {report.left_out.length > 0 && (
        <Alert color="signal" title={t("leftOut", { count: report.left_out.length })}>
          {[...new Set(report.left_out.map((one) => inLanguage(one, language)))].join(" ")}
        </Alert>
      )}
      <Alert color="petrol">{t("look")}</Alert>
      <ScrollArea.Autosize mah={240}>
        <Table stickyHeader fz="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("entry")}</Table.Th>
              <Table.Th>{t("what")}</Table.Th>
              <Table.Th ta="right">{t("count")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {report.changes.map((row) => (
              <Table.Tr key={row.tag + row.action}>
                <Table.Td>
                  ({row.tag.slice(0, 4)},{row.tag.slice(4)}) {row.keyword}
                </Table.Td>
                <Table.Td>{t(row.action)}</Table.Td>
                <Table.Td ta="right">{row.count}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      <Group justify="flex-end">
        <Button variant="default" onClick={() => save(copy.zip)}>
          {t("again")}
        </Button>
        <Button onClick={onClose}>{t("common:close")}</Button>
      </Group>
    </Stack>
  );
}

/** Choices, progress and report of a copy without identity. Closing it while it works stops the work. */
export function DeidentifyDialog({ study, opened, onClose }: { study: string; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation("exports");
  const [state, setState] = useState<State>({ at: "choosing" });
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);

  const start = async (options: CopyOptions) => {
    const controller = new AbortController();
    stop.current = controller;
    setState({ at: "working", bytes: 0 });
    try {
      const copy = await fetchCopy(study, options, (bytes) => setState({ at: "working", bytes }), controller.signal);
      save(copy.zip);
      setState({ at: "done", copy });
    } catch (error) {
      setState(controller.signal.aborted ? { at: "choosing" } : { at: "failed", error });
    }
  };
  const close = () => {
    stop.current?.abort();
    setState({ at: "choosing" });
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={t("title")} size="lg" closeButtonProps={{ "aria-label": t("common:close") }}>
      {state.at === "choosing" && <Choices onStart={(options) => void start(options)} onCancel={close} />}
      {state.at === "working" && (
        <Group>
          <Loader size="sm" />
          <Text size="sm" role="status" flex={1}>
            {t("working", { mib: Math.round(state.bytes / 1_000_000) })}
          </Text>
          <Button variant="default" onClick={() => stop.current?.abort()}>
            {t("stop")}
          </Button>
        </Group>
      )}
      {state.at === "failed" && <ErrorState error={state.error} onRetry={() => setState({ at: "choosing" })} />}
      {state.at === "done" && <Report copy={state.copy} onClose={close} />}
    </Modal>
  );
}

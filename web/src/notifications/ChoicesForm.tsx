import { Button, Checkbox, Switch, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useSaveChoices } from "../api/notificationHooks";
import type { Channel, NotificationChoices, Topic } from "../api/types";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import classes from "./notifications.module.css";
import { TestButton } from "./TestButton";
import { CHANNEL, CHANNELS, TOPIC, TOPICS } from "./topics";

const USUAL_NIGHT = { begin: "22:00", end: "07:00" };
/** The server says 22:00:00. */
const toMinutes = (time: string) => time.slice(0, 5);

/** Which topics come by which channels, where to, and when it is quiet. */
export function ChoicesForm({ choices }: { choices: NotificationChoices }) {
  const { t } = useTranslation("notification");
  const say = useProblemText();
  const save = useSaveChoices();
  const [channels, setChannels] = useState(choices.channels);
  const [email, setEmail] = useState(choices.email ?? "");
  const [phone, setPhone] = useState(choices.phone ?? "");
  const [quiet, setQuiet] = useState(choices.quiet);
  const available = new Set(choices.available);

  const choose = (topic: Topic, channel: Channel, wanted: boolean) => {
    const others = (channels[topic] ?? []).filter((one) => one !== channel);
    setChannels({ ...channels, [topic]: wanted ? [...others, channel] : others });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(
      {
        channels,
        email: email.trim() || null,
        phone: phone.trim() || null,
        quiet,
        time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      },
      { onSuccess: () => notifications.show({ color: "moss", message: t("saved") }) },
    );
  };
  return (
    <Panel title={t("choices.title")}>
      <form onSubmit={submit} className={classes.form}>
        <table className={classes.choices}>
          <caption className={classes.hidden}>{t("choices.title")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("choices.about")}</th>
              {CHANNELS.map((channel) => {
                const Symbol = CHANNEL[channel];
                return (
                  <th scope="col" key={channel} data-off={!available.has(channel) || undefined}>
                    <Symbol size={16} aria-hidden />
                    <span>{t(`channel.${channel}`)}</span>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {TOPICS.map((topic) => {
              const { icon: Symbol } = TOPIC[topic];
              return (
                <tr key={topic}>
                  <th scope="row">
                    <span className={classes.topic}>
                      <Symbol size={16} aria-hidden />
                      <span>
                        {t(`topic.${topic}`)}
                        <span className={classes.meta}>{t(`topicText.${topic}`)}</span>
                      </span>
                    </span>
                  </th>
                  {CHANNELS.map((channel) => (
                    <td key={channel}>
                      <Checkbox
                        aria-label={`${t(`topic.${topic}`)}: ${t(`channel.${channel}`)}`}
                        checked={available.has(channel) && (channels[topic] ?? []).includes(channel)}
                        disabled={!available.has(channel)}
                        onChange={(event) => choose(topic, channel, event.currentTarget.checked)}
                      />
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
        {CHANNELS.some((channel) => !available.has(channel)) && (
          <p className={classes.muted}>{t("choices.notSetUp")}</p>
        )}
        <div className={classes.fields}>
          {available.has("email") && (
            <div className={classes.field}>
              <TextInput
                type="email"
                label={t("choices.email")}
                description={t("choices.emailHint")}
                maxLength={254}
                autoComplete="email"
                value={email}
                onChange={(event) => setEmail(event.currentTarget.value)}
              />
              <TestButton channel="email" />
            </div>
          )}
          {available.has("webhook") && (
            <div className={classes.field}>
              <TextInput
                type="tel"
                label={t("choices.phone")}
                description={t("choices.phoneHint")}
                maxLength={25}
                pattern="\+?[0-9][0-9 \-]{3,24}"
                autoComplete="tel"
                value={phone}
                onChange={(event) => setPhone(event.currentTarget.value)}
              />
              <TestButton channel="webhook" />
            </div>
          )}
        </div>
        <div className={classes.quiet}>
          <Switch
            label={t("choices.quiet")}
            description={t("choices.quietText")}
            checked={quiet !== null}
            onChange={(event) => setQuiet(event.currentTarget.checked ? USUAL_NIGHT : null)}
          />
          {quiet !== null && (
            <div className={classes.times}>
              {(["begin", "end"] as const).map((edge) => (
                <TextInput
                  key={edge}
                  type="time"
                  required
                  withAsterisk={false}
                  label={t(`choices.${edge}`)}
                  value={toMinutes(quiet[edge])}
                  onChange={(event) => setQuiet({ ...quiet, [edge]: event.currentTarget.value })}
                />
              ))}
            </div>
          )}
        </div>
        {save.isError && (
          <Note tone="signal" alert>
            {say(save.error)}
          </Note>
        )}
        <div className={classes.submit}>
          <Button type="submit" loading={save.isPending}>
            {t("save")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

import { Button, Group } from "@mantine/core";
import { IconStethoscope, IconUpload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useMe } from "../api/hooks";
import { useLanguage } from "../app/i18n";
import { institutionName } from "../ui/institution";
import { PageHead } from "../ui/PageHead";
import { ConsultSection } from "./ConsultSection";
import { asksOthers } from "./sections";
import { StudySection } from "./StudySection";
import classes from "./worklist.module.css";

/** Home: what waits for this user. A reader's list starts with the consults, an asker's too, then the studies. */
export function WorklistPage() {
  const { t } = useTranslation("worklist");
  const language = useLanguage();
  const me = useMe().data;
  if (!me) return null;
  return (
    <>
      <PageHead
        title={t("title")}
        lead={`${institutionName(me.institution, language)} · ${me.display_name}`}
        actions={
          asksOthers(me) && (
            <Group gap="xs">
              <Button variant="default" component={Link} to="/consults/new" leftSection={<IconStethoscope size={16} />}>
                {t("common:nav.newConsult")}
              </Button>
              <Button component={Link} to="/upload" leftSection={<IconUpload size={16} />}>
                {t("common:nav.upload")}
              </Button>
            </Group>
          )
        }
      />
      <div className={classes.stack}>
        <ConsultSection me={me} />
        <StudySection me={me} />
      </div>
    </>
  );
}

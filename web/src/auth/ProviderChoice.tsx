import { Button, Divider } from "@mantine/core";
import { IconBuildingHospital } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useGoToProvider, useOidcProviders } from "../api/providerHooks";
import { useLanguage } from "../app/i18n";
import { keepDestination } from "./destination";
import { SignInFault } from "./SignInFault";

/** A button for each hospital whose people sign in there; nothing where there is none. */
export function ProviderChoice({ destination }: { destination: string }) {
  const { t } = useTranslation("auth");
  const language = useLanguage();
  const providers = useOidcProviders().data ?? [];
  const go = useGoToProvider();
  if (providers.length === 0) return null;
  return (
    <>
      <Divider label={t("provider.or")} />
      {providers.map(({ id, name_en, name_zh }) => (
        <Button
          key={id}
          variant="default"
          size="md"
          leftSection={<IconBuildingHospital size={18} aria-hidden />}
          loading={go.isPending && go.variables === id}
          onClick={() => {
            keepDestination(destination);
            go.mutate(id);
          }}
        >
          {language === "en" ? name_en : name_zh}
        </Button>
      ))}
      <SignInFault error={go.error} />
    </>
  );
}

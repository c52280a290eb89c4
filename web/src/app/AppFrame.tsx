import { Menu, VisuallyHidden } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconArchive,
  IconBuildingHospital,
  IconCalendarClock,
  IconCalendarEvent,
  IconChartDots,
  IconDeviceDesktopCog,
  IconEyeCheck,
  IconKeyboard,
  IconLock,
  IconLogout,
  IconMap2,
  IconPlugConnectedX,
  IconReportMedical,
  IconShieldLock,
  IconStethoscope,
  IconUpload,
  IconUsersGroup,
} from "@tabler/icons-react";
import { useMemo, useRef, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, Outlet, useLocation, useMatches, useNavigate } from "react-router";

import { useEventsOpen } from "../api/events";
import { useLogout, useMe } from "../api/hooks";
import type { Me } from "../api/types";
import { Reminders } from "../calendar/Reminders";
import { OpenAccesses } from "../emergency/OpenAccesses";
import { FirstSteps } from "../firstSteps/FirstSteps";
import { FirstVisit } from "../firstSteps/FirstVisit";
import { Bell } from "../notifications/Bell";
import { institutionName } from "../ui/institution";
import { UploadIndicator } from "../upload/UploadIndicator";
import { hasNoPatients, homeOf, isClinician, keepsStudies } from "../worklist/sections";
import { BrandMark } from "./Brand";
import type { PageKind } from "./brightness";
import { BrightnessChoice } from "./BrightnessChoice";
import classes from "./frame.module.css";
import { useLanguage } from "./i18n";
import { useKeys } from "./keys";
import { KEYS } from "./keyTable";
import { LanguageSwitch } from "./LanguageSwitch";
import type { RouteHandle } from "./Root";
import { ShortcutsHelp } from "./ShortcutsHelp";

const NAVIGATION = [
  { to: "/", label: "nav.worklist", icon: IconReportMedical, who: "everybodyElse" },
  { to: "/upload", label: "nav.upload", icon: IconUpload, who: "clinician" },
  { to: "/consults/new", label: "nav.newConsult", icon: IconStethoscope, who: "clinician" },
  { to: "/calendar", label: "nav.calendar", icon: IconCalendarEvent, who: "clinician" },
  { to: "/schedule", label: "nav.schedule", icon: IconCalendarClock, who: "clinician" },
  { to: "/manage", label: "nav.manage", icon: IconArchive, who: "keeper" },
  { to: "/archives", label: "nav.archives", icon: IconBuildingHospital, who: "fetcher" },
  { to: "/models", label: "nav.models", icon: IconChartDots, who: "modelReader" },
  { to: "/institution", label: "nav.institution", icon: IconUsersGroup, who: "administrator" },
  { to: "/devices", label: "nav.devices", icon: IconDeviceDesktopCog, who: "administrator" },
  { to: "/privacy", label: "nav.privacy", icon: IconEyeCheck, who: "privacyOfficer" },
] as const;

interface UserMenuProps {
  me: Me;
  page: PageKind;
  button: RefObject<HTMLButtonElement | null>;
  onFirstSteps: () => void;
  onShortcuts: () => void;
}

function UserMenu({ me, page, button, onFirstSteps, onShortcuts }: UserMenuProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const logout = useLogout();
  const navigate = useNavigate();
  const place = institutionName(me.institution, language);
  return (
    <Menu position="bottom-end" width={220} withinPortal>
      <Menu.Target>
        <button ref={button} type="button" className={classes.tool}>
          <VisuallyHidden>{t("menu.user")}</VisuallyHidden>
          <span className={classes.avatar} aria-hidden>
            {me.display_name.slice(0, 1).toUpperCase()}
          </span>
          <span className={classes.account}>
            <span>{me.display_name}</span>
            <br />
            <span className={classes.accountPlace}>{place}</span>
          </span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me.display_name} · {me.roles.map((role) => t(`role.${role}`)).join(" · ")}
        </Menu.Label>
        <Menu.Item leftSection={<IconMap2 size={16} />} onClick={onFirstSteps}>
          {t("firstSteps:title")}
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={onShortcuts}>
          {t("menu.shortcuts")}
        </Menu.Item>
        <Menu.Item leftSection={<IconLock size={16} />} onClick={() => void navigate("/password")}>
          {t("menu.password")}
        </Menu.Item>
        <Menu.Item leftSection={<IconShieldLock size={16} />} onClick={() => void navigate("/security")}>
          {t("menu.security")}
        </Menu.Item>
        <Menu.Divider />
        <BrightnessChoice kind={page} />
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => logout.mutate()}>
          {t("menu.logout")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Header, navigation, footer; the page stands between them. */
export function AppFrame() {
  const { t } = useTranslation();
  const me = useMe();
  const eventsOpen = useEventsOpen();
  const [helpOpened, help] = useDisclosure(false);
  const [stepsOpened, steps] = useDisclosure(false);
  const account = useRef<HTMLButtonElement>(null);
  // Where what is opened from the menu gives the focus back: its item is gone by then.
  const toAccount = () => account.current?.focus();
  const { pathname } = useLocation();
  const reading = useMatches().some((match) => (match.handle as RouteHandle | undefined)?.reading === true);
  const is = {
    clinician: me.data ? isClinician(me.data) : false,
    administrator: me.data?.roles.includes("administrator") ?? false,
    privacyOfficer: me.data?.roles.includes("privacy-officer") ?? false,
    modelReader: me.data?.roles.some((role) => role === "administrator" || role === "radiologist") ?? false,
    fetcher: me.data ? isClinician(me.data) || me.data.roles.includes("administrator") : false,
    keeper: me.data ? keepsStudies(me.data) : false,
    everybodyElse: me.data ? !hasNoPatients(me.data) : true,
  };
  const offered = NAVIGATION.filter(({ who }) => is[who]);
  useKeys(useMemo(() => ({ [KEYS.anywhere.help]: help.open }), [help.open]));

  return (
    <div className={classes.frame} data-reading={reading || undefined}>
      <a className={classes.skip} href="#content">
        {t("skipToContent")}
      </a>
      <header className={classes.header}>
        <Link to="/" className={classes.brand} aria-label={t("product")}>
          <BrandMark />
          <span className={classes.brandName}>{t("product")}</span>
        </Link>
        <nav className={classes.nav} aria-label={t("nav.main")}>
          {offered.map(({ to, label, icon: Symbol }) => (
            <NavLink key={to} to={to} end={to === "/"} className={classes.link ?? ""}>
              <Symbol size={17} stroke={1.8} aria-hidden />
              {t(label)}
            </NavLink>
          ))}
        </nav>
        <div className={classes.tools}>
          <UploadIndicator />
          {!eventsOpen && (
            <span role="status" title={t("live.off")} className={classes.accountPlace}>
              <IconPlugConnectedX size={18} aria-label={t("live.off")} />
            </span>
          )}
          {me.data && <Bell />}
          <LanguageSwitch />
          {me.data && (
            <UserMenu
              me={me.data}
              page={reading ? "reading" : "office"}
              button={account}
              onFirstSteps={() => {
                toAccount();
                steps.open();
              }}
              onShortcuts={() => {
                toAccount();
                help.open();
              }}
            />
          )}
        </div>
      </header>
      <main id="content" className={classes.main}>
        <Reminders />
        <OpenAccesses />
        {me.data && pathname === homeOf(me.data) && <FirstVisit me={me.data} onLeave={toAccount} />}
        <Outlet />
      </main>
      <footer className={classes.footer}>{t(reading ? "notDeviceShort" : "notDevice")}</footer>
      {stepsOpened && me.data && <FirstSteps me={me.data} onClose={steps.close} />}
      <ShortcutsHelp opened={helpOpened} onClose={help.close} />
    </div>
  );
}

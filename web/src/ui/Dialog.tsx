import { Modal, type ModalProps } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

/**
 * A dialog that is there only while it is open. Who had the focus before has it again afterwards: Mantine gives it
 * back only where `opened` changes.
 */
export function Dialog(props: Omit<ModalProps, "opened" | "closeButtonProps">) {
  const { t } = useTranslation();
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return <Modal opened {...props} closeButtonProps={{ "aria-label": t("close") }} />;
}

/** What the page begins with: a study's first image is on its way, and drawn, while the page itself is still coming. */
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/global.css";
import "./app/forcedColours.css";

import { firstLanguage, wordsIn } from "./app/language";
import { imageAhead, STUDY_PAGE } from "./studies/pageAhead";
import { showAhead } from "./viewer/pictureAhead";
import { pictureAt } from "./viewer/pictures";

/** The page is put together for longer than that, and nothing is drawn meanwhile: a picture on its way goes first. */
const PATIENCE_MS = 1_000;

/** The scripts of a study's page; the build writes their names into index.html. */
function fetchScripts(): void {
  const scripts = document.querySelector<HTMLMetaElement>("meta[name=study-page]")?.content ?? "";
  for (const href of scripts.split(" ").filter(Boolean)) {
    document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", crossOrigin: "", href }));
  }
}

/** What fails here fails again, with its words, in the page. */
async function showStudy(uid: string): Promise<void> {
  const image = await imageAhead(uid, new URLSearchParams(window.location.search)).catch(() => null);
  const coming = image === null ? null : pictureAt(image);
  // After the image: there are few connections.
  fetchScripts();
  const picture = await coming;
  if (picture !== null) showAhead(picture);
}

const parsed = new Promise<void>((resolve) => {
  // This script waits for nothing: the page's body may be still coming.
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => resolve(), { once: true });
  else resolve();
});
const study = STUDY_PAGE.exec(window.location.pathname)?.[1];
const isShown = study === undefined ? null : Promise.race([showStudy(study), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
wordsIn(firstLanguage()).catch(() => undefined);
void Promise.all([parsed, isShown]).then(() => import("./main"));

/** The key image that somewhere on the page is asked for; the viewer that can show it does, and puts null back. */
import type { KeyImage } from "../api/types";
import { Store } from "../viewer/store";

export const wantedKeyImage = new Store<KeyImage | null>(null);

/** In the address of a study's page: the id of the key image to show. */
export const KEY_IMAGE_PARAM = "key-image";

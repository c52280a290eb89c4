/** What this browser remembers of files that it has hashed, so that a resumed upload need not read them again. */
import { openDB, type DBSchema, type IDBPDatabase } from "idb";

export interface Remembered {
  sha256: string;
  chunks: string[];
}

interface Memory extends DBSchema {
  digests: { key: string; value: Remembered };
  /** Folders that were dropped, to go on with after a reload; by upload. */
  folders: { key: string; value: { handles: FileSystemHandle[]; at_ms: number } };
}

const ENTRIES_MOST = 200_000;
let opening: Promise<IDBPDatabase<Memory> | null> | null = null;

/** Null where the browser keeps nothing: a private window, a full disk. Then everything is only slower. */
function database(): Promise<IDBPDatabase<Memory> | null> {
  opening ??= openDB<Memory>("teleconsult-uploads", 1, {
    upgrade(db) {
      db.createObjectStore("digests");
      db.createObjectStore("folders");
    },
  }).catch(() => null);
  return opening;
}

export async function recall(keys: readonly string[]): Promise<(Remembered | undefined)[]> {
  try {
    const db = await database();
    if (db === null) return [];
    const { store } = db.transaction("digests");
    return await Promise.all(keys.map((key) => store.get(key)));
  } catch {
    return [];
  }
}

export async function remember(entries: readonly { key: string; value: Remembered }[]): Promise<void> {
  try {
    const db = await database();
    if (db === null) return;
    if ((await db.count("digests")) > ENTRIES_MOST) await db.clear("digests");
    const { store, done } = db.transaction("digests", "readwrite");
    await Promise.all([...entries.map(({ key, value }) => store.put(value, key)), done]);
  } catch {
    // Not remembered: they are hashed again another time.
  }
}

export async function forget(keys: readonly string[]): Promise<void> {
  try {
    const db = await database();
    const transaction = db?.transaction("digests", "readwrite");
    await Promise.all([...keys.map((key) => transaction?.store.delete(key)), transaction?.done]);
  } catch {
    // It stays; it does no harm.
  }
}

const KEPT_MS = 7 * 24 * 3_600_000;

export async function rememberFolders(uploadId: string, handles: FileSystemHandle[], at_ms: number): Promise<void> {
  try {
    const db = await database();
    for (const key of (await db?.getAllKeys("folders")) ?? []) {
      const kept = await db?.get("folders", key);
      if (kept !== undefined && at_ms - kept.at_ms > KEPT_MS) await db?.delete("folders", key);
    }
    await db?.put("folders", { handles, at_ms }, uploadId);
  } catch {
    // The folder must be dropped again after a reload.
  }
}

export async function foldersOf(uploadId: string): Promise<FileSystemHandle[]> {
  try {
    return (await (await database())?.get("folders", uploadId))?.handles ?? [];
  } catch {
    return [];
  }
}

export async function forgetFolders(uploadId: string): Promise<void> {
  try {
    await (await database())?.delete("folders", uploadId);
  } catch {
    // It stays; it does no harm.
  }
}

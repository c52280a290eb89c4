/** Files of a drop or a picker, folders walked, each with its path as the user knows it. */

export interface DroppedFile {
  path: string;
  file: File;
}

/** Stops an accidental drop of a whole disk; the server's own limit is the same. */
export const FILES_MOST = 20_000;

function entryFile(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** All entries of a folder: `readEntries` gives at most 100 at a time until it gives none. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

async function walk(entry: FileSystemEntry, found: DroppedFile[]): Promise<void> {
  if (found.length >= FILES_MOST) return;
  if (entry.isFile) {
    const file = await entryFile(entry as FileSystemFileEntry);
    found.push({ path: entry.fullPath.replace(/^\//, ""), file });
  } else if (entry.isDirectory) {
    const children = await entriesOf(entry as FileSystemDirectoryEntry);
    // All files of a folder at once, its folders one by one: each question goes to the browser's own process.
    await Promise.all(children.filter((child) => child.isFile).map((child) => walk(child, found)));
    for (const child of children) if (child.isDirectory) await walk(child, found);
  }
}

/** What was dropped. The items must be turned into entries before the first await, or the browser forgets them. */
export async function droppedFiles(transfer: DataTransfer): Promise<DroppedFile[]> {
  const entries = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  if (entries.length === 0) return pickedFiles(transfer.files);
  const found: DroppedFile[] = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

interface HandleItem {
  getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
}

/** Handles of what was dropped, which outlive the page; none where the browser has no such thing. */
export async function droppedHandles(transfer: DataTransfer): Promise<FileSystemHandle[]> {
  const asked = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => (item as HandleItem).getAsFileSystemHandle?.().catch(() => null) ?? Promise.resolve(null));
  return (await Promise.all(asked)).filter((handle) => handle !== null);
}

/** The files of kept handles, under the paths that a drop gave them. The user must have allowed it. */
export async function filesOfHandles(handles: readonly FileSystemHandle[], folder = ""): Promise<DroppedFile[]> {
  const found: DroppedFile[] = [];
  for (const handle of handles) {
    const path = folder === "" ? handle.name : `${folder}/${handle.name}`;
    if (handle.kind === "file") found.push({ path, file: await (handle as FileSystemFileHandle).getFile() });
    else {
      const children: FileSystemHandle[] = [];
      for await (const child of (handle as FileSystemDirectoryHandle).values()) children.push(child);
      found.push(...(await filesOfHandles(children, path)));
    }
    if (found.length >= FILES_MOST) break;
  }
  return found;
}

/** What a file or folder picker gave. */
export function pickedFiles(files: FileList): DroppedFile[] {
  return [...files].slice(0, FILES_MOST).map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

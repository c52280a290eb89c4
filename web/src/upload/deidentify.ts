/** Takes a patient's identity out of a DICOM file before it leaves the browser. Pure: runs in a page and in a worker. */

export interface DeidentificationOptions {
  /** `shift`: all dates of a case by the same number of days. `remove`: no date stays. */
  dates: "shift" | "remove";
  /** Sex, age (90 and over as 90), height and weight stay. */
  keepPatientCharacteristics: boolean;
  /** Which machine made the images stays. */
  keepDeviceIdentity: boolean;
}

/** What was done, by attribute and action; never a value. */
export interface DeidentificationReport {
  changes: { tag: string; keyword: string; action: "removed" | "emptied" | "replaced" | "cleaned"; count: number }[];
}

export interface Deidentified {
  bytes: Uint8Array;
  report: DeidentificationReport;
}

/** The file cannot be made safe here; the message in both languages is for the sender. */
export class DeidentificationRefused extends Error {
  constructor(
    readonly code: string,
    readonly en: string,
    readonly zh: string,
  ) {
    super(code);
    this.name = "DeidentificationRefused";
  }
}

export const DEFAULT_OPTIONS: DeidentificationOptions = {
  dates: "shift",
  keepPatientCharacteristics: true,
  keepDeviceIdentity: false,
};

/** One key for one case: the same UIDs and the same days for all its files. Keep the 32 bytes to go on later. */
export function caseKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

/**
 * The file without the patient's identity.
 *
 * @param bytes a whole DICOM file; it is not changed.
 * @param knownIdentifiers further names and numbers of the case to search texts for.
 * @throws DeidentificationRefused where the file cannot be made safe here.
 */
export async function deidentify(
  bytes: Uint8Array,
  key: CryptoKey,
  options: DeidentificationOptions = DEFAULT_OPTIONS,
  knownIdentifiers: readonly string[] = [],
): Promise<Deidentified> {
  void [bytes, key, options, knownIdentifiers];
  return Promise.reject(
    new DeidentificationRefused(
      "deidentification-not-here",
      "This file cannot be made anonymous in the browser.",
      "无法在浏览器中对该文件去标识。",
    ),
  );
}

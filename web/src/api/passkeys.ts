/** The browser's passkeys (W3C Web Authentication), with bytes as base64url, as the server takes them. */
import type { NewPasskey, NewPasskeyQuestion, PasskeyAnswer, PasskeyQuestion } from "./types";

const TIMEOUT_MS = 120_000;

/** Whether this browser has passkeys at all: not on a page that came without TLS from another machine. */
export const hasPasskeys = () => "PublicKeyCredential" in window && window.isSecureContext;

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function textOf(bytes: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const listed = (ids: readonly string[]) => ids.map((id) => ({ type: "public-key" as const, id: bytesOf(id) }));

/** Rejects with a DOMException where the user calls it off. */
export async function answerWithPasskey(question: PasskeyQuestion): Promise<PasskeyAnswer> {
  const alone = question.credential_ids.length === 0;
  const credential = await navigator.credentials.get({
    publicKey: {
      challenge: bytesOf(question.challenge),
      rpId: question.rp_id,
      allowCredentials: listed(question.credential_ids),
      userVerification: alone ? "required" : "preferred",
      timeout: TIMEOUT_MS,
    },
  });
  const { rawId, response } = credential as PublicKeyCredential;
  const { clientDataJSON, authenticatorData, signature } = response as AuthenticatorAssertionResponse;
  return {
    credential_id: textOf(rawId),
    client_data: textOf(clientDataJSON),
    authenticator_data: textOf(authenticatorData),
    signature: textOf(signature),
  };
}

/** Rejects with a DOMException where the user calls it off, or the device has one already. */
export async function makePasskey(question: NewPasskeyQuestion, name: string): Promise<NewPasskey> {
  const credential = await navigator.credentials.create({
    publicKey: {
      challenge: bytesOf(question.challenge),
      rp: { id: question.rp_id, name: "Teleconsult" },
      user: {
        id: bytesOf(question.user_handle),
        name: question.username,
        displayName: question.display_name,
      },
      pubKeyCredParams: question.algorithms.map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: listed(question.known_credential_ids),
      authenticatorSelection: { residentKey: "preferred", userVerification: "preferred" },
      attestation: "none",
      timeout: TIMEOUT_MS,
    },
  });
  const response = (credential as PublicKeyCredential).response as AuthenticatorAttestationResponse;
  const publicKey = response.getPublicKey();
  if (publicKey === null) throw new DOMException("an algorithm that was not asked for", "NotSupportedError");
  return {
    name,
    client_data: textOf(response.clientDataJSON),
    authenticator_data: textOf(response.getAuthenticatorData()),
    public_key: textOf(publicKey),
  };
}

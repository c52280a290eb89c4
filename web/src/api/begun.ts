/** Questions to the server that the page begins with, before the scripts that ask them have come. */

const begun = new Map<string, Promise<Response>>();

/** Ask; what comes is here too, and fails here too: it is told where it is taken. */
export function begin(path: string): Promise<Response> {
  const answer = fetch(`/api${path}`);
  begun.set(path, answer);
  return answer.then((response) => response.clone());
}

/** The answer to what was asked already, once. */
export function taken(path: string): Promise<Response> | undefined {
  const answer = begun.get(path);
  begun.delete(path);
  return answer;
}

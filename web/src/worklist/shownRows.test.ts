import { describe, expect, it } from "vitest";

import { NOTHING_SHOWN, withFresh } from "./shownRows";

const rows = (...ids: string[]) => ids.map((id) => ({ id, says: "first" }));
const shown = withFresh(NOTHING_SHOWN, rows("b", "c", "d"), false);
const ids = (list: readonly { id: string }[]) => list.map((row) => row.id).join("");

describe("rows that are held still", () => {
  it("keep their places while new ones are counted", () => {
    const next = withFresh(shown, rows("a", "c", "x", "b", "d"), true);
    expect(ids(next.rows)).toBe("bcd");
    expect(next.waiting).toBe(2);
  });

  it("say what is true now", () => {
    const next = withFresh(shown, [{ id: "c", says: "second" }, ...rows("b", "d")], true);
    expect(next.rows[1]).toEqual({ id: "c", says: "second" });
  });

  it("are emptied, not moved, when one leaves the list", () => {
    const next = withFresh(shown, rows("b", "d"), true);
    expect(ids(next.rows)).toBe("bcd");
    expect([...next.gone]).toEqual(["c"]);
  });

  it("are followed by those of the next page", () => {
    const next = withFresh(shown, rows("b", "c", "d", "e", "f"), true);
    expect(ids(next.rows)).toBe("bcdef");
    expect(next.waiting).toBe(0);
  });

  it("make way for the list as it is once they are let go", () => {
    const held = withFresh(shown, rows("a", "b"), true);
    const next = withFresh(held, rows("a", "b"), false);
    expect(ids(next.rows)).toBe("ab");
    expect(next.waiting + next.gone.size).toBe(0);
  });
});

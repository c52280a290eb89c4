/** A few workers that answer tasks. They are started with the first task and live as long as the page. */
import type { Answers, Task } from "./source";
import type { Question, Reply } from "./worker";

export const WORKERS = Math.max(2, Math.min(4, navigator.hardwareConcurrency || 2));
/** So many tasks a worker has at most: one that it does, one whose bytes it fetches. */
const TASKS_EACH = 2;

/** The task cannot be done: the file is gone, damaged, or may not go. */
export class TaskFailed extends Error {
  constructor(
    message: string,
    readonly refusal: { code: string; en: string; zh: string } | null,
  ) {
    super(message);
    this.name = "TaskFailed";
  }
}

interface Waiting {
  task: Task;
  resolve: (answer: Answers[keyof Answers]) => void;
  reject: (error: Error) => void;
}

interface Hired {
  worker: Worker;
  tasks: Map<number, Waiting>;
}

const hired: Hired[] = [];
const waiting: Waiting[] = [];
let count = 0;

function hire(): Hired {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const one: Hired = { worker, tasks: new Map() };
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    const done = one.tasks.get(data.id);
    one.tasks.delete(data.id);
    if (data.ok) done?.resolve(data.answer);
    else done?.reject(new TaskFailed(data.message, data.refusal));
    handOut();
  };
  // Out of memory, or a script that could not be loaded: its tasks fail, another worker takes its place.
  worker.onerror = () => {
    hired.splice(hired.indexOf(one), 1);
    worker.terminate();
    for (const task of one.tasks.values()) task.reject(new TaskFailed("the worker ended", null));
    handOut();
  };
  hired.push(one);
  return one;
}

function handOut(): void {
  while (waiting.length > 0) {
    const idlest = [...hired].sort((a, b) => a.tasks.size - b.tasks.size)[0];
    const one = (idlest === undefined || idlest.tasks.size > 0) && hired.length < WORKERS ? hire() : idlest;
    if (one === undefined || one.tasks.size >= TASKS_EACH) return;
    const next = waiting.shift();
    if (next === undefined) return;
    count += 1;
    one.tasks.set(count, next);
    one.worker.postMessage({ id: count, task: next.task } satisfies Question);
  }
}

export function ask<K extends Task["task"]>(task: Extract<Task, { task: K }>): Promise<Answers[K]> {
  return new Promise((resolve, reject) => {
    waiting.push({ task, resolve: resolve as Waiting["resolve"], reject });
    handOut();
  });
}

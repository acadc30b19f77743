// What the engine's scripts hand each other, and what they find in a worker.

/** The site's address, in a worker; engine.js puts it there. */
declare const siteRoot: string;
/** What the page knows of its site, in a worker. */
declare const siteFacts: SiteFacts | null;

/** The SHA-256 of the files that decide an answer, by address; and the classes of which every network of the site tells. */
interface SiteFacts {
  readonly files: Readonly<Record<string, string>>;
  readonly classes: readonly LesionClass[];
}

/** `secondsLeft` is null while the speed says little; `isWaiting`: the connection is lost, and will be tried again. */
interface LoadProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
  readonly secondsLeft: number | null;
  readonly isWaiting: boolean;
}

/** Something a visitor may like to know, with nothing to do about it; the page has the words. */
interface Notice {
  readonly code: "not-kept" | "backend-failed" | "worker-failed";
  readonly values: Readonly<Record<string, string>>;
}

type EngineAction = "prepare" | "load" | "classify" | "explain";

/** A network's files, by path; and what this device was found to compute it fastest with, if that was measured before. */
interface Brought {
  readonly card: Card;
  readonly files: Map<string, ArrayBuffer>;
  readonly fastest: string | undefined;
  noteFastest(name: string): void;
}

interface EngineEvent {
  readonly progress?: LoadProgress;
  readonly notice?: Notice;
}

/** What is left of an error that comes out of a worker. */
interface ProblemFacts {
  readonly message: string;
  readonly code?: string | null;
  readonly values?: Record<string, string | number>;
}

/** Where a network runs: a worker, or the page. */
interface Host {
  readonly backendName: string;
  ask(action: EngineAction, values: unknown[], hear: (event: EngineEvent) => void, transferred?: ArrayBuffer[]): Promise<any>;
  end(): void;
}

// What a service worker finds, of which the type checker's library for pages knows nothing.
declare const registration: ServiceWorkerRegistration;
declare const clients: Clients;
declare const workbox: { precaching: typeof import("workbox-precaching") };
declare var trustedTypes: { createPolicy<Rules>(name: string, rules: Rules): Rules } | undefined; // not in every browser
declare function importScripts(...addresses: string[]): void;
declare function skipWaiting(): Promise<void>;
declare class WindowClient {
  readonly url: string;
}
declare class Clients {
  matchAll(options: { includeUncontrolled: boolean; type: "window" }): Promise<readonly WindowClient[]>;
}
interface Window {
  readonly __WB_MANIFEST: { url: string; revision: string; integrity: string }[];
}
interface WindowEventMap {
  message: MessageEvent & { waitUntil(work: Promise<unknown>): void };
}

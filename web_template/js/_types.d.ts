// What the scripts of this folder find in the page: TensorFlow.js, loaded before them from vendor/.
declare const tf: typeof import("@tensorflow/tfjs-core") &
  typeof import("@tensorflow/tfjs-layers") & {
    wasm: typeof import("@tensorflow/tfjs-backend-wasm");
  };

// Newer than the type checker's library (Chromium 140, Firefox 133, Safari 18.2).
interface Uint8ArrayConstructor {
  fromBase64?(text: string): Uint8Array<ArrayBuffer>;
}

/** A part of a photo, in pixels of the upright photo; edges may be fractions. */
interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A decoded photo: upright, sRGB. `read` gives whole pixels as RGBA on white; `close` gives the memory back. */
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly source: ImageBitmap;
  read(x: number, y: number, width: number, height: number): Uint8ClampedArray;
  close(): void;
}

interface SizePx {
  readonly width_px: number;
  readonly height_px: number;
}

/** What the page knows about a network: `card.json`, written by the build. */
interface Card {
  readonly name: string;
  /** What the network sees; its shape is that of any frame. */
  readonly input: SizePx;
  /** Of every network alike, so that each can be asked about the same frame: what is smaller than an input is enlarged. */
  readonly photo_limits: { readonly max_megapixels: number; readonly smallest_frame: SizePx };
  readonly classes: readonly LesionClass[];
  readonly files: readonly CardFile[];
  readonly bytes: number;
  /** Changes with any of the network's files. */
  readonly version: string;
  readonly self_test: SelfTest;
}

/** What the page knows of a network before it is here, and how well it did on the test photos; null: not measured. */
interface KnownNetwork {
  readonly name: string;
  readonly address: string;
  readonly bytes: number;
  readonly right_of_100: number | null;
  readonly melanomas_of_100: number | null;
}

/** A file of a network, and what its content must be. */
interface CardFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface LesionClass {
  readonly index: number;
  readonly code: string;
  readonly name: string;
  readonly plain: string;
  readonly group: string;
}

/** Photos (RGB bytes in base64) and what Keras answers to them: a backend is trusted if it answers the same. */
interface SelfTest {
  readonly tolerance: number;
  readonly scope_tolerance: number;
  readonly vectors: readonly { readonly pixels: string; readonly probabilities: readonly number[]; readonly scope: number }[];
}

/** A loaded network. Both take RGB bytes, row by row. */
interface LoadedNetwork {
  readonly card: Card;
  readonly backendName: string;
  classify(pixels: Uint8Array): Promise<Classification>;
  explain(pixels: Uint8Array, classIndex: number): Promise<HeatMap>;
  dispose(): void;
}

// What the page's parts hand each other; joins _types.d.ts.

/** How the visitor framed a photo: quarter turns clockwise, and the frame in the turned photo. */
interface Framed {
  readonly quarters: number;
  readonly frame: Frame;
}

/** A photo with its answer: all that a page, a table's row, an export and the history tell of it. */
interface AnsweredPhoto extends Framed {
  readonly name: string;
  /** One per class, by its index, 0-1. */
  readonly probabilities: readonly number[];
  /** How unlike a photo of a lesion it is, by the measure of the card's `judgement.scope`. */
  readonly scope: number;
  /** The code of the class with the highest probability. */
  readonly likeliest: string;
  readonly judgement: JudgementOfPhoto;
  /** Which network said so. */
  readonly network: { readonly name: string; readonly version: string };
  /** When, as ISO 8601. */
  readonly answeredAt: string;
}

/** An answer, with the card of the network that gave it. */
interface CardedAnswer {
  readonly answered: AnsweredPhoto;
  readonly card: Card;
}

/** An answer that is kept, with a small picture of what was in the frame. */
interface KeptAnswer {
  readonly answered: AnsweredPhoto;
  readonly cutout: Blob;
}

/** How much each place spoke for a class, 0-1, row by row. */
interface HeatMap {
  readonly width: number;
  readonly height: number;
  readonly values: ArrayLike<number>;
}

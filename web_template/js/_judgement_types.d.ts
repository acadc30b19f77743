// What a photo's judgement is made of; joins _types.d.ts.
interface Card {
  readonly judgement: JudgementLimits;
  /** The layers that the heat map is made of, and where the cells of `features` lie in the network's input. */
  readonly explanation: {
    readonly features: string;
    readonly logits: string;
    readonly top_px: number;
    readonly left_px: number;
    readonly step_px: number;
  };
}

interface LesionClass {
  readonly is_malignant: boolean;
}

/** The card's `judgement`, fitted by the build on photos that were neither trained on nor tested with. */
interface JudgementLimits {
  /** Where the malignant classes' sum counts as suspicious; what that finds and spares, 0-1, measured on the test part. */
  readonly operating_point: { readonly threshold: number; readonly sensitivity: number | null; readonly specificity: number | null };
  /** From the surest level down, the last from 0: `from` is the highest probability's lower end. */
  readonly sureness: readonly SurenessLevel[];
  readonly scope: ScopeLimits;
  readonly quality: QualityLimits;
}

interface SurenessLevel {
  readonly level: "sure" | "fairly-sure" | "not-sure";
  readonly from: number;
  readonly right_of_100: number | null;
}

/** How unlike the training photos a photo may be, and all that `Scope` needs to measure it. Texts: 32-bit numbers, base64. */
interface ScopeLimits {
  readonly threshold: number;
  readonly layers: readonly string[];
  readonly cell_px: readonly number[];
  readonly reach: number;
  readonly level: number;
  readonly mean: string;
  readonly scale: string;
  readonly root: string;
  readonly structure: { readonly mean: number; readonly scale: number };
  readonly distance_limit: number;
  readonly emptiness_limit: number;
}

/** A layer's output averaged over cells: rows, columns, channels last. */
interface Cells {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

interface QualityLimits {
  readonly lowest_sharpness: number;
  readonly lowest_brightness: number;
  readonly highest_brightness: number;
  readonly highest_white_share: number;
  readonly lowest_across_px: number;
}

/** As `Quality.measure` gives them. sharpness: no unit; brightness: 0-255; white_share: 0-1. */
interface QualityMeasures {
  readonly sharpness: number;
  readonly brightness: number;
  readonly white_share: number;
  readonly across_px: number;
}

/** blurred: "hold still"; dark: "more light"; bright, glare: "less light"; small: "closer". */
type QualityCode = "blurred" | "dark" | "bright" | "glare" | "small";

/** What `Judgement.of` gives. rightOf100: of 100 test photos with such an answer, how many were named right. */
interface JudgementOfPhoto {
  readonly verdict: "answer" | "not-sure" | "not-a-lesion";
  readonly sureness: SurenessLevel["level"];
  readonly rightOf100: number | null;
  readonly malignant: {
    readonly probability: number;
    /** Of the network that was asked: a kept answer may be that of an older one. */
    readonly threshold: number;
    readonly isAbove: boolean;
    readonly sensitivity: number | null;
    readonly specificity: number | null;
  };
  readonly quality: readonly QualityCode[];
}

/** What `classify` gives. scope: how unlike a lesion photo it is, above the card's threshold it is none. */
interface Classification {
  readonly probabilities: Float32Array;
  readonly scope: number;
}

/** What the network looked at for one class, 0-1, row by row over the network's input. */
interface HeatMap {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

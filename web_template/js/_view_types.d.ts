// What the view and the engine hand each other; joins _types.d.ts.
interface LesionClass {
  readonly is_malignant: boolean;
}

/** How likely one class is for the photo at hand, 0-1. */
interface Answer {
  readonly lesionClass: LesionClass;
  readonly probability: number;
}

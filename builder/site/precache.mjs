// Lists the files that the service worker keeps: `node precache.mjs SITE`, as JSON on standard output.
// Not the weights, which store.js keeps; not the twins, which only a page opened from disk loads.
import { createRequire } from "node:module";

const { getManifest } = createRequire(import.meta.url)("workbox-build");

const { manifestEntries, warnings } = await getManifest({
  globDirectory: process.argv[2],
  globPatterns: ["**/*.{html,css,js,json,wasm,svg,png,webp,webmanifest}"],
  globIgnores: [
    "**/*.@(bin|json|wasm).js", // twins
    "model/*/!(card.json)",
    "vendor/workbox-*", // a browser keeps what a service worker imports with the service worker
    "sw.js",
    "404.html", // the host shows it where there is nothing
  ],
  maximumFileSizeToCacheInBytes: 4_000_000, // the largest is a part of TensorFlow.js
});
if (warnings.length > 0) throw new Error(warnings.join("\n"));
console.log(JSON.stringify(manifestEntries));

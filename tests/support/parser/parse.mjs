// Reads an object of workflows by name from its input, and prints one of what GitHub's own parser has against each.
import { readFileSync } from "node:fs";
import { register } from "node:module";

register("./json.mjs", import.meta.url);
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser");

const found = {};
for (const [name, content] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  // Steps and jobs are looked at here: whether one needs another that is not there.
  if (value) await convertWorkflowTemplate(context, value);
  found[name] = context.errors.getErrors().map((error) => error.message);
}
console.log(JSON.stringify(found));

// Reads workflows by name as a JSON object from stdin, and prints the errors of GitHub's own parser for each, by name.
import { readFileSync } from "node:fs";
import { register } from "node:module";

register("./json.mjs", import.meta.url);
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser");

const found = {};
for (const [name, content] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  // This checks steps and jobs, for example whether a job needs one that does not exist.
  if (value) await convertWorkflowTemplate(context, value);
  found[name] = context.errors.getErrors().map((error) => error.message);
}
console.log(JSON.stringify(found));

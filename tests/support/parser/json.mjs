// Adds `type: "json"` to every import of a .json file: Node requires it (ERR_IMPORT_ATTRIBUTE_MISSING), and the parser omits it.
export const load = (url, context, next) =>
  next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context);

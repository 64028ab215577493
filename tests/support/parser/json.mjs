// Says of each .json that it is JSON, which Node wants to read at every import (ERR_IMPORT_ATTRIBUTE_MISSING) and the parser does not write.
export const load = (url, context, next) =>
  next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context);

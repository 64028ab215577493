"""All output of the process: log, annotations, runner files, reports and summaries."""

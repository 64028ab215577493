"""Everything that leaves the process: log, annotations, runner files, reports and summaries."""

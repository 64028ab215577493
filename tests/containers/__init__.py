"""Images and jobs in a real container engine, if the environment names one."""

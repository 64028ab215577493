"""Images and jobs in a real container engine, where the environment names one."""

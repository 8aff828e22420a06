"""The built-in server: reads only the output directory, runs as a child process."""

"""What the operating system gives and takes: files written whole, reading with a limit, the free memory."""

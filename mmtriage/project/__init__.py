"""What `mmtriage init` puts into a project: an entry of its configuration, and a workflow."""

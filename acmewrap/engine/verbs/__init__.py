"""What can be asked of a job beside performing a plan, a module for each; :class:`acmewrap.Job` is all of them."""

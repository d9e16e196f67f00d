"""What each key of the file means, a module per section, and how they have to agree with each other."""

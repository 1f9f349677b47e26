"""What a person looks at: HTML reports, result tables, a run's log, and pictures of regions."""

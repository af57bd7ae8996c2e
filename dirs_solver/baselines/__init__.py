"""Other people's algorithms as learners, each thin over the library that keeps it well."""

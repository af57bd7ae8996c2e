"""What several learners need: files, progress, random numbers, tuned settings, the best actor."""
